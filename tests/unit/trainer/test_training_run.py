"""A whole run: folder in, bundle out."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from small_model import ROWS, TRAIN, FolderRegistry, Notes

from examples.flights import departures as flights
from headrace import bundle
from headrace.bundle.errors import UntrustedModel
from headrace.modelfolder import ModelFolder
from tests.fakes.rows import HistoryRows
from trainer import app
from trainer.core.query import Query, query
from trainer.errors import TrainingError, TrainPyError

Write = Callable[..., ModelFolder]
FLIGHTS = Path(flights.__file__).parent
# 400 hourly events from 2024-01-01 on, each label three hours later.
ASKED = query(since=None, until="2024-01-11", evaluate_until="2024-01-15", evaluation_days=28)


AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def run(folder: ModelFolder, asked: Query = ASKED) -> app.Run:
    return app.Run(folder=folder, asked=asked, as_of=AS_OF)


def test_a_run_writes_a_bundle_that_holds_and_says_what_it_is(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    trained = app.train(run(write_folder()), rows=HistoryRows(), registry=registry, progress=notes)
    assert (trained.registered.version, notes.notes) == ("v1", [])
    loaded = bundle.load(registry.root / "v1", trained.registered.digest)
    facts = loaded.manifest.training
    assert facts["query"] == {
        "since": None,
        "until": "2024-01-11T00:00:00Z",
        "evaluate_until": "2024-01-15T00:00:00Z",
        "as_of": "2026-01-01T00:00:00Z",
    }
    assert (facts["rows"], facts["evaluation_rows"]) == (240 - 2, 96)
    assert len(facts["data_fingerprint"]) == 64
    assert loaded.manifest.metrics == trained.draft.metrics
    assert loaded.manifest.positive == 1
    assert loaded.golden.rows == 64
    assert "| auc |" in (registry.root / "v1" / "card.md").read_text()


def test_a_label_that_lands_after_until_changes_nothing(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    honest = app.train(run(write_folder()), rows=HistoryRows(), registry=registry, progress=notes)
    # The labels of the last two hours before `until` are turned round, and a colour appears that only they have.
    planted = ROWS.replace('"label": [bool(v) for v in size + random.normal(size=n) > 0]', '"label": FLIPPED').replace(
        '("red", "blue")[i % 2] for', '"green" if i in (238, 239) else ("red", "blue")[i % 2] for'
    )
    flipped = "[bool(v) != (i in (238, 239)) for i, v in enumerate(size + random.normal(size=n) > 0)]"
    folder = write_folder(name="planted", rows=planted.replace("FLIPPED", flipped))
    other = app.train(run(folder, ASKED), rows=HistoryRows(), registry=registry, progress=notes)
    assert other.draft.training["data_fingerprint"] == honest.draft.training["data_fingerprint"]
    assert other.draft.encoder.vocabularies["colour"] == ("blue", "red")
    assert other.draft.metrics == honest.draft.metrics
    digests = [bundle.Manifest.read(registry.root / v).files["golden.arrow"].sha256 for v in ("v1", "v2")]
    assert digests[0] == digests[1]


def test_the_same_rows_make_the_same_model_in_whatever_order_they_come(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    shuffled = TRAIN.replace(
        "from rows import history",
        "import rows\ndef history():\n    t = rows.history()\n    return t.take(list(reversed(range(t.num_rows))))",
    )
    for name, train in (("one", TRAIN), ("two", shuffled)):
        app.train(
            run(write_folder(name=name, train=train), ASKED), rows=HistoryRows(), registry=registry, progress=notes
        )
    one, two = (bundle.Manifest.read(registry.root / version) for version in ("v1", "v2"))
    assert one.training["data_fingerprint"] == two.training["data_fingerprint"]
    assert one.files["golden.arrow"] == two.files["golden.arrow"]


def test_a_random_state_left_open_is_the_seed_of_the_folder(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    forest = (
        "from rows import history\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.impute import SimpleImputer\nfrom sklearn.pipeline import make_pipeline\n"
        "def estimator(features):\n    return make_pipeline(SimpleImputer(), RandomForestClassifier(n_estimators=5))\n"
    )
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        folder = write_folder(name=name, train=forest, toml=f"[training]\nseed = {seed}\n")
        app.train(run(folder, ASKED), rows=HistoryRows(), registry=registry, progress=notes)
    one, same, other = (bundle.Manifest.read(registry.root / f"v{i}").files["golden.arrow"] for i in (1, 2, 3))
    assert one == same != other


def test_regression_is_measured_as_such(write_folder: Write, registry: FolderRegistry, notes: Notes) -> None:
    train = TRAIN.replace("LogisticRegression", "Ridge")
    rows = ROWS.replace("[bool(v) for v in size + random.normal(size=n) > 0]", "2 * size + 1")
    folder = write_folder(train=train, rows=rows, toml='task = "regression"\n')
    trained = app.train(run(folder, ASKED), rows=HistoryRows(), registry=registry, progress=notes)
    assert set(trained.draft.metrics) == {"rows", "mae", "rmse", "bias", "intervals"}
    assert trained.draft.metrics["mae"] < 0.1
    assert trained.draft.training["positives"] is None


def test_without_later_labels_there_is_a_note_and_no_metrics(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    asked = query(since=None, until="2025-01-01", evaluate_until=None, evaluation_days=28)
    trained = app.train(run(write_folder(), asked), rows=HistoryRows(), registry=registry, progress=notes)
    assert trained.draft.metrics["auc"] is None
    assert len(notes.notes) == 1
    assert "not evaluated" in notes.notes[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("2020-01-01", "no labelled row is left to train on"),
        ("2024-01-01T03:00", "training rows have the label"),
    ],
)
def test_rows_that_cannot_teach_are_refused(
    write_folder: Write, registry: FolderRegistry, notes: Notes, asked: str, said: str
) -> None:
    early = query(since=None, until=asked, evaluate_until=None, evaluation_days=28)
    with pytest.raises(TrainingError, match=said):
        app.train(run(write_folder(), early), rows=HistoryRows(), registry=registry, progress=notes)
    assert list(registry.root.iterdir()) == []


def test_an_estimator_that_fails_to_fit_is_named_by_its_line(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    train = (
        "from rows import history\nclass Mine:\n    def fit(self, x, y):\n        raise ValueError('not today')\n"
        "    predict_proba = fit\ndef estimator(features):\n    return Mine()\n"
    )
    with pytest.raises(TrainPyError, match=r"train\.py, line 4: ValueError: not today"):
        app.train(run(write_folder(train=train), ASKED), rows=HistoryRows(), registry=registry, progress=notes)


def test_an_estimator_of_foreign_code_is_refused_before_it_is_registered(
    write_folder: Write, registry: FolderRegistry, notes: Notes
) -> None:
    train = TRAIN + "\nclass Mine(LogisticRegression):\n    pass\n\nLogisticRegression = Mine\n"
    with pytest.raises(UntrustedModel, match="Mine"):
        app.train(run(write_folder(train=train), ASKED), rows=HistoryRows(), registry=registry, progress=notes)
    assert list(registry.root.iterdir()) == []


def test_what_fitting_warns_of_is_told(write_folder: Write, registry: FolderRegistry, notes: Notes) -> None:
    train = TRAIN.replace("LogisticRegression()", "LogisticRegression(max_iter=1)")
    trained = app.train(run(write_folder(train=train), ASKED), rows=HistoryRows(), registry=registry, progress=notes)
    assert "ConvergenceWarning" in notes.notes[0]
    assert len(trained.draft.training["warnings"]) == 1


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> tuple[FolderRegistry, app.Trained]:
    registry = FolderRegistry(tmp_path_factory.mktemp("flights"))
    asked = query(since=None, until="2013-02-01", evaluate_until=None, evaluation_days=28)
    return registry, app.train(
        run(ModelFolder.read(FLIGHTS), asked), rows=HistoryRows(), registry=registry, progress=Notes()
    )


def test_january_of_the_flights_is_counted_to_the_row(january: tuple[FolderRegistry, app.Trained]) -> None:
    facts = january[1].draft.training
    source = flights.departures()
    times, landed = (source[name].cast("int64").fill_null(2**62).to_numpy() for name in ("event_time", "label_time"))
    late = source["label"].fill_null(False).to_numpy()
    february, march = (np.datetime64(day, "ms").astype(np.int64) for day in ("2013-02-01", "2013-03-01"))
    learnable = (times < february) & (landed <= february)
    followed = (times >= february) & (times < march) & (landed < 2**62)
    assert (facts["rows"], facts["positives"]) == (learnable.sum(), (learnable & late).sum()) == (26053, 5775)
    assert facts["evaluation_rows"] == followed.sum() == 23631
    assert facts["evaluation_positives"] == (followed & late).sum() == 5527


def test_the_metrics_of_the_flights_equal_a_recomputation_from_the_bundle(
    january: tuple[FolderRegistry, app.Trained],
) -> None:
    registry, trained = january
    loaded = bundle.load(registry.root / "v1", trained.registered.digest)
    asked = trained.draft.training["query"]
    rows = flights.departures()
    ends = (asked["until"], asked["evaluate_until"])
    first, last = (pa.scalar(datetime.fromisoformat(end), flights.INSTANT) for end in ends)
    inside = pc.and_(pc.greater_equal(rows["event_time"], first), pc.less(rows["event_time"], last))
    rows = rows.filter(pc.and_(inside, pc.is_valid(rows["label"])))
    scores = loaded.predictor.scores({n: rows[n].combine_chunks() for n in loaded.features.names}, rows.num_rows)
    labels = rows["label"].to_pylist()
    losses = [-math.log(s if late else 1 - s) for s, late in zip(scores.tolist(), labels, strict=True)]
    assert trained.draft.metrics["log_loss"] == pytest.approx(math.fsum(losses) / len(losses), rel=1e-12)
    # Mann and Whitney: the mean rank of the positives, ties sharing theirs.
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    yes = np.array(labels)
    auc = (ranks[yes].sum() - yes.sum() * (yes.sum() + 1) / 2) / (yes.sum() * (~yes).sum())
    assert trained.draft.metrics["auc"] == pytest.approx(auc, rel=1e-12)
    assert 0.88 < auc < 0.90
