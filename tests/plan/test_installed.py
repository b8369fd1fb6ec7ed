"""What is installed: kept where it fits, moved where it has to, and never broken for what was not asked for."""

import pytest
import small_matrix

from compat.check import check
from compat.goals import parse
from compat.machine import Build, Container, Damage, Driver, Duplicate, Gpu, Libcuda, Library, Machine
from compat.plan.asking.request import requests
from compat.plan.model import Reason
from compat.plan.solve import plan
from compat.records import replace
from scripts.fixtures.described import UBUNTU

BASE = replace(
    UBUNTU,
    name="test",
    python="3.10.12",
    gpus=(Gpu("NVIDIA GeForce RTX 3090"),),
    driver=Driver(version="580.95.05"),
)


def planned(machine, real, goal=None, allow=(), **asked):
    return plan(machine, requests(asked), real, parse(goal) if goal else None, allow)


def test_what_fits_stays(real):
    machine = replace(BASE, packages={"torch": "2.6.0"})
    for text in ("2.6", "2.x", "*", ">=2.4"):
        answer = planned(machine, real, torch=text)
        assert (answer.outcome, answer.steps) == ("nothing-to-do", ())


def test_what_does_not_fit_the_request_moves(real):
    answer = planned(replace(BASE, packages={"torch": "2.5.1"}), real, torch="2.6")
    assert [(step.kind, step.before, step.after) for step in answer.steps] == [("package", "2.5.1", "2.6.0")]


def test_prefer_newest_leaves_what_is_installed(real):
    answer = plan(replace(BASE, packages={"torch": "2.6.0"}), requests({"torch": "2.x"}), real, prefer="newest")
    assert answer.outcome == "planned"
    assert answer.choices[0].version != "2.6.0"


def test_another_build_of_the_same_release_is_the_least_change(real):
    machine = replace(BASE, gpus=(Gpu("Tesla V100-SXM2-16GB"),), packages={"torch": "2.11.0+cu128"})
    answer = planned(machine, real, torch="*")
    assert answer.choices[0].public == "2.11.0"
    assert answer.choices[0].version != "2.11.0+cu128"
    assert check(answer.result, parse("use:torch"), real).verdict == "compatible"
    removal = answer.steps[0]
    assert (removal.before, removal.after) == ("torch", "removed")
    assert removal.commands[0].argv[-2:] == ("--yes", "torch")


def test_the_cpu_distribution_makes_way(real):
    answer = planned(replace(BASE, packages={"onnxruntime": "1.22.0", "numpy": "2.1.0"}), real, onnxruntime="1.22")
    assert answer.steps[0].commands[0].argv[-1] == "onnxruntime"
    assert "onnxruntime" not in answer.result.packages
    assert answer.result.packages["numpy"] == "2.1.0"


def test_numpy_moves_where_the_metadata_is_silent(real):
    answer = planned(replace(BASE, packages={"numpy": "2.1.0"}), real, torch="2.1")
    assert answer.outcome == "planned"
    assert any("numpy<2" in word for step in answer.steps for one in step.commands for word in one.argv)
    assert answer.result.packages["numpy"] is None


def test_a_framework_that_would_break_gets_an_environment_of_its_own(real):
    machine = replace(
        BASE,
        packages={"tensorflow": "2.15.1", "nvidia-cudnn-cu12": "8.9.4.25"},
        libraries=(Library("cudnn", "8.9.4.25", "pip", loaded_by=("tensorflow",)),),
    )
    answer = planned(machine, real, torch="2.6")
    assert answer.steps[0].kind == "environment"
    assert "tensorflow" not in answer.result.packages
    assert answer.steps[1].commands[0].argv[0] == ".venv/bin/python"


def test_parts_of_the_cuda_major_that_is_left_go_first(real):
    machine = replace(BASE, packages={"torch": "2.6.0", "nvidia-cudnn-cu12": "9.1.0.70"})
    answer = planned(machine, real, torch=">=2.14")
    assert "nvidia-cudnn-cu12" in answer.steps[0].commands[0].argv
    assert "nvidia-cudnn-cu12" not in answer.result.packages


def test_torchvision_and_torchaudio_move_with_torch(real):
    machine = replace(BASE, packages={"torch": "2.5.1", "torchvision": "0.20.1", "torchaudio": "2.5.1"})
    answer = planned(machine, real, torch="2.6")
    after = answer.result.packages
    assert (after["torch"], after["torchvision"], after["torchaudio"]) == ("2.6.0", "0.21.0", "2.6.0")
    older = planned(replace(machine, driver=Driver(version="470.82.01")), real, torch="2.6")
    assert [step.after for step in older.steps] == ["2.6.0+cu118", "0.21.0+cu118", "2.6.0+cu118"]
    assert older.steps[1].commands[0].argv[-1] == "https://download.pytorch.org/whl/cu118"
    assert planned(machine, real, torch="2.5").outcome == "nothing-to-do"


def test_a_framework_that_stays_whole_is_left_beside(real):
    answer = planned(replace(BASE, packages={"torch": "2.6.0", "nvidia-cudnn-cu12": "9.1.0.70"}), real, tensorrt="10")
    assert [step.kind for step in answer.steps] == ["package"]
    assert answer.result.packages["torch"] == "2.6.0"


def test_damaged_files_are_installed_again(real):
    machine = replace(
        BASE, packages={"torch": "2.6.0"}, damaged=(Damage("torch", "torch/lib/libtorch_cuda.so", "truncated"),)
    )
    answer = planned(machine, real, torch="*")
    assert [step.after for step in answer.steps] == ["removed", "2.6.0"]
    assert answer.result.damaged == ()


def test_a_second_copy_is_no_plan_by_itself(real):
    machine = replace(BASE, packages={"torch": "2.6.0"}, duplicates=(Duplicate("torch", "1.2.0", "pip"),))
    answer = planned(machine, real, torch="*")
    assert check(answer.result, parse("use:torch"), real).verdict == "compatible"


REPAIRS = [
    ("gpus-hidden", {"variables": {"CUDA_VISIBLE_DEVICES": "-1"}}, "setting"),
    ("stub-library", {"libcuda": Libcuda(stub=True, path="/usr/local/cuda/lib64/stubs/libcuda.so.1")}, "setting"),
    ("compat-library-older-than-driver", {"libcuda": Libcuda("550.54.15", compat=True)}, "setting"),
    ("driver-library-mismatch", {"driver": Driver("580.95.05", kernel_module_version="575.57.08")}, "system"),
    ("device-node-missing", {"device_nodes": ("/dev/nvidia0", "/dev/nvidiactl")}, "system"),
]


@pytest.mark.parametrize(("rule", "fault", "kind"), REPAIRS, ids=[rule for rule, _, _ in REPAIRS])
def test_faults_that_no_package_mends(real, rule, fault, kind):
    machine = replace(BASE, packages={"torch": "2.6.0"}, **fault)
    assert rule in {one.rule for one in check(machine, parse("use:torch"), real).errors}
    answer = planned(machine, real, torch="*")
    assert [step.kind for step in answer.steps] == [kind]
    assert answer.steps[0].why[0].rule == rule
    assert check(answer.result, parse("use:torch"), real).verdict == "compatible"


def test_a_container_is_started_anew_only_where_that_is_allowed(real):
    machine = replace(BASE, environment=("docker",), gpus=(), driver=Driver(), container=Container(gpu_access=False))
    answer = planned(machine, real, torch="2.6")
    assert [lift.allow for lift in answer.lifts] == [("container",)]
    allowed = planned(machine, real, allow=("container",), torch="2.6")
    assert [step.kind for step in allowed.steps] == ["container", "package"]


def test_a_system_folder_in_front_is_taken_off_the_path(real):
    copy = Library("cudnn", "8.9.7", "system", path="/usr/lib/x86_64-linux-gnu/libcudnn.so.8")
    machine = replace(BASE, libraries=(copy,), variables={"LD_LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu"})
    answer = planned(machine, real, torch="2.5")
    assert [step.kind for step in answer.steps] == ["setting", "package"]
    assert answer.steps[0].why[0].rule == "library-shadowed"


def test_a_gpu_that_newer_drivers_dropped_gets_the_last_that_serves_it(real):
    machine = replace(BASE, gpus=(Gpu("NVIDIA GeForce GTX 1080 Ti"),), driver=Driver(version="595.58.03"))
    answer = planned(machine, real, goal="use:gpu")
    assert answer.lifts[0].needs.startswith("driver 580.")
    assert planned(machine, real, goal="use:gpu", allow=("driver",)).outcome == "planned"


def test_what_the_description_asks_for_is_the_request(real):
    machine = replace(BASE, python="3.12.1", request={"tensorrt": "==8.6.1.post1"})
    answer = planned(machine, real, goal="install:tensorrt")
    assert [one.rule for one in answer.conflict] == ["python-unsupported", "request"]


def test_a_build_that_is_known_by_its_cuda_only_stays(real):
    machine = replace(
        BASE, packages={"torch": None}, builds={"torch": Build(cuda="12.4", architectures=("sm_80", "sm_86"))}
    )
    assert planned(machine, real, goal="use:torch").outcome == "nothing-to-do"


def test_every_reason_has_a_rule_of_the_catalogue(real):
    from compat.rules import CATALOGUE

    for asked in ({"torch": "2.6"}, {"tensorflow": "2.20", "torch": "2.1"}, {"jax": "*"}):
        answer = plan(replace(BASE, driver=Driver(version="470.82.01")), requests(asked), real)
        said: list[Reason] = [*answer.conflict, *(why for step in answer.steps for why in step.why)]
        assert said
        assert all(one.rule in (*CATALOGUE, "request") and one.message for one in said)


def test_the_small_matrix_is_enough_to_plan(tmp_path):
    matrix = small_matrix.small(tmp_path / "m", torch=small_matrix.build("torch", "2.1.0"))
    assert plan(small_matrix.machine(), requests({"torch": "*"}), matrix).outcome == "planned"


def test_what_is_installed_is_no_answer_without_the_drivers_library(real):
    box = Machine(os="linux", python="3.7", missing_libraries=("libcuda.so.1",), packages={"cupy": None})
    answer = plan(box, (), real, parse("use:cupy"))
    assert [one.rule for one in answer.conflict] == ["driver-missing"]
    moved = plan(box, (), real, parse("use:cupy"), allow=["driver"])
    assert [step.kind for step in moved.steps] == ["driver"]
