"""Formats for CI: structure that their readers ask for, places in files, baselines."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from compat.check import Report
from compat.cli.app import run
from compat.goals import parse
from compat.guard.judge import judge
from compat.machine import Build, Driver, Gpu, Machine
from compat.matrix import Matrix
from compat.records import replace
from compat.report import FORMATS, render
from compat.report.baseline import BadBaseline, fails, fingerprint, read, write
from compat.report.location import location, of_source
from compat.rules.base import REGISTRY

_MACHINE = Machine(
    name="box",
    os="linux",
    arch="x86_64",
    gpus=(Gpu(name="NVIDIA A100-SXM4-40GB"),),
    python="3.11.7",
    driver=Driver(version="535.183.01", kernel_module_version="535.183.01"),
    builds={"x": Build()},
)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> list[Report]:
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("# <&>\ntorch==2.11.0\ntensorflow==2.15.0\nnumpy==2.1.0\n")
    return list(judge("requirements.txt", _MACHINE, (), matrix))


def _text(reports: list[Report], form: str, known: frozenset[str] = frozenset()) -> str:
    return "\n".join(render(reports, form, known=known))


def test_findings_lead_to_their_line(reports: list[Report]) -> None:
    places = {(found.rule, str(location(report, found))) for report in reports for found in report.findings}
    assert ("driver-too-old", "requirements.txt:2") in places
    assert ("numpy-abi", "requirements.txt:3") in places
    assert of_source("machine description") is None
    assert of_source("/usr/lib/x: 3 files") is None


def test_sarif(reports: list[Report]) -> None:
    log = json.loads(_text(reports, "sarif"))
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["name"] == "compatcheck"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["help"]["text"] == REGISTRY[rule["id"]].page
        assert rule["shortDescription"]["text"]
    results = log["runs"][0]["results"]
    assert len(results) == sum(len(report.findings) for report in reports)
    for result in results:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "requirements.txt"
        assert place["region"]["startLine"] >= 1


def test_junit(reports: list[Report]) -> None:
    root = ElementTree.fromstring(_text(reports, "junit"))
    suite = root.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert int(suite.get("tests", "0")) == len(cases) == len(reports)
    assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure")) == 2
    assert cases[0].get("name") == "use:torch"


def test_junit_skips_what_is_known_or_not_told_and_only_errors_fail(reports: list[Report]) -> None:
    known = frozenset(fingerprint(one, found) for one in reports for found in one.findings)
    root = ElementTree.fromstring(_text(reports, "junit", known))
    said = {case.get("name"): [one.get("message") for one in case.iter("skipped")] for case in root.iter("testcase")}
    broken = {str(one.goal) for one in reports if one.verdict == "incompatible"}
    assert {name for name, why in said.items() if why == ["known: in the baseline"]} == broken
    untold = Report(_MACHINE, parse("use:torch"), "unknown", (), (), ())
    milder = [replace(found, severity="warning") for found in reports[0].findings]
    warned = Report(_MACHINE, parse("use:jax"), "compatible", tuple(milder), (), ())
    (suite,) = ElementTree.fromstring(_text([untold, warned], "junit"))
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert [one.get("message") for one in suite.iter("skipped")] == ["could not be told"]
    assert "driver-too-old" in str(suite.findtext("testcase/system-out"))


def test_junit_takes_any_text(reports: list[Report]) -> None:
    odd = [Report(Machine(name="a\x00\"<&'\ud800"), one.goal, one.verdict, one.findings, (), ()) for one in reports]
    ElementTree.fromstring(_text(odd, "junit"))


def test_github(reports: list[Report]) -> None:
    lines = _text(reports, "github").splitlines()
    assert lines[0].startswith("::error file=requirements.txt,line=2,title=driver-too-old::")
    assert "%0Afix: " in lines[0]
    assert lines[-1].startswith("requirements.txt: ")


def test_gitlab(reports: list[Report]) -> None:
    entries = json.loads(_text(reports, "gitlab"))
    assert {entry["check_name"] for entry in entries} >= {"compatcheck/driver-too-old", "compatcheck/numpy-abi"}
    assert all(entry["location"]["lines"]["begin"] >= 1 and len(entry["fingerprint"]) == 32 for entry in entries)
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_markdown_has_no_markup_from_outside(reports: list[Report]) -> None:
    odd = [Report(Machine(name="<b>|x"), one.goal, one.verdict, one.findings, (), ()) for one in reports]
    text = _text(odd, "markdown")
    assert "\\<b\\>\\|x" in text
    assert "### error: `driver-too-old`" in text


def test_a_baseline_makes_findings_known(reports: list[Report], tmp_path: Path) -> None:
    assert write(str(tmp_path / "b.json"), reports) >= 2
    known = read(str(tmp_path / "b.json"))
    assert any(fails(report, "error") for report in reports)
    assert not any(fails(report, "warning", known) for report in reports)
    assert json.loads(_text(reports, "gitlab", known)) == [
        one for one in json.loads(_text(reports, "gitlab")) if one["fingerprint"] not in known
    ]
    assert "::error" not in _text(reports, "github", known)
    assert all(
        "suppressions" in one
        for one in json.loads(_text(reports, "sarif", known))["runs"][0]["results"]
        if one["level"] == "error"
    )
    assert 'failures="0"' in _text(reports, "junit", known)


def test_a_fingerprint_outlives_a_moved_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> None:
    monkeypatch.chdir(tmp_path)
    prints = []
    for text in ("torch==2.11.0\n", "\n\ntorch==2.12.0\n"):
        Path("requirements.txt").write_text(text)
        (report,) = judge("requirements.txt", _MACHINE, (), matrix)
        prints.append(fingerprint(report, report.findings[0]))
    assert prints[0] == prints[1]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "x", "findings": []}', '{"schema": "compatcheck.baseline/1"}']
)
def test_what_is_no_baseline(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(BadBaseline, match=r"b\.json"):
        read(str(tmp_path / "b.json"))


def test_levels() -> None:
    unknown = Report(Machine(), parse("use:gpu"), "unknown", (), (), ())
    assert [fails(unknown, level) for level in ("error", "warning", "unknown")] == [False, False, True]


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("torch==2.11.0\n")
    Path("m.toml").write_text(
        'os = "linux"\narch = "x86_64"\ngpus = [{ name = "NVIDIA A100-SXM4-40GB" }]\n'
        'driver = { version = "535.183.01", kernel_module_version = "535.183.01" }\n'
    )
    words = ["check", "requirements.txt", "--machine", "m.toml", "--format", form]
    assert run(words) == 1
    assert "driver-too-old" in capsys.readouterr().out
    assert run([*words, "--write-baseline", "b.json"]) == 0
    capsys.readouterr()
    assert run([*words, "--baseline", "b.json"]) == 0
    assert "no longer found" not in capsys.readouterr().err
    Path("requirements.txt").write_text("torch==2.7.1\n")
    assert run([*words, "--baseline", "b.json"]) == 0
    assert "b.json: no longer found: driver-too-old of" in capsys.readouterr().err
    assert run(["check", "-r", "none.txt"]) == 2
    assert "none.txt: No such file" in capsys.readouterr().err
