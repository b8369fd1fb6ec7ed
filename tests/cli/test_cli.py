"""The command line as a user meets it: help, exit statuses, streams, terminals that can show little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat.cli.app import COMMANDS
from tests.command import ROOT, START, assert_refused, compatcheck

EXAMPLE = str(ROOT / "compat/examples/workstation.toml")
FINE = {
    "name": "fine",
    "os": "linux",
    "arch": "x86_64",
    "python": "3.11",
    "glibc": "2.35",
    "gpus": [{"name": "Tesla T4"}],
    "driver": {"version": "580.95.05"},
    "packages": {"torch": "2.6.0+cu124", "numpy": "1.26.4"},
}
BROKEN = {**FINE, "name": "broken", "driver": {"version": "450.80.02"}}
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def described(folder: Path, *machines: object) -> str:
    path = folder / ("machines.jsonl" if len(machines) > 1 else "machine.json")
    path.write_text("\n".join(map(json.dumps, machines)) + "\n")
    return str(path)


def test_help_lists_every_command_and_each_has_its_own() -> None:
    text = compatcheck("--help").stdout
    assert [name for name in COMMANDS if f"\n  {name} " in text] == list(COMMANDS)
    assert compatcheck("-h").stdout == text


@pytest.mark.parametrize("name", ["doctor", "check", "facts", "plan", "explain"])
def test_help_of_a_command(name: str) -> None:
    done = compatcheck(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: compatcheck {name} ")


def test_version() -> None:
    from compat import __version__

    assert compatcheck("--version").stdout == f"compatcheck {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("docter",), ("check", "--nonsense"), ("check", "--format", "xml"), ("check", "--machine")]
)
def test_wrong_usage_is_refused_with_a_hint(arguments: tuple[str, ...]) -> None:
    assert_refused(compatcheck(*arguments))


@pytest.mark.parametrize("form", ["text", "json"])
def test_exit_status_is_that_of_the_verdict_in_every_format(tmp_path: Path, form: str) -> None:
    for machine, status in ((FINE, 0), (BROKEN, 1), ({"os": "linux"}, 0)):
        done = compatcheck("check", "--machine", described(tmp_path, machine), "--goal", "use:torch", "--format", form)
        assert done.returncode == status, (machine, done.stdout, done.stderr)
    both = compatcheck("check", "--machine", described(tmp_path, FINE, BROKEN), "--goal", "use:torch", "--format", form)
    assert both.returncode == 1
    assert len(both.stdout.splitlines()) == 2


def test_strict_makes_unknown_an_error(tmp_path: Path) -> None:
    path = described(tmp_path, {"name": "hardly known"})
    plain = compatcheck("check", "--machine", path, "--goal", "use:gpu")
    strict = compatcheck("check", "--machine", path, "--goal", "use:gpu", "--strict")
    assert (plain.returncode, strict.returncode) == (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [("doctor", "--example"), ("plan", "--help"), ("plan", "--torch", "2.x", "--machine", EXAMPLE), ("--help",)],
)
def test_without_utf8_colour_or_a_wide_terminal(arguments: tuple[str, ...]) -> None:
    done = compatcheck(*arguments, environ={**ASCII, "NO_COLOR": "1", "FORCE_COLOR": "", "PATH": os.environ["PATH"]})
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    # Commands stand on one line, so that they can be copied, and so do addresses.
    wide = [line for line in done.stdout.splitlines() if len(line) > 80 and "$ " not in line and "://" not in line]
    assert wide == []


def test_no_color_wins(tmp_path: Path) -> None:
    coloured = compatcheck(
        "check", "--machine", described(tmp_path, BROKEN), "--goal", "use:torch", environ={"FORCE_COLOR": "1"}
    )
    assert "\x1b[" in coloured.stdout
    plain = compatcheck(
        "check",
        "--machine",
        described(tmp_path, BROKEN),
        "--goal",
        "use:torch",
        environ={"NO_COLOR": "1", "FORCE_COLOR": "1"},
    )
    assert "\x1b[" not in plain.stdout


@pytest.mark.parametrize("arguments", [["doctor", "--example"], ["--help"], ["check", "--machine", EXAMPLE]])
def test_standard_output_that_is_closed(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", START, *arguments],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT)},
            timeout=60,
        )
    assert done.returncode == 141
    assert done.stderr == ""


def test_a_full_disk_is_told() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", START, "doctor", "--example"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT)},
            timeout=60,
        )
    assert done.returncode not in (0, 1)
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_facts_can_be_checked_again(tmp_path: Path) -> None:
    facts = compatcheck("facts", "--redact")
    assert facts.returncode == 0
    path = tmp_path / "facts.json"
    path.write_text(facts.stdout)
    assert compatcheck("check", "--machine", str(path), "--goal", "use:gpu").returncode in (0, 1)


@pytest.mark.parametrize("text", ["driver-too-old", "no kernel image is available for execution on the device"])
def test_explain(text: str) -> None:
    done = compatcheck("explain", text)
    assert done.returncode == 0
    assert "driver" in done.stdout or "kernel" in done.stdout
