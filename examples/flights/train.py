"""How the flights model is built, and from what. Only the trainer reads this file."""

import pyarrow as pa
from departures import departures
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from headrace.features import FeatureSet


def history() -> pa.Table:
    """request_id, event_time, entity, label, label_time and the features, one row a departure."""
    return departures()


def estimator(features: FeatureSet) -> Pipeline:
    """A logistic regression over scaled numbers and one column a category; missing numbers have a column too.

    A category that training did not see has the code -1: it matches no column, so it counts as none of them.
    """
    numbers = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    inputs = ColumnTransformer(
        [("numbers", numbers, list(features.numeric)), ("categories", categories, list(features.categorical))],
        # Always sparse: a dense product sums a row in another order when the batch has another size, so that the
        # last bits of a score would depend on its neighbours, and a score could not be shown again bit for bit.
        sparse_threshold=1.0,
    )
    return make_pipeline(inputs, LogisticRegression(max_iter=500))
