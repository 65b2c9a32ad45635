"""Which rows a training set holds, where a request stands in the history and among the answers as well."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from headrace.clickhouse.client import ClickHouse, ClickHouseAddress, statements
from headrace.clickhouse.ddl import model_script, shared_script
from headrace.modelfolder import ModelFolder
from trainer.core.query import query
from trainer.dataset import ClickHouseRows

HISTORY = ("alone", "answered", "answered_and_labelled", "labelled", "answered_elsewhere", "labelled_later")
ANSWERED = {
    "answered": "2026-01-05",
    "answered_and_labelled": "2026-01-05",
    "answered_elsewhere": "2026-03-05",
    "labelled_later": "2026-01-05",
    "only_answered": "2026-01-06",
}
LABELLED = {
    "answered_and_labelled": "2026-01-06",
    "labelled": "2026-01-06",
    "answered_elsewhere": "2026-01-06",
    "labelled_later": "2026-02-20",
    "only_answered": "2026-01-07",
}


def test_a_labelled_answer_takes_the_place_of_its_history_and_nothing_else_does(
    tmp_path: Path, clickhouse: tuple[str, int]
) -> None:
    """History has the label 0 and the size 1, answers the size 2 and the label 1."""
    model = f"r{uuid4().hex[:10]}"
    (tmp_path / "model.toml").write_text(f'name = "{model}"\n')
    (tmp_path / "features.avsc").write_text(
        '{"type": "record", "name": "F", "fields": [{"name": "size", "type": "double"}]}'
    )
    folder, address = ModelFolder.read(tmp_path), ClickHouseAddress(host=clickhouse[0], port=clickhouse[1])
    engine = ClickHouse(address)
    for statement in statements(shared_script()) + statements(model_script(model, folder.features)):
        engine.run(statement, doing="creating")
    rows = ", ".join(f"('{n}', '2026-01-05', 0, '2026-01-06', '2026-01-07', {i}, 1)" for i, n in enumerate(HISTORY))
    names = "request_id, event_time, label, label_time, imported_at, content, size"
    engine.run(f"INSERT INTO {model}_history ({names}) VALUES {rows}", doing="history")
    rows = ", ".join(
        f"('{name}', '{at}', '{at}', 'v1', 'champion', 'r', 0.5, 0, {number}, 2)"
        for number, (name, at) in enumerate(ANSWERED.items())
    )
    names = "request_id, event_time, scored_at, version, variant, release, score, source_partition, source_offset, size"
    engine.run(f"INSERT INTO {model}_predictions ({names}) VALUES {rows}", doing="answers")
    rows = ", ".join(
        f"('{name}', 1, '{at}', '{at}', '', '', 't', 0, {n})" for n, (name, at) in enumerate(LABELLED.items())
    )
    engine.run(f"INSERT INTO {model}_labels VALUES {rows}", doing="labels")
    engine.close()

    asked = query(since="2026-01-01", until="2026-02-01", evaluate_until="2026-03-01", evaluation_days=28)
    found = ClickHouseRows(address).read(folder, asked, datetime(2026, 4, 1, tzinfo=UTC)).training
    told = {row["request_id"]: (row["size"], row["label"]) for row in found.to_pylist()}
    served = dict.fromkeys(("answered_and_labelled", "only_answered"), (2.0, True))
    assert told == dict.fromkeys(HISTORY, (1.0, False)) | served
    assert found.num_rows == len(told)
