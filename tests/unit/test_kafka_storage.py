"""The data folder of the local Kafka: who holds it, and its cluster's id."""

import re
from pathlib import Path
from threading import Timer

import pytest

from deploy.local.kafka.errors import FolderInUse
from deploy.local.kafka.storage import DataFolder, new_cluster_id


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = DataFolder(root=tmp_path)
    with folder.locked(), pytest.raises(FolderInUse, match=f"another Kafka broker runs on {tmp_path}"), folder.locked():
        pass
    with folder.locked():
        pass


def test_a_holder_that_lets_go_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    """A killed broker dies a little after the process that it belongs to, which is started again at once."""
    folder = DataFolder(root=tmp_path)
    holder = folder.locked()
    holder.__enter__()
    timer = Timer(0.3, holder.__exit__, (None, None, None))
    timer.start()
    with folder.locked():
        pass
    timer.join()


def test_what_a_killed_broker_left_in_tmp_is_cleared(tmp_path: Path) -> None:
    folder = DataFolder(root=tmp_path)
    folder.prepare()
    (folder.tmp / "libzstd.so").write_bytes(b"left")
    (folder.logs / "kept").write_bytes(b"data")
    folder.prepare()
    assert list(folder.tmp.iterdir()) == []
    assert (folder.logs / "kept").read_bytes() == b"data"


def test_a_cluster_id_is_22_characters_without_a_leading_dash() -> None:
    ids = {new_cluster_id() for _ in range(2_000)}
    assert len(ids) == 2_000
    assert all(re.fullmatch(r"[\w][\w-]{21}", text) for text in ids)
