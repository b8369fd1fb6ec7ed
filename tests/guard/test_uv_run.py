"""uv's real run: it is handed what its dry run named, and resolves nothing a second time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compat.guard import installer
from compat.guard.answers import of_uv
from compat.guard.invocation import read
from compat.guard.resolver import loud

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "install"))
import tiny

sys.path.pop(0)

_NEW = "Resolved 2 packages in 3ms\nWould install 2 packages\n + other==2.0\n + plain==1.0\n"
_FETCHED = _NEW.replace("Would install", "Would download 1 package\nWould install")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that are run; each ends well."""
    commands: list[tuple[str, ...]] = []

    def run(argv: tuple[str, ...]) -> int:
        commands.append(tuple(argv))
        return 0

    monkeypatch.setattr(installer, "_run", run)
    return commands


def run(words: str, said: str) -> int:
    return installer.run(read(words.split(), None, {}), of_uv(said))


def test_what_is_in_the_cache_is_installed_without_the_network(ran: list[tuple[str, ...]]) -> None:
    run("uv pip install --python p plain", _NEW)
    assert ran == [
        ("uv", "pip", "install", "--no-deps", "--offline", "other==2.0", "plain==1.0", "--python", "p", "plain")
    ]


def test_what_is_not_is_fetched(ran: list[tuple[str, ...]]) -> None:
    run("uv pip install --upgrade plain", _FETCHED)
    assert ran == [("uv", "pip", "install", "--no-deps", "other==2.0", "plain==1.0", "plain")]


@pytest.mark.parametrize(
    "words",
    [
        "uv pip install --exact plain",  # would remove what plain needs and is there already
        "uv pip install --refresh plain",
        "uv pip sync r.txt",
    ],
)
def test_what_asks_for_more_resolves_with_constraints(ran: list[tuple[str, ...]], words: str) -> None:
    run(words, _NEW)
    assert [argv[3] for argv in ran] == ["--constraint"]
    assert ran[0][5:] == tuple(words.split()[3:])


def test_an_address_is_no_name_and_version(ran: list[tuple[str, ...]]) -> None:
    run("uv pip install ./x", _NEW + " + x==1.0 (from file:///x)\n")
    assert [argv[3] for argv in ran] == ["--constraint"]


def test_nothing_is_added_where_hashes_are_required(
    ran: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("uv pip install --require-hashes -r r.txt", _NEW)
    monkeypatch.setenv("UV_REQUIRE_HASHES", "true")
    run("uv pip install -r r.txt", _NEW)
    assert ran == [
        ("uv", "pip", "install", "--require-hashes", "-r", "r.txt"),
        ("uv", "pip", "install", "-r", "r.txt"),
    ]


def test_a_cache_that_lacks_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """uv ends with 1 where it finds no set of packages: then the network is asked after all."""
    commands: list[tuple[str, ...]] = []

    def run_once(argv: tuple[str, ...]) -> int:
        commands.append(tuple(argv))
        return 1 if "--offline" in argv else 0

    monkeypatch.setattr(installer, "_run", run_once)
    assert run("uv pip install plain", _NEW) == 0
    assert [argv[3] for argv in commands] == ["--no-deps", "--constraint"]


def test_with_the_real_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leaves is what uv alone leaves."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    store = tmp_path / "wheels"
    store.mkdir()
    tiny.wheel(store, "plain", "1.0", {}, requires="other")
    tiny.wheel(store, "other", "2.0", {})
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    left = []
    for name in ("alone", "behind"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / name)], check=True)
        options = ("--python", f"{tmp_path}/{name}/bin/python", "--no-index", "--find-links", str(store))
        words = (uv, "pip", "install", *options, "plain")
        if name == "alone":
            subprocess.run(words, check=True)
        else:
            said = subprocess.run([*words, "--dry-run"], capture_output=True, text=True, check=True).stderr
            assert installer.run(read(words, None, {}), of_uv(said)) == 0
        site = next((tmp_path / name).glob("lib/python*/site-packages"))
        left.append({str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()})
    assert left[0] == left[1]
    assert any(path.startswith("other-2.0.dist-info") for path in left[0])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv that writes down what it is started with and what it is told."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\ncat > {tmp_path}/told\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


def test_uv_waits_for_what_is_judged(told: Path) -> None:
    """It is started with none of the packages on its line, and told them when they are let through."""
    words = [
        "uv",
        "pip",
        "install",
        "-U",
        "plain",
        "--python",
        "p",
        "-r",
        "a.txt",
        "--extra-index-url",
        "x",
        "-rb.in",
        "-c",
        "limits.txt",
    ]
    invocation = read(words, None, {})
    assert installer.Waiting.can(invocation)
    waiting = installer.Waiting(invocation)
    assert installer.run(invocation, of_uv(_NEW), waiting) == 3
    asked = "pip install --no-deps --offline -r - --python p --extra-index-url x -c limits.txt\n"
    assert (told / "words").read_text() == asked
    assert (told / "told").read_text() == "-r a.txt\n-r b.in\nother==2.0\nplain==1.0\n"


def test_uv_that_waited_for_what_is_not_in_the_cache(told: Path, ran: list[tuple[str, ...]]) -> None:
    invocation = read(["uv", "pip", "install", "plain"], None, {})
    installer.run(invocation, of_uv(_FETCHED), installer.Waiting(invocation))
    assert [argv[3:] for argv in ran] == [("--no-deps", "other==2.0", "plain==1.0", "plain")]
    assert not (told / "told").exists() or (told / "told").read_text() == ""


@pytest.mark.parametrize(
    "words",
    [
        "uv pip sync r.txt",
        "uv pip install -e .",
        "uv pip install -r pyproject.toml --extra x",
        "uv pip install -r pyproject.toml",
        "uv pip install --require-hashes -r r.txt",
        "uv pip install --exact plain",
        "pip install plain",
    ],
)
def test_what_cannot_wait(words: str) -> None:
    assert not installer.Waiting.can(read(words.split(), None, {}))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("uv -q pip install -U x", "uv pip install -U x"),
        ("uv pip install --quiet -qq x", "uv pip install x"),
        ("uv pip install -qU x -r q.txt", "uv pip install -U x -r q.txt"),
        ("uv pip install -n q", "uv pip install -n q"),
    ],
)
def test_uv_is_not_asked_to_be_quiet(words: str, asked: str) -> None:
    assert loud(words.split()) == tuple(asked.split())


@pytest.mark.parametrize(
    "more", [("-q",), ("--dry-run",), ("--dry-run", "--output-format", "json"), ("-q", "--dry-run")]
)
def test_behind_the_guard_as_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    """What uv says, prints and installs where it is asked to be quiet, or to change nothing."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    store = tmp_path / "wheels"
    store.mkdir()
    tiny.wheel(store, "plain", "1.0", {})
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    found = []
    for guard in ((), (sys.executable, "-m", "compat", "guard")):
        env = tmp_path / ("behind" if guard else "alone")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
        options = ("--python", f"{env}/bin/python", "--no-index", "--find-links", str(store))
        done = subprocess.run(
            [*guard, "uv", "pip", "install", *options, *more, "plain"], capture_output=True, text=True
        )
        said = [line for line in done.stderr.splitlines() if " in " not in line and "Using Python" not in line]
        found.append((done.returncode, done.stdout, said, (next(env.glob("lib/*/*-packages")) / "plain").exists()))
        if found[0][0] == 2:
            pytest.skip(f"this uv knows no {' '.join(more)}")
    assert found[0] == found[1]
