"""Environment markers, and one release for packages that several builds share."""

import pytest
import small_matrix

from compat.machine import Machine
from compat.markers import applies
from compat.plan.asking.request import requests
from compat.plan.model import Pin
from compat.plan.solve import plan
from compat.plan.solver.companions import complement
from compat.plan.solver.pins import Shared, shared
from compat.records import replace
from scripts.fixtures.described import with_gpu

LINUX = Machine(os="linux", arch="x86_64", python="3.10.12")
WINDOWS = Machine(os="windows", arch="x86_64", python="3.9.1")


@pytest.mark.parametrize(
    ("marker", "linux", "windows"),
    [
        ('platform_system == "Linux" and platform_machine == "x86_64"', True, False),
        ('sys_platform == "win32"', False, True),
        ("platform_system == 'Linux' and (platform_machine == 'arm64' or platform_machine == 'aarch64')", False, False),
        ('python_version < "3.10"', False, True),
        ('python_version >= "3.9" and python_version < "3.11"', True, True),
        ('platform_machine != "arm64" or platform_system != "Darwin"', True, True),
        ("extra == 'and-cuda'", False, False),
        ("python_version not in '3.8'", True, True),
        ("", True, True),
    ],
)
def test_markers(marker, linux, windows):
    assert applies(marker, LINUX) is linux
    assert applies(marker, WINDOWS) is windows


def test_the_extra_that_is_asked_for_counts():
    assert applies("extra == 'and-cuda'", LINUX, "and-cuda")


def test_unknown_python_leaves_a_requirement_in():
    assert applies('python_version < "3.9"', Machine(os="linux"))


CUDNN = "\n".join(
    small_matrix.build("nvidia-cudnn-cu12", text, cuda="12", sass=[]) for text in ("8.9.2.26", "9.1.0.70", "9.5.1.17")
)


WRITES = "".join(
    f'[[writes]]\nfile = "libcudnn.so.{major}"\npackage = "nvidia-cudnn-{cuda}"\nrange = "{range}"\nsource = "s"\n'
    for major, cuda, range in (("8", "cu11", "<9"), ("8", "cu12", "<9"), ("9", "cu12", ">=9"), ("9", "cu13", "*"))
)


@pytest.fixture
def matrix(tmp_path):
    return small_matrix.small(tmp_path / "m", cudnn=f"{CUDNN}\n{WRITES}")


def pin(text, by="a", name="nvidia-cudnn-cu12", **more):
    return Pin(name, text, by, **more)


def test_the_newest_that_suits_all(matrix):
    found = shared([pin(">=9,<10"), pin("<9.5", "b")], LINUX, matrix)
    assert isinstance(found, Shared)
    assert found.releases == {"nvidia-cudnn-cu12": "9.1.0.70"}


def test_what_is_installed_stays(matrix):
    machine = small_matrix.machine()
    here = type(machine)(os="linux", arch="x86_64", packages={"nvidia_cudnn_cu12": "9.1.0.70"})
    assert shared([pin(">=9")], here, matrix).releases == {"nvidia-cudnn-cu12": "9.1.0.70"}


@pytest.mark.parametrize(
    "pins",
    [
        [pin("==9.1.0.70"), pin("==8.9.2.26", "b")],
        [pin("==9.1.0.70"), pin(">=9.3", "b")],
        [pin("==8.9.2.26"), pin("*", "b", unread=True)],
        [pin(">=2,<3", name="made-up"), pin("<2", "b", name="made-up")],
        [pin("~=12.0", name="made-up"), pin("~=13.0", "b", name="made-up")],
    ],
)
def test_demands_that_cannot_be_met(matrix, pins):
    found = shared(pins, LINUX, matrix)
    assert isinstance(found, tuple)
    assert [one.rule for one in found] == ["package-versions-mismatch"]
    assert "a requires" in found[0].message or "b requires" in found[0].message


@pytest.mark.parametrize(
    "pins",
    [
        [pin("*", name="numpy"), pin("<2", "b", name="numpy")],
        [pin(">=1.2", name="numpy"), pin("<2", "b", name="numpy")],
        [pin("~=12.0", name="made-up"), pin(">=12.5,<13", "b", name="made-up")],
        [pin("*", unread=True)],
        [pin("==2.*", name="made-up"), pin(">=2.5", "b", name="made-up")],
    ],
)
def test_demands_whose_release_is_not_known(matrix, pins):
    found = shared(pins, LINUX, matrix)
    assert isinstance(found, Shared)
    assert found.releases == {pins[0].name: None}


@pytest.mark.parametrize(
    ("other", "mine"),
    [
        (pin("*", name="nvidia-cudnn-cu11"), pin("*", "b")),
        (pin("==8.9.2.26", name="nvidia-cudnn-cu11"), pin(">=8.9,<9", "b")),
        (pin("==9.13.0.50", name="nvidia-cudnn-cu13"), pin("==9.5.1.17", "b")),
    ],
)
def test_parts_of_two_cuda_majors_write_the_same_files(matrix, other, mine):
    found = shared([other, mine], LINUX, matrix)
    assert isinstance(found, tuple)
    assert [one.rule for one in found] == ["mixed-cuda-majors"]


def test_parts_of_two_cuda_majors_that_write_files_of_their_own_go_together(matrix):
    found = shared([pin("==8.9.2.26", name="nvidia-cudnn-cu11"), pin("==9.5.1.17", "b")], LINUX, matrix)
    assert isinstance(found, Shared)
    here = type(LINUX)(os="linux", arch="x86_64", packages={"nvidia-cudnn-cu11": "8.9.2.26"})
    assert isinstance(shared([pin("*", name="nvidia-cudnn-cu11"), pin("==9.5.1.17", "b")], here, matrix), Shared)


@pytest.mark.parametrize(
    ("text", "outside"), [(">=2", "<2"), ("<4", ">=4"), (">3.20", "<=3.20"), ("==2.1", None), (">=1,<2", None)]
)
def test_the_range_outside_of_a_break(text, outside):
    assert complement(text) == outside


def test_a_demand_that_the_python_does_not_meet_is_refused_whatever_draws_it(real):
    limit = Pin("numpy", "==2.4.0", "requirements.txt:2", "requirements.txt:2")
    asked = tuple(replace(one, limits=(limit,)) for one in requests({"torch": "2.6"}))
    machine = with_gpu("NVIDIA GeForce RTX 3090", "550.54.14", python="3.10.12")
    here = plan(machine, asked, real)
    assert here.outcome == "impossible"
    assert [one.message for one in here.conflict] == [
        "requirements.txt:2 requires numpy==2.4.0, Python 3.10 requires numpy>=1.21.2,<=2.2.6."
    ]
    assert "numpy >=1.21.2,<=2.2.6 in place of ==2.4.0 (requirements.txt:2)" in [one.needs for one in here.lifts]
    moved = plan(machine, asked, real, allow=["python"])
    assert (moved.outcome, moved.result.python) == ("planned", "3.11")
    assert "Python 3.10 requires" in moved.steps[0].why[0].message


def test_where_no_system_is_told_the_builds_are_those_of_linux(real):
    machine = replace(with_gpu("NVIDIA GeForce RTX 3090", "550.54.14", python="3.10.12"), os=None, arch=None)
    (step, *_) = plan(machine, requests({"tensorflow": "2.8"}), real).steps
    assert "nvidia-cudnn-cu11" in step.commands[0].shell


def test_a_free_threaded_python_has_the_number_of_any_other() -> None:
    threaded = Machine(os="linux", python="3.13.1t")
    assert applies("python_full_version === '3.13.1' and python_version === '3.13'", threaded)
