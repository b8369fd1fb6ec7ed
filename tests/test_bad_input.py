"""Descriptions and options that are wrong or hostile: a message with a hint, or a finding; never a traceback."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from compat import description
from tests.command import assert_refused, compatcheck

GOOD = {
    "schema": "compatcheck.machine/1",
    "name": "one",
    "os": "linux",
    "arch": "x86_64",
    "python": "3.11",
    "gpus": [{"name": "Tesla T4"}],
    "driver": {"version": "535.183.01"},
    "packages": {"torch": "2.6.0+cu124"},
}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.json", b'{"os": "linux"', ("cut.json:1", "not JSON")),
        ("list.json", b"[1, 2]", ("list.json",)),
        ("number.json", b"7", ("number.json",)),
        ("empty.json", b"", ("empty.json",)),
        ("bad.toml", b"os = \n", ("bad.toml",)),
        ("neither.txt", b"my machine has a GPU", ("neither.txt",)),
        ("latin.json", '{"name": "Grö\u00dfe"}'.encode("latin-1"), ("not UTF-8",)),
        ("zeros.json", bytes(4096), ("zeros.json",)),
        ("deep.json", b"[" * 100_000, ("deep.json", "not JSON")),
        ("digits.json", b'{"python": ' + b"1" * 5000 + b"}", ("digits.json", "not JSON")),
        ("types.json", b'{"os": 7}', ("os", "linux")),
        ("list.json", b'{"os": []}', ("os", "linux")),
        ("gpus.json", b'{"gpus": "A100"}', ("gpus", "a list")),
        ("gpu.json", b'{"gpus": ["A100"]}', ("gpus[0]", "an object")),
        ("driver.json", b'{"driver": {"version": "abc"}}', ("driver.version", "a version", "abc")),
        ("float.json", b'{"python": 3.10}', ("python", "a string")),
        ("packages.toml", b'[packages]\ntorch = "latest-and-greatest"\n', ("packages.torch", "version")),
        ("capability.json", b'{"gpus": [{"compute_capability": "big"}]}', ("gpus[0].compute_capability", "8.6")),
        ("steers.json", b'{"name": "a\\u001b[31mb"}', ("name", "control characters")),
        ("names.json", b'{"packages": {"a\\u001b[31mb": "1.0"}}', ("packages", "control characters")),
        ("keys.json", b'{"a\\u001b[31mb": "1.0"}', ("a key", "control characters")),
        ("\x1b[31m.json", b"[]", ("\\x1b[31m.json",)),
        ("schema.json", b'{"schema": "compatcheck.machine/99"}', ("schema",)),
        ("twice.json", b'{"os": "linux", "os": "windows"}', ("twice.json", "os: is there twice")),
        ("twice.jsonl", b'{"os": "linux"}\n{"driver": {"cuda": "12.4", "cuda": "13.0"}}', ("twice.jsonl:2", "cuda")),
    ],
)
def test_a_description_that_is_none(tmp_path: Path, name: str, content: bytes, words: tuple[str, ...]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert_refused(compatcheck("check", "--machine", str(path), "--goal", "use:torch"), *words)


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    assert_refused(compatcheck("check", "--machine", str(tmp_path / "absent.json")), "absent.json")
    assert_refused(compatcheck("check", "--machine", str(tmp_path)), str(tmp_path))
    assert_refused(compatcheck("doctor", "--root", str(tmp_path / "absent")), "no such directory")


def test_a_description_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    started = time.monotonic()
    assert_refused(compatcheck("check", "--machine", str(path)), "larger than")
    assert time.monotonic() - started < 20


def test_standard_input() -> None:
    good = compatcheck("check", "--machine", "-", "--goal", "use:torch", stdin=json.dumps(GOOD).encode())
    assert good.returncode == 0
    assert_refused(compatcheck("check", "--machine", "-", stdin=b"\xff\xfe\x00"), "not UTF-8")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"packages": {"torch": False}, "builds": {"torch": {"cuda": "12.4"}}}, "taken to be installed"),
        ({"os": "windows", "glibc": "2.35"}, "os is windows, and glibc is Linux's"),
        ({"os": "windows", "environment": ["wsl2"]}, "environment wsl2 is Linux's"),
        ({"os": "macos", "distribution": "ubuntu"}, "distribution ubuntu is Linux's"),
        ({"jetson": {"module": "Orin NX"}}, "every Jetson is aarch64"),
        ({"libraries": [{"name": "cudnn", "version": one, "loaded": True} for one in ("8.9", "9.1")]}, "two copies"),
    ],
)
def test_what_contradicts_itself_is_told(tmp_path: Path, more: dict[str, object], words: str) -> None:
    file = tmp_path / "machine.json"
    file.write_text(json.dumps({**GOOD, **more}))
    done = compatcheck("check", "--machine", str(file), "--goal", "use:torch")
    assert done.returncode in (0, 1)
    assert done.stderr.count("warning: ") == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"quantum": {"qubits": 3}}, "kept: quantum\n"),
        ({"drivre": {"version": "1"}}, "kept: drivre (did you mean driver?)\n"),
        ({"driver": {"verison": "1"}}, "kept: driver.verison (did you mean version?)\n"),
        ({"gpus": [{}, {"nmae": "x", "qubits": 3}]}, "kept: gpus[1].nmae (did you mean name?), gpus[1].qubits\n"),
        ({"builds": {"torch": {"cuda": "12.4", "cdnn": "9"}}}, "kept: builds.torch.cdnn (did you mean cudnn?)\n"),
    ],
)
def test_unknown_keys_are_kept_and_told(tmp_path: Path, more: dict[str, object], words: str) -> None:
    path = tmp_path / "new.json"
    path.write_text(json.dumps({**GOOD, **more}))
    done = compatcheck("check", "--machine", str(path), "--goal", "use:torch")
    assert done.returncode == 0
    assert words in done.stderr
    machine = description.from_dict(more)
    assert {key: description.to_dict(machine)[key] for key in more} == more
    assert description.from_dict(description.to_dict(machine)) == machine


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"os": "Darwin", "arch": "arm64"}, {"os": "macos", "arch": "aarch64"}),
        ({"os": "Windows", "arch": "AMD64"}, {"os": "windows", "arch": "x86_64"}),
        ({"model": {"precision": "bfloat16"}}, {"model": {"precision": "bf16"}}),
    ],
)
def test_what_others_call_it_is_understood(written: dict[str, object], meant: dict[str, object]) -> None:
    assert description.from_dict(written) == description.from_dict(meant)


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ("torch", ("not a goal", "use:torch")),
        ("use:", ("not a goal",)),
        ("fly:torch", ("not a goal",)),
        ("use:a\x1b[31m", ("not a goal",)),
        ("use:tensorfow", ("unknown package", "did you mean tensorflow")),
    ],
)
def test_unknown_goals(tmp_path: Path, goal: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(GOOD))
    assert_refused(compatcheck("check", "--machine", str(path), "--goal", goal), *words)


def test_a_dead_name_is_no_slip_of_the_pen(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps({**GOOD, "request": {"nvidia-tensorrt": "*"}}))
    done = compatcheck("check", "--machine", str(path), "--goal", "install:nvidia-tensorrt", "--format", "json")
    assert done.returncode == 1
    assert "package-removed" in [found["rule"] for found in json.loads(done.stdout)["findings"]]


def test_a_package_that_nobody_knows_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(GOOD))
    done = compatcheck("check", "--machine", str(path), "--goal", "use:qqqqqqqqqqq", "--format", "json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "unknown"
    assert [found["rule"] for found in answer["findings"]] == ["package-unknown"]


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ("{", "not JSON"),
        ('{"os": "linux", "python": "x"}', "python"),
        ("[]", ""),
        ("\x00", "not JSON"),
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_bad_line_is_named_and_the_answers_before_it_stand(tmp_path: Path, bad: str, word: str, form: str) -> None:
    path = tmp_path / "fleet.jsonl"
    path.write_text("\n".join([json.dumps(GOOD), json.dumps({**GOOD, "name": "two"}), bad, json.dumps(GOOD)]))
    done = compatcheck("check", "--machine", str(path), "--goal", "use:torch", "--format", form)
    assert_refused(done, f"{path}:3", word)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    if form == "json":
        assert [json.loads(line)["name"] for line in lines] == ["one", "two"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--torch", "abc", "--machine"),
        ("plan", "--torch", ">=2,<1x", "--machine"),
        ("plan", "--machine"),
        ("plan", "--torch", "2.x", "--allow", "everything", "--machine"),
    ],
)
def test_plans_that_cannot_be_asked_for(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(GOOD))
    assert_refused(compatcheck(*arguments, str(path)))


def test_explain_of_nothing_known() -> None:
    assert_refused(compatcheck("explain", "no-such-rule"), "neither the name of a finding nor an error text")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "--machine", "{m}", "--root", "/tmp"), ("--root /tmp", "--machine")),
        (("check", "--machine", "{m}", "--python", "3.11"), ("--python 3.11", "--machine")),
        (("plan", "--machine", "{m}", "--root", "/tmp", "--torch", "2.6"), ("--root /tmp", "--machine")),
        (("guard", "constraints", "--machine", "{m}", "--root", "/tmp"), ("--root /tmp", "--machine")),
        (("doctor", "--example", "--root", "/tmp"), ("--root /tmp", "--example")),
        (("check", "--machine", "{m}", "--machine", "{m}"), ("'--machine' is given twice", "check --help")),
        (("plan", "--machine", "{m}", "--torch", "2.6", "--torch=2.7"), ("'--torch' is given twice", "plan --help")),
        (("matrix", "list", "--format", "json", "--format", "text"), ("'--format' is given twice", "list --help")),
        (("check", "{m}"), ("a machine description", "--machine FILE")),
        (("plan", "{m}"), ("a machine description", "--machine FILE")),
        (("chekc", "--machine", "{m}"), ("Did you mean 'check'?",)),
        (("matrix", "exprot"), ("Did you mean 'export'?",)),
        (("convert", "{m}"), ("'--to'. Choose from: tensorrt",)),
        (("rollback", "/no/such/place"), ("/no/such/place: no such environment",)),
        (("install", "{zeros}"), ("not UTF-8 text",)),
    ],
    ids=lambda one: " ".join(one),
)
def test_words_that_would_go_unheard(tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    (tmp_path / "m.json").write_text(json.dumps(GOOD))
    (tmp_path / "zeros").write_bytes(b"\xff\x00")
    places = {"m": str(tmp_path / "m.json"), "zeros": str(tmp_path / "zeros")}
    assert_refused(compatcheck(*(one.format(**places) for one in arguments)), *words)


def test_what_repeats_may_be_repeated_and_the_guard_leaves_pips_words_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(GOOD))
    goals = ("--goal", "use:torch", "--goal", "use:gpu")
    assert compatcheck("check", "--machine", str(path), *goals).returncode == 0
    assert compatcheck("guard", "pip", "--python", sys.executable, "--help", "--log", "a", "--log", "b").returncode == 0


def test_a_file_that_asks_for_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(GOOD))
    (tmp_path / "requirements.txt").write_text("# none\n")
    done = compatcheck("check", "--machine", str(tmp_path / "m.json"), str(tmp_path / "requirements.txt"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("requirements.txt: asks for nothing that the matrix speaks of\n")


def test_a_command_group_alone_shows_its_help() -> None:
    for words in ((), ("matrix",)):
        done = compatcheck(*words)
        assert done.returncode in (0, 2)  # as click of this release has it
        assert (done.stdout + done.stderr).startswith("Usage: compatcheck")
