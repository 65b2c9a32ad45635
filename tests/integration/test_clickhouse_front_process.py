"""The local ClickHouse as a process: how it starts, refuses to start, and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from clickhouse_driver.errors import Error
from clickhouse_front import ROOT, ClickHouseFront, eventually, first_line, spawn

SLOW = "SELECT sum(sleepEachRow(0.02)) FROM numbers(100000) SETTINGS max_block_size = 1"
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(%'"  # and itself


def test_a_port_in_use_is_refused_with_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = spawn("--path", str(tmp_path), "--port", str(port))
        output, complaint = refused.communicate(timeout=30)
    assert refused.returncode == 2
    assert output == ""
    assert complaint == (
        f"port {port} on 127.0.0.1 is in use; stop what listens there or choose another with --clickhouse-port\n"
    )


def test_a_folder_in_use_is_refused_with_one_sentence_and_its_owner_goes_on(tmp_path):
    with ClickHouseFront(tmp_path) as front:
        refused = spawn("--path", str(tmp_path), "--port", "0")
        output, complaint = refused.communicate(timeout=30)
        assert refused.returncode == 2
        assert output == ""
        assert complaint.startswith(f"the folder {tmp_path} is in use by another ClickHouse engine; ")
        assert complaint.count("\n") == 1
        with front.client() as client:
            assert client.execute("SELECT 1") == [(1,)]


def test_a_folder_that_cannot_be_made_is_refused_with_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    refused = spawn("--path", str(tmp_path / "file"), "--port", "0")
    _, complaint = refused.communicate(timeout=30)
    assert refused.returncode == 2
    assert complaint.count("\n") == 1
    assert "cannot hold ClickHouse's data" in complaint


def test_a_folder_can_be_opened_again_at_once_after_a_stop(tmp_path):
    for _ in range(2):
        with ClickHouseFront(tmp_path) as front:
            assert front.stop() == 0


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_3_seconds_though_clients_and_queries_are_there(tmp_path, ending):
    with ClickHouseFront(tmp_path) as front, front.client() as idle, front.client() as busy, front.client() as reader:
        idle.execute("SELECT 1")
        next(reader.execute_iter("SELECT number FROM numbers(1000000000)"))
        query = threading.Thread(target=_until_the_end, args=(busy,))
        query.start()
        eventually(lambda: idle.execute(RUNNING)[0][0] > 1)
        started = time.monotonic()
        front.process.send_signal(ending)
        output, complaint = front.process.communicate(timeout=10)
        took = time.monotonic() - started
        query.join()
    assert (front.process.returncode, output, complaint) == (0, "", "")
    assert took < 3
    assert not (tmp_path / "status").exists(), "the engine was not closed but cut off"


def _until_the_end(client):
    with contextlib.suppress(Error, OSError, EOFError):
        client.execute(SLOW)


def test_an_insert_acknowledged_just_before_the_signal_is_kept(tmp_path):
    front = ClickHouseFront(tmp_path)
    with front, front.client() as client:
        client.execute("CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
        client.execute("INSERT INTO t VALUES", [(n,) for n in range(1000)])
        assert front.stop() == 0
    with front, front.client() as client:
        assert client.execute("SELECT count() FROM t") == [(1000,)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell a process that its parent ended")
def test_it_ends_with_its_parent(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, sys.executable, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child = int(first_line(parent))
    os.kill(child, 0)
    parent.kill()
    # The child holds the same pipe, so its end is the end of the file.
    parent.communicate(timeout=10)


PARENT = """
import subprocess, sys
command = [sys.argv[1], "-m", "deploy.local.clickhouse", "--die-with-parent", "--path", sys.argv[2], "--port", "0"]
child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
assert child.stdout.readline().startswith("ready ")
print(child.pid, flush=True)
child.wait()
"""


def test_a_password_variable_that_is_not_set_is_refused_instead_of_meaning_no_password(tmp_path):
    refused = spawn("--path", str(tmp_path), "--port", "0", "--password-env", "NO_SUCH_VARIABLE")
    _, complaint = refused.communicate(timeout=30)
    assert refused.returncode == 2
    assert complaint == "--password-env names NO_SUCH_VARIABLE, which is not set; set it or leave the option out\n"
