"""What must hold of every plan: its machine passes the check; where it says impossible, trying everything agrees."""

import os
from itertools import product

import small_matrix
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat import versions
from compat.check import check
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.model import Request
from compat.plan.offers import offers
from compat.plan.solve import plan
from compat.plan.solver.apply import applied
from compat.plan.ways.several import plan_for

CUDNN = ("8.7.0.84", "8.9.6.50", "9.1.0.70")
PINS = ("==8.7.0.84", "==9.1.0.70", ">=8.6,<9", ">=9,<10", ">=8.9.6")
TORCH = ("2.0.0", "2.1.0", "2.2.0")
TENSORFLOW = ("2.14.0", "2.15.0")


@st.composite
def rows(draw, package, releases, extra):
    """Builds of a package: CUDA, machine code, Pythons and a pin on cuDNN, all drawn."""
    found = []
    for release in releases:
        cuda = draw(st.sampled_from(["11.8", "12.4"]))
        pin = f"nvidia-cudnn-cu{cuda[:2]}{draw(st.sampled_from(PINS))}"
        text = small_matrix.build(
            package,
            release,
            cuda=cuda,
            sass=draw(st.sampled_from([["6.1"], ["8.6"], ["6.1", "8.6"]])),
            python=draw(st.sampled_from([["3.10"], ["3.11"], ["3.10", "3.11"]])),
            requires=[] if extra else [pin],
        )
        if extra:
            text += f"[build.extras]\n{extra} = [\"{pin}; extra == '{extra}'\"]\n"
        found.append(text)
    return "\n".join(found)


CUDNN_ROWS = "\n".join(
    small_matrix.build(f"nvidia-cudnn-cu{major}", release, cuda=major, sass=[], python=["3.10", "3.11", "3.12"])
    for major in ("11", "12")
    for release in CUDNN
)
# As the real wheels do (matrix/library-packages.toml), so that no two CUDA majors go together.
WRITES = small_matrix.SOURCED.format(component="library-packages") + "".join(
    f"""
[[writes]]
file = "nvidia/cudnn/lib/libcudnn.so"
package = "nvidia-cudnn-cu{major}"
range = "*"
of_major = true
source = "s"
"""
    for major in ("11", "12")
)
MACHINES = st.builds(
    small_matrix.machine,
    driver=st.sampled_from(["450.36", "470.82.01", "535.54.03", "580.95.05"]),
    capability=st.sampled_from(["6.1", "8.6"]),
    python=st.sampled_from(["3.10", "3.11", "3.12"]),
)
ASKED = st.sampled_from(
    [
        {"torch": "*"},
        {"torch": "2.1"},
        {"tensorflow": "*"},
        {"torch": "*", "tensorflow": "*"},
        {"torch": "2.x", "tensorflow": "2.15"},
        {"torch": "2.0", "tensorflow": "*"},
    ]
)
OFTEN = settings(
    max_examples=int(os.environ.get("PLAN_EXAMPLES", "60")),  # many more for a long run
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def matrix_of(folder, torch: str, tensorflow: str, **more: str) -> Matrix:
    return small_matrix.small(
        folder, torch=torch, tensorflow=tensorflow, cudnn=CUDNN_ROWS, **{"library-packages": WRITES}, **more
    )


LISTED = small_matrix.HEAD.format(
    component="server", names='["server"]', accelerator="always", cuda_from="itself"
).replace("[package]", '[package]\nmodule = "server"')


@st.composite
def servers(draw):
    """Releases of a package that only the matrix knows, each made for one torch or a range of them."""
    pins = st.sampled_from(["torch==2.0.0", "torch==2.1.0", "torch>=2.1", "torch<2.2,>=2.0", "torch==2.2.0"])
    found = []
    for release in ("0.1.0", "0.2.0"):
        cuda = draw(st.sampled_from(["11.8", "12.4"]))
        sass = draw(st.sampled_from([["6.1"], ["8.6"], ["6.1", "8.6"]]))
        requires = [draw(pins), *draw(st.sampled_from([[], ["nvidia-cudnn-cu12>=9"], ["nvidia-cudnn-cu11<9"]]))]
        found.append(small_matrix.build("server", release, cuda=cuda, sass=sass, requires=requires))
    return LISTED + "\n".join(found)


def fits(machine: Machine, choices: tuple, matrix: Matrix) -> bool:
    """Is there a release of each shared package with which the machine passes? Every one is tried."""
    chosen = {choice.distribution: choice for choice in choices}
    pins = [pin for choice in choices for pin in choice.pins]
    for pin in pins:
        if pin.name in chosen and not versions.parse_range(pin.range).admits(chosen[pin.name].public):
            return False
    pins = [pin for pin in pins if pin.name not in chosen]
    names = sorted({pin.name for pin in pins})
    if len({name[-4:] for name in names}) > 1:
        return False  # cuDNN of two CUDA majors writes the same files
    for releases in product(CUDNN, repeat=len(names)):
        shared = dict(zip(names, releases, strict=True))
        if any(versions.parse_range(pin.range).admits(shared[pin.name]) is not True for pin in pins):
            continue
        after = applied(machine, choices, shared, matrix)
        reports = [check(after, parse(f"use:{choice.component}"), matrix) for choice in choices]
        if all(report.verdict == "compatible" for report in reports) and not any(
            small_matrix.file_faults(after, choice, matrix) for choice in choices
        ):
            return True
    return False


@OFTEN
@given(
    machine=MACHINES, asked=ASKED, torch=rows("torch", TORCH, ""), tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda")
)
def test_plans_pass_the_check_and_impossible_is_so(tmp_path_factory, machine, asked, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    wanted = requests(asked)
    answer = plan(machine, wanted, matrix)
    columns = [list(offers(request.component, machine, matrix, request.text, True)) for request in wanted]
    exists = any(fits(machine, choices, matrix) for choices in product(*columns))
    assert (answer.outcome != "impossible") == exists
    if answer.outcome != "impossible":
        for goal in answer.goals:
            assert check(answer.result, goal, matrix).verdict == "compatible"
        for request in answer.requests:
            installed = (answer.result.packages or {})[request.component]
            assert versions.parse_range(request.text).admits(versions.parse(installed).public)
    else:
        assert answer.conflict
        for lift in answer.lifts:
            assert lift.steps


@OFTEN
@given(
    machine=MACHINES, asked=ASKED, torch=rows("torch", TORCH, ""), tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda")
)
def test_what_lifts_a_conflict_lifts_it(tmp_path_factory, machine, asked, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    answer = plan(machine, requests(asked), matrix)
    for lift in answer.lifts:
        if not {"environment", "versions"} & set(lift.allow):
            assert plan(machine, requests(asked), matrix, allow=lift.allow).outcome == "planned"


@OFTEN
@given(
    one=MACHINES,
    other=MACHINES,
    asked=ASKED,
    torch=rows("torch", TORCH, ""),
    tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda"),
)
def test_two_machines_get_the_same_builds_where_there_are_such(tmp_path_factory, one, other, asked, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    wanted = requests(asked)
    answer = plan_for((one, other), wanted, matrix, None, frozenset(), "installed", False)
    suiting = [
        {
            tuple(choice.label for choice in choices)
            for choices in product(*(offers(asked.component, machine, matrix, asked.text, True) for asked in wanted))
            if fits(machine, choices, matrix)
        }
        for machine in (one, other)
    ]
    assert all(mine.outcome != "impossible" for mine in answer) == bool(suiting[0] & suiting[1])
    if suiting[0] & suiting[1]:
        first, second = ({choice.label for choice in mine.choices} for mine in answer)
        assert first == second


@OFTEN
@given(machine=MACHINES, torch=rows("torch", TORCH, ""), tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda"))
def test_planning_again_after_a_plan_has_nothing_to_do(tmp_path_factory, machine, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    answer = plan(machine, requests({"torch": "*", "tensorflow": "*"}), matrix)
    if answer.outcome == "planned":
        again = plan(answer.result, requests({"torch": "*", "tensorflow": "*"}), matrix)
        assert again.outcome == "nothing-to-do"
        assert again.result.packages == answer.result.packages


@OFTEN
@given(machine=MACHINES, torch=rows("torch", TORCH, ""), server=servers(), text=st.sampled_from(["*", "==0.1.0"]))
def test_what_only_the_matrix_knows_is_planned_as_well(tmp_path_factory, machine, torch, server, text):
    """A package of one data entry: torch is chosen with it, and impossible is so for every pair."""
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, "", server=server)
    answer = plan(machine, (Request("server", text),), matrix)
    assert [one.component for one in answer.requests] == ["server", "torch"]
    columns = [list(offers(one.component, machine, matrix, one.text, True)) for one in answer.requests]
    exists = any(fits(machine, choices, matrix) for choices in product(*columns))
    assert (answer.outcome != "impossible") == exists
    if exists:
        for goal in answer.goals:
            assert check(answer.result, goal, matrix).verdict == "compatible"
    else:
        assert answer.conflict
