"""Plans in every format: the same facts, in a reader's order, nothing of them markup, the picture true."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from compat.cli.app import run
from compat.cli.plan import command
from compat.description import load
from compat.goals import parse
from compat.install import known, planfile
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands import interpreters, python
from compat.plan.model import Lift, Plan, Reason, Step
from compat.plan.solve import plan
from compat.plan.steps.cost import KINDS, Cost, cost
from compat.records import replace
from compat.report.plan import FORMATS, as_data, mermaid, render, svg, words
from compat.report.plan.picture import Row, rows
from compat.rules.base import REGISTRY

ROOT = Path(__file__).parent.parent.parent
DESCRIBED = ROOT / "tests" / "machines" / "described"
WORKSTATION = next(iter(load(str(ROOT / "compat" / "examples" / "workstation.toml"))))
RTX3090 = next(iter(load(str(DESCRIBED / "rtx3090-driver470.toml"))))
HOSTILE = """<script>alert(1)</script>"]; click x "javascript:y" `|` & é end"""


@pytest.fixture(scope="module")
def plans(matrix: Matrix) -> dict[str, Plan]:
    """A planned one with alternatives of every kind, an impossible one that can be lifted, one of nothing to do."""
    everything = ("driver", "python", "container")
    first = plan(WORKSTATION, requests({"torch": "2.x"}), matrix, None, everything, "installed", True)
    return {
        "planned": first,
        "impossible": plan(RTX3090, requests({"tensorflow": "2.15"}), matrix),
        "nothing": plan(replace(first.result, name="done"), requests({"torch": "2.x"}), matrix),
        "hostile": plan(replace(WORKSTATION, name=HOSTILE, distribution=HOSTILE), requests({"torch": "2.x"}), matrix),
    }


def shown(one: Plan, form: str, matrix: Matrix, installer: str = "pip") -> str:
    return "\n".join(render([one], matrix, form, installer))


def steps_of(one: Plan) -> list[Step]:
    return [*one.steps, *(step for lift in one.lifts for step in lift.steps)]


def test_a_goal_that_asks_for_no_package_is_named(matrix: Matrix) -> None:
    assert words.asked(plan(WORKSTATION, (), matrix, parse("start:container"))) == "start:container"


@pytest.mark.parametrize("form", sorted({*FORMATS} - {"dockerfile"}))
def test_every_format_says_what_there_is_to_say(plans: dict[str, Plan], matrix: Matrix, form: str) -> None:
    for name in ("planned", "impossible"):
        text = re.sub(r"\s+", " ", shown(plans[name], form, matrix)).replace("\\", "").replace("&#x27;", "'")
        for step in steps_of(plans[name]):
            wanted = next(iter(words.commands(step, "pip")), None)
            assert wanted is None or wanted.shell in text
            for reason in step.why:
                assert reason.rule in text
        for reason in plans[name].conflict:
            assert reason.rule in text
    assert plans["planned"].steps[0].after in shown(plans["planned"], form, matrix)


def test_the_command_line_has_every_format() -> None:
    choice = next(one for one in command.params if one.name == "form").type
    assert list(choice.choices) == list(FORMATS)  # type: ignore[attr-defined]


def test_each_step_says_what_made_it_necessary(plans: dict[str, Plan]) -> None:
    documented = (ROOT / "docs" / "plan.md").read_text().partition("## Reasons\n")[2].partition("\n## ")[0]
    named = re.findall(r"(?m)^\| `([\w-]+)` \|", documented)
    for one in plans.values():
        for step in [*steps_of(one), *(step for other in one.alternatives for step in other.steps)]:
            needed = [reason for reason in step.why if reason.role == "needed"]
            assert needed, step
            assert step.why[: len(needed)] == tuple(needed), step  # first what a reader asks first
            for reason in step.why:
                assert reason.rule in REGISTRY or reason.rule in named, reason
                assert reason.message


def test_one_fact_is_said_once(plans: dict[str, Plan], matrix: Matrix) -> None:
    """2.5.1+cu124 and 2.5.1 are one installed package, not two."""
    (step,) = plans["planned"].steps
    needed = [reason for reason in step.why if reason.role == "needed"]
    assert {reason.rule for reason in needed} == {"gpu-not-in-build"}
    assert sum("2.5.1+cu124" in reason.message for reason in needed) == 1  # cuDNN, which came with it, has its own
    assert len({(reason.role, reason.message) for reason in step.why}) == len(step.why)
    lines = shown(plans["planned"], "text", matrix).splitlines()
    sources = [line for line in lines if re.match(r"  \[\d+\]", line)]
    assert len(sources) == len({line[6:] for line in sources}) >= 2


def test_a_newer_release_that_is_passed_over_has_a_reason(plans: dict[str, Plan]) -> None:
    over = [reason for reason in plans["planned"].steps[0].why if reason.role == "passed over"]
    assert over
    assert all(reason.source and reason.rule in REGISTRY for reason in over)


@pytest.mark.parametrize("name", ["planned", "impossible", "nothing", "hostile"])
def test_text_fits_into_80_columns(plans: dict[str, Plan], matrix: Matrix, name: str) -> None:
    for line in shown(plans[name], "text", matrix).splitlines():
        assert len(line) <= 80 or "$ " in line, line


class Page(HTMLParser):
    """What a browser would make of it: open elements, what is fetched, what is run."""

    VOID = ("meta", "br", "rect", "path", "hr", "img", "link")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src", "action", "data", "xlink:href"):
                self.addresses.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", ["planned", "impossible", "nothing", "hostile"])
def test_the_page_stands_alone(plans: dict[str, Plan], matrix: Matrix, name: str) -> None:
    text = shown(plans[name], "html", matrix)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert not {"script", "iframe", "object", "embed", "img", "link", "form"} & set(page.seen)
    inside = [one for one in page.addresses if one.startswith("#")]
    assert all(re.fullmatch(r"#source-\d+", one) and f'id="{one[1:]}"' in text for one in inside)
    # What leads out of it are addresses that the matrix or the planner names, followed by nobody but the reader.
    assert all(re.fullmatch(r'https://[\w.-]+/[^\s"<>]*', one) for one in page.addresses if one not in inside)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert "default-src 'none'" in text
    if name == "hostile":
        assert HOSTILE in page.text


@pytest.mark.parametrize("name", ["planned", "impossible", "hostile"])
def test_the_picture_has_every_layer_and_nothing_sticks_out(plans: dict[str, Plan], matrix: Matrix, name: str) -> None:
    found = rows(plans[name], matrix)
    root = ElementTree.fromstring("\n".join(svg.lines(found, plans[name].outcome == "planned")))
    space = "{http://www.w3.org/2000/svg}"
    left, _, width, height = map(float, root.attrib["viewBox"].split())
    names = [one.text for one in root.iter(f"{space}text") if one.attrib.get("class") == "name"]
    assert names == [row.name for row in reversed(found)]  # the GPU at the bottom
    assert names[-1] == "GPU"
    boxes = [
        {key: float(one.attrib[key]) for key in ("x", "y", "width", "height")} for one in root.iter(f"{space}rect")
    ]
    assert boxes
    for box in boxes:
        assert left <= box["x"]
        assert box["x"] + box["width"] <= left + width
        assert box["y"] + box["height"] <= height
    for group in root.iter(f"{space}g"):
        box = group.find(f"{space}rect")
        if box is None:
            continue
        for text in group.iter(f"{space}text"):
            if text.attrib.get("class") != "sign":
                assert len(text.text or "") * 6.2 < float(box.attrib["width"])
                assert float(text.attrib["y"]) < float(box.attrib["y"]) + float(box.attrib["height"])


def test_the_picture_is_true(plans: dict[str, Plan], matrix: Matrix) -> None:
    by_name = {row.name: row for row in rows(plans["planned"], matrix)}
    torch = by_name["torch"]
    assert (torch.state, torch.broken) == ("changes", True)
    assert torch.reason.startswith("gpu-not-in-build")
    assert "2.5.1+cu124" in torch.before
    assert plans["planned"].steps[0].after in torch.after
    assert (by_name["driver"].state, by_name["driver"].broken) == ("stays", False)
    assert by_name["GPU"].before == by_name["GPU"].after
    driver = next(one for one in plans["planned"].alternatives if cost(one).kind == "driver")
    moved = {row.name: row.state for row in rows(driver, matrix)}
    assert moved["driver"] == "changes"
    assert moved["GPU"] == "stays"
    way = rows(plans["impossible"], matrix)
    assert all(row.before == row.after for row in way)
    assert [(row.name, row.reason) for row in way if row.broken] == [("driver", "driver-too-old")]


@pytest.mark.parametrize("name", ["planned", "impossible", "hostile"])
def test_the_diagram_is_mermaid(plans: dict[str, Plan], matrix: Matrix, name: str) -> None:
    text = shown(plans[name], "markdown", matrix)
    diagram = re.search(r"(?s)```mermaid\n(.*?)\n```", text)
    assert diagram is not None
    lines = diagram[1].splitlines()
    assert lines[1] == "flowchart LR"
    assert sum(line.strip() == "end" for line in lines) == sum("subgraph" in line for line in lines)
    boxes = [line for line in lines if ":::" in line]
    for line in boxes:
        assert re.fullmatch(r'    \w+\d+\["<b>[\w .,:()+/#;-]+</b><br/>[\w .,:()+/#;<>-]+"\]:::\w+', line), line
        assert set(re.findall(r"<[^>]*>", line)) <= {"<b>", "</b>", "<br/>"}
    classes = {line.rpartition(":::")[2] for line in boxes}
    assert classes <= {line.split()[1] for line in lines if "classDef" in line}
    assert "broken" in classes


def test_a_layer_that_goes_and_one_that_comes() -> None:
    found = (Row("GPU", "A", "A", "stays"), Row("old", "1", "", "goes"), Row("new", "", "2", "new"))
    text = "\n".join(mermaid.lines(found, True))
    assert "<b>old</b><br/>1" in text.partition("after the plan")[0]
    assert "<b>old</b>" not in text.partition("after the plan")[2]
    assert "<b>new</b>" not in text.partition("after the plan")[0]
    assert "  now ==> then" in text
    assert "style then" in text
    alone = "\n".join(mermaid.lines(found, False))
    assert "then" not in alone  # where there is no plan
    drawn = "\n".join(svg.lines(found, True))
    assert 'class="goes"' in drawn
    assert 'class="new"' in drawn
    ElementTree.fromstring(drawn)


def test_markdown_says_nothing_as_markup(plans: dict[str, Plan], matrix: Matrix) -> None:
    text = shown(plans["hostile"], "markdown", matrix)
    assert "<script>" not in text
    assert r"\<script\>" in text
    table = shown(plans["planned"], "markdown", matrix).partition("### Alternatives")[2].partition("### Sources")[0]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines() if line.startswith("|")}
    assert widths == {4}


def test_alternatives_are_various_and_in_order(plans: dict[str, Plan], matrix: Matrix) -> None:
    best = plans["planned"]
    costs = [cost(one) for one in best.alternatives]
    assert [one.rank for one in costs] == sorted(one.rank for one in costs)
    assert {one.kind for one in costs} == {"packages", "environment", "python", "container", "driver"}
    made = [(cost(one).kind, tuple(choice.label for choice in one.choices)) for one in (best, *best.alternatives)]
    assert len(set(made)) == len(made)
    assert cost(best).rank <= min(one.rank for one in costs)
    driver = next(one for one in costs if one.kind == "driver")
    assert (driver.restart, driver.root) == (True, True)
    assert not any(one.restart or one.root for one in costs if one.kind != "driver")


def test_costs_in_data_and_the_plan_file_takes_them(plans: dict[str, Plan], matrix: Matrix) -> None:
    data = json.loads(shown(plans["planned"], "json", matrix))
    assert set(data["cost"]) == {"kind", "packages", "restart", "root"}
    assert len(data["alternatives"]) >= 5
    for one in data["alternatives"]:
        assert one["cost"]["kind"] in KINDS
        assert one["alternatives"] == []
        planfile.from_data(one, known.names(matrix))
    planfile.from_data(data, known.names(matrix))
    assert "cost" not in as_data(plans["impossible"], matrix)


def test_what_a_plan_costs(plans: dict[str, Plan]) -> None:
    assert cost(plans["nothing"]) == Cost("nothing", 0, False, False)
    reboot = Step("system", "driver", None, "restarted", (), (words.Command("system", ("sudo", "reboot")),), True)
    assert cost(replace(plans["nothing"], steps=(reboot,))) == Cost("setting", 0, True, True)


@pytest.mark.parametrize(("packages", "said"), [({"a": "1"}, "1 package"), ({"a": "1", "b": "2"}, "2 packages")])
def test_costs_in_words(packages: dict[str, str], said: str) -> None:
    step = Step("package", "a", None, "1", (), (words.Command("pip", ("python", "-m", "pip", "install", "a==1")),))
    made = Plan("planned", Machine(packages={}), (), (), (step,), Machine(packages=packages))
    assert words.costs(made) == f"packages only, {said}, no restart, no administrator"
    own = replace(made, steps=(replace(step, commands=()),))
    assert words.costs(own) == f"packages only, {said}, no restart, no administrator, a step by hand"


def test_the_python_of_pip_may_take_an_administrator(matrix: Matrix) -> None:
    """uv and conda fetch it; it is no step by hand, and no certain need of an administrator."""
    ubuntu = replace(WORKSTATION, packages={}, distribution="ubuntu", distribution_version="24.04", python="3.12.3")
    for line, said in (("3.11", " unless pip's Python has to be installed"), ("3.14", "")):
        step = interpreters.told(
            Step("python", "python", None, line, (), python.environment(ubuntu, line, ".venv")), ubuntu, matrix
        )
        made = Plan("planned", ubuntu, (), (), (step,), ubuntu)
        assert words.costs(made) == f"a new environment with another Python, no restart, no administrator{said}"


def test_what_conda_brings_along_is_not_counted(matrix: Matrix) -> None:
    machine = replace(WORKSTATION, packages={}, builds={})
    made = plan(machine, requests({"tensorflow": "2.19"}), matrix, prefer="newest", conda=True)
    assert made.outcome == "planned"
    assert cost(made).packages is None
    assert words.costs(made) == "a new environment, the present one stays as it is, no restart, no administrator"


def test_the_driver_of_a_jetson_is_that_of_its_system(matrix: Matrix) -> None:
    (jetson,) = load(str(DESCRIBED / "xavier-nx-jetpack5.toml"))
    driver = next(row for row in rows(plan(jetson, requests({"torch": "*"}), matrix), matrix) if row.name == "driver")
    assert re.fullmatch(r"part of Jetson Linux 35\.[\d.]+", driver.before), driver


def test_what_would_lift_it_names_the_options_there_are() -> None:
    assert words.lift(Lift(("python", "x"), "Python 3.12")) == "Python 3.12 (--allow python)"
    assert words.lift(Lift((), "another GPU")) == "another GPU"


def test_sources_are_numbered_once() -> None:
    sources = words.Sources()
    assert sources.number(Reason("a", "b", "one")) == 1
    assert sources.number(Reason("c", "d", "two")) == 2
    assert sources.number(Reason("e", "f", "one")) == 1
    assert sources.number(Reason("e", "f", "")) is None
    assert sources.number(Reason("request", "torch is asked for.", "--torch 2.6")) is None
    assert sources.listed == [(1, "one"), (2, "two")]


def test_several_machines_in_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    machines = [str(DESCRIBED / "h100-driver535.toml"), str(DESCRIBED / "rtx3090-driver470.toml")]
    for form in ("markdown", "html", "text"):
        assert (
            run(["plan", "--torch", "2.6", "--machine", machines[0], "--machine", machines[1], "--format", form]) == 0
        )
        text = capsys.readouterr().out
        assert "H100, driver 535" in text
        assert "RTX 3090, driver 470" in text
        assert text.count("<html") <= 1


def test_nothing_in_the_picture_runs_over_its_box() -> None:
    rows = [
        Row("nvidia-tensorrt-model-optimizer-extended", "W" * 80, "\u6f22" * 60, "changes"),
        Row("GPU", "8 x NVIDIA RTX PRO 6000 Blackwell Server Edition (12.0)", "", "broken", True, "a-rule " * 9),
    ]
    text = "\n".join(svg.lines(rows, True))
    rects = [
        tuple(map(float, one)) for one in re.findall(r'<rect x="(\d+)" y="([\d.]+)" width="(\d+)" height="(\d+)"', text)
    ]
    for x, y, said in re.findall(r'<text(?: class="reason")? x="(\d+)" y="([\d.]+)">([^<]+)</text>', text):
        box = next(one for one in rects if one[0] <= float(x) < one[0] + one[2] and one[1] < float(y) < one[1] + one[3])
        wide = sum(13 if one in "W\u6f22" else 7.3 for one in said)
        assert float(x) + wide <= box[0] + box[2]
    names = re.findall(r'<text class="name" x="0" y="[\d.]+">([^<]+)</text>', text)
    assert names == ["GPU", "nvidia-tensorrt-model-", "optimizer-extended"]


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_alternatives_say_who_knows_the_download(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"
    assert run(["plan", "--torch", "2.6", "--machine", str(machine), "--alternatives", "--format", form]) == 0
    said = " ".join(capsys.readouterr().out.split()).replace("\\", "")
    assert "How much there is to download only the index knows" in said
