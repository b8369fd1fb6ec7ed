"""Requests that were tried by hand: each is answered, and the machine of a plan passes the check."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat.check import check
from compat.cli.plan import command
from compat.description import from_dict
from compat.goals import parse

LINES = Path(__file__).with_name("tried.txt").read_text(encoding="utf-8").splitlines()
TRIED = [line for line in LINES if line and not line.startswith("#")]
EVERY = 8  # all of them take a minute
SYSTEMS = {
    "u1804": ("ubuntu", "18.04", "2.27", "3.6.9"),
    "u2004": ("ubuntu", "20.04", "2.31", "3.8.10"),
    "u2204": ("ubuntu", "22.04", "2.35", "3.10.12"),
    "u2404": ("ubuntu", "24.04", "2.39", "3.12.3"),
    "u2604": ("ubuntu", "26.04", "2.42", "3.14.0"),
    "rhel8": ("rhel", "8.10", "2.28", "3.6.8"),
    "rocky8": ("rocky", "8.9", "2.28", "3.9.18"),
    "rhel9": ("rhel", "9.4", "2.34", "3.9.18"),
    "centos7": ("centos", "7", "2.17", "3.6.8"),
    "deb12": ("debian", "12", "2.36", "3.11.2"),
    "deb13": ("debian", "13", "2.41", "3.13.5"),
    "amzn2": ("amazon", "2", "2.26", "3.7.16"),
}
JETSONS = {
    "nano46": ("Nano", "4.6.1", "32.7.1", "3.6.9"),
    "nx5": ("Xavier NX", "5.1.2", "35.4.1", "3.8.10"),
    "orin5": ("AGX Orin", "5.1.2", "35.4.1", "3.8.10"),
    "orin6": ("AGX Orin", "6.0", "36.3", "3.10.12"),
    "orinnano61": ("Orin Nano", "6.1", "36.4", "3.10.12"),
    "orin62": ("AGX Orin", "6.2", "36.4.3", "3.10.12"),
    "thor7": ("AGX Thor", "7.0", "38.2", "3.12.3"),
}
GPUS = {"K40": "Tesla K40m", "MX150": "NVIDIA GeForce MX150", "1080ti": "NVIDIA GeForce GTX 1080 Ti"}
TESLA = ("K80", "P100", "V100", "T4", "M60")
DATA_CENTER = ("A10", "A10G", "A100", "L4", "L40S", "H100", "H200", "B200", "GB200", "GB10")
SPECIAL = {"A6000": "NVIDIA RTX A6000", "PRO6000": "NVIDIA RTX PRO 6000 Blackwell Workstation Edition"}


def gpu(word: str) -> str:
    """The name of a GPU by its short one."""
    if word in TESLA:
        return f"Tesla {word}"
    if word in DATA_CENTER:
        return f"NVIDIA {word}"
    line = "RTX" if word[:2] in ("20", "30", "40", "50") else "GTX"
    return (GPUS | SPECIAL).get(word) or f"NVIDIA GeForce {line} {word.replace('ti', ' Ti')}"


def described(words: str) -> dict[str, object]:
    """A machine from words: ``u2204 T4 drv535.54.03 py3.11.4 torch==2.4.1``; nothing else is installed on it."""
    made: dict[str, object] = {"schema": "compatcheck.machine/1", "os": "linux", "arch": "x86_64", "toolkits": []}
    packages: dict[str, str] = {}
    environment: list[str] = []
    gpus: list[dict[str, str]] = []
    for word in words.split():
        if word in SYSTEMS:
            names = ("distribution", "distribution_version", "glibc", "python")
            made |= dict(zip(names, SYSTEMS[word], strict=True))
        elif word in JETSONS:
            module, jetpack, l4t, python = JETSONS[word]
            made |= {"arch": "aarch64", "python": python}
            made["jetson"] = {"module": module, "jetpack": jetpack, "l4t": l4t}
            environment.append("jetson")
        elif word == "win":
            made |= {"os": "windows", "distribution": "windows", "distribution_version": "11"}
        elif word == "arm":
            made["arch"] = "aarch64"
        elif word in ("wsl2", "docker"):
            environment.append(word)
        elif word.startswith("py"):
            made["python"] = word[2:]
        elif word.startswith("drv"):
            made["driver"] = {"version": word[3:]}
        elif "==" in word:
            name, _, version = word.partition("==")
            packages[name] = version
        elif word != "nodrv":
            gpus.append({"name": gpu(word)})
    return made | {"packages": packages, "environment": environment, "libraries": [], "variables": {}, "gpus": gpus}


@pytest.mark.parametrize("line", TRIED[::EVERY])
def test_each_is_answered(line, tmp_path, matrix):
    words, _, options = line.partition(" | ")
    machine = described(words)
    if not machine["gpus"]:
        del machine["gpus"]
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine), encoding="utf-8")
    arguments = [*shlex.split(options), "--machine", str(file), "--format", "json"]
    answer = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert answer.exception is None
    plan = json.loads(answer.output)
    if plan["outcome"] == "impossible":
        assert plan["conflict"]
        return
    assert plan["outcome"] == "nothing-to-do" or plan["steps"]
    verdicts = {check(from_dict(plan["result"]), parse(goal), matrix).verdict for goal in plan["goal"].split(", ")}
    assert "incompatible" not in verdicts
    assert "compatible" in verdicts or not plan["steps"]  # what was there before may be too little told
