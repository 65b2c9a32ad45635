"""The jars of the local Kafka: fetched from a repository, checked, never run unchecked."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.local.kafka.errors import JarsMissing, JarTampered
from deploy.local.kafka.jars import default_cache, ensure_jars
from deploy.local.kafka.lock import read_lock
from deploy.local.kafka.ports import pick_free

JARS = {f"org/example/part{n}/1.0/part{n}-1.0.jar": bytes([n]) * (100_000 + n) for n in range(12)}
FIRST = next(iter(JARS))
FIRST_NAME = FIRST.rpartition("/")[2]


class Repository(ThreadingHTTPServer):
    """A Maven repository on loopback; faults is what it does wrong, and how often."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = dict(JARS)
        self.faults: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/maven"


class Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        path = self.path.removeprefix("/maven/")
        self.server.asked[path] += 1
        content = self.server.content.get(path)
        if content is None or self._fails("busy"):
            self.send_error(404 if content is None else 503)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self._fails("cut") else content)

    def _fails(self, fault: str) -> bool:
        self.server.faults[fault] -= 1
        return self.server.faults[fault] >= 0

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text("".join(f"{hashlib.sha256(jar).hexdigest()} {len(jar)} {name}\n" for name, jar in JARS.items()))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


ALL = {path.rpartition("/")[2]: content for path, content in JARS.items()}


def test_missing_jars_are_fetched_and_given_in_the_order_of_the_lock(
    repository: Repository, lock: Path, cache: Path
) -> None:
    jars = ensure_jars(cache, repository=repository.url, lock=lock)
    assert [jar.name for jar in jars] == list(ALL)
    assert files(cache) == ALL


def test_jars_that_are_there_are_not_asked_for(repository: Repository, lock: Path, cache: Path) -> None:
    ensure_jars(cache, repository=repository.url, lock=lock)
    (cache / FIRST_NAME).unlink()
    repository.asked.clear()
    ensure_jars(cache, repository=repository.url + "/", lock=lock)
    assert repository.asked == {FIRST: 1}


def test_progress_reaches_the_bytes_to_fetch(repository: Repository, lock: Path, cache: Path) -> None:
    told: list[tuple[int, int]] = []
    ensure_jars(cache, repository=repository.url, lock=lock, progress=lambda done, total: told.append((done, total)))
    size = sum(map(len, JARS.values()))
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_progress_counts_a_retried_jar_once(repository: Repository, lock: Path, cache: Path) -> None:
    told: list[tuple[int, int]] = []
    repository.faults["cut"] = 3
    ensure_jars(cache, repository=repository.url, lock=lock, progress=lambda done, total: told.append((done, total)))
    size = sum(map(len, JARS.values()))
    assert max(told) == (size, size)


@pytest.mark.parametrize("position", [0, 50_000, 99_999])
def test_a_jar_with_one_byte_changed_in_the_cache_is_refused_by_name(
    repository: Repository, lock: Path, cache: Path, position: int
) -> None:
    ensure_jars(cache, repository=repository.url, lock=lock)
    content = bytearray(JARS[FIRST])
    content[position] ^= 1
    (cache / FIRST_NAME).write_bytes(content)
    with pytest.raises(JarTampered, match=f"{FIRST_NAME} is not the file that kafka.lock names.*delete it"):
        ensure_jars(cache, repository=repository.url, lock=lock)
    assert (cache / FIRST_NAME).read_bytes() == content


def test_an_empty_jar_in_the_cache_is_refused(repository: Repository, lock: Path, cache: Path) -> None:
    ensure_jars(cache, repository=repository.url, lock=lock)
    (cache / FIRST_NAME).write_bytes(b"")
    with pytest.raises(JarTampered):
        ensure_jars(cache, repository=repository.url, lock=lock)


@pytest.mark.parametrize("served", [b"x" * 100_000, JARS[FIRST] + b"x", JARS[FIRST][:-1], b""])
def test_nothing_is_kept_of_a_jar_that_is_served_wrong(
    repository: Repository, lock: Path, cache: Path, served: bytes
) -> None:
    repository.content[FIRST] = served
    with pytest.raises(JarTampered, match=f"served a {FIRST_NAME} that is not the file"):
        ensure_jars(cache, repository=repository.url, lock=lock)
    assert FIRST_NAME not in files(cache)
    assert not [name for name in files(cache) if name not in ALL]
    assert repository.asked[FIRST] == 1


@pytest.mark.parametrize("fault", ["cut", "busy"])
def test_a_passing_fault_of_the_network_is_tried_again(
    repository: Repository, lock: Path, cache: Path, fault: str
) -> None:
    repository.faults[fault] = 2
    ensure_jars(cache, repository=repository.url, lock=lock)
    assert files(cache) == ALL
    assert repository.asked.total() == len(JARS) + 2


def test_a_jar_the_repository_does_not_have_is_not_asked_for_twice(
    repository: Repository, lock: Path, cache: Path
) -> None:
    del repository.content[FIRST]
    with pytest.raises(JarsMissing, match=f"{FIRST_NAME} is not in .* could not be fetched.*404"):
        ensure_jars(cache, repository=repository.url, lock=lock)
    assert repository.asked[FIRST] == 1


def test_without_a_network_a_sentence_says_what_to_do(lock: Path, cache: Path) -> None:
    (port,) = pick_free(1, besides=())
    with pytest.raises(JarsMissing, match=r"jar is not in .*refused.* Connect this machine .* mirror"):
        ensure_jars(cache, repository=f"http://127.0.0.1:{port}", lock=lock)
    assert files(cache) == {}


def test_with_all_jars_there_no_network_is_needed(repository: Repository, lock: Path, cache: Path) -> None:
    ensure_jars(cache, repository=repository.url, lock=lock)
    (port,) = pick_free(1, besides=())
    assert len(ensure_jars(cache, repository=f"http://127.0.0.1:{port}", lock=lock)) == len(JARS)


def test_two_processes_that_fetch_at_once_both_get_whole_jars(repository: Repository, lock: Path, cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from deploy.local.kafka.jars import ensure_jars; "
        "cache, url, lock = sys.argv[1:]; ensure_jars(Path(cache), repository=url, lock=Path(lock))"
    )
    argv = [sys.executable, "-c", program, str(cache), repository.url, str(lock)]
    processes = [subprocess.Popen(argv) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert files(cache) == ALL


def test_the_cache_is_where_the_desktop_rules_put_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "headrace" / "kafka-4.0.2"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert default_cache() == Path.home() / ".cache" / "headrace" / "kafka-4.0.2"


def test_the_shipped_lock_names_the_jars_of_one_kafka_and_no_address() -> None:
    jars = read_lock()
    assert len({jar.name for jar in jars}) == len(jars) == 44
    assert {jar.path.split("/")[4] for jar in jars if jar.path.startswith("org/apache/kafka/")} == {"4.0.2"}
    assert not [jar for jar in jars if ":" in jar.path]


@pytest.mark.parametrize(
    "line",
    [
        f"{'0' * 64} 1 ../evil.jar",
        f"{'0' * 64} 1 a/../../evil.jar",
        f"{'0' * 64} 1 /etc/evil.jar",
        f"{'0' * 64} 1 https://somewhere.example/evil.jar",
        f"{'0' * 63} 1 a/b.jar",
        f"{'0' * 64} -1 a/b.jar",
        f"{'0' * 64} 1 a/b.jar extra",
        "",
    ],
)
def test_a_line_that_is_not_of_the_form_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.lock").write_text(line + "\n")
    with pytest.raises(ValueError, match="not a line of a lock file"):
        read_lock(tmp_path / "bad.lock")
