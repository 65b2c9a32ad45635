"""How the model is built, and from what. Only the trainer reads this file."""

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from headrace.features import FeatureSet

INSTANT = pa.timestamp("ms", tz="UTC")
START = np.datetime64("2025-01-01", "ms")
DAYS = 120
ROWS = 20_000


def history() -> pa.Table:
    """request_id, event_time, entity, label, label_time and the features, one row a request that was.

    Invented here so that the folder works as it is; put your own table in its place.
    """
    rng = np.random.default_rng(0)
    asked = np.sort(rng.integers(0, DAYS * 86_400_000, ROWS))
    amount = np.round(rng.lognormal(3.0, 1.0, ROWS), 2)
    hour = (asked // 3_600_000 % 24).astype(np.int32)
    country = rng.choice(["AT", "DE", "FR", "IT"], ROWS)
    channel = rng.choice(["web", "shop", "phone"], ROWS)
    age = rng.integers(0, 2_000, ROWS).astype(np.int32)
    unknown = rng.random(ROWS) < 0.1
    odds = -3.0 + 0.01 * amount + 1.0 * (hour < 6) + 0.8 * (channel == "web") - 0.001 * age + 0.7 * unknown
    days_until_known = rng.integers(1, 15, ROWS)
    return pa.table(
        {
            "request_id": [f"example-{row}" for row in range(ROWS)],
            "event_time": _instants(asked),
            "entity": [f"account-{number}" for number in rng.integers(0, 2_000, ROWS)],
            "label": rng.random(ROWS) < 1 / (1 + np.exp(-odds)),
            "label_time": _instants(asked + days_until_known * 86_400_000),
            "amount": amount,
            "hour": hour,
            "country": country.tolist(),
            "channel": channel.tolist(),
            "account_days": pa.array(age, mask=unknown),
        }
    )


def estimator(features: FeatureSet) -> Pipeline:
    """An unfitted scikit-learn estimator for a matrix with the features in the order of features.avsc.

    Numbers come as they are, missing ones as NaN; strings and enums as codes, -1 where training did not see the value.
    """
    numbers = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    inputs = ColumnTransformer(
        [("numbers", numbers, list(features.numeric)), ("categories", categories, list(features.categorical))],
        # Always sparse: a dense product adds up in another order when the batch has another size, and the last bits
        # of a score would depend on its neighbours.
        sparse_threshold=1.0,
    )
    return make_pipeline(inputs, LogisticRegression(max_iter=500))


def _instants(milliseconds: np.ndarray) -> pa.Array:
    return pa.array(START + milliseconds.astype("timedelta64[ms]"), pa.timestamp("ms")).cast(INSTANT)
