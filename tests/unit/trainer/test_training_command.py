"""What `headrace train` prints."""

from trainer.command import text

FACTS = {
    "model": "toy",
    "version": "v2",
    "rows": 1200,
    "auc": 0.81234,
    "log_loss": None,
    "against": {"version": "v1", "difference": {"auc": [0.01, -0.002, 0.022], "brier": None}},
    "seconds": 1.5,
}


def test_a_person_reads_one_fact_a_line_and_how_the_champion_compares() -> None:
    lines = text(FACTS).splitlines()
    told = {line.rsplit("  ", 1)[0].strip(): line.rsplit("  ", 1)[1] for line in lines[:-1]}
    assert (told["rows"], told["auc"], told["log loss"]) == ("1,200", "0.8123", "-")
    assert told["auc against v1"] == "+0.0100 (-0.0020 to 0.0220)"
    assert lines[-1] == "proposed; `headrace release approve toy v2` releases it"


def test_without_a_champion_nothing_is_compared() -> None:
    assert "against" not in text(FACTS | {"against": None})
