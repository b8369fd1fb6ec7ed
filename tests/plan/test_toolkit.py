"""nvcc for what is to be compiled: another toolkit beside the present one."""

import pytest

from compat.check import check
from compat.goals import parse
from compat.machine import Driver, Gpu, Jetson, Machine, Model, Toolkit
from compat.plan.model import Request
from compat.plan.solve import plan
from compat.records import replace

BUILD = parse("build:cuda-extension")
BOX = Machine(
    os="linux",
    arch="x86_64",
    glibc="2.35",
    python="3.10.12",
    packages={},
    libraries=(),
    variables={},
    gpus=(Gpu("NVIDIA GeForce RTX 4090"),),
    driver=Driver("550.54.14"),
    model=Model(target="sm_89"),
)


@pytest.mark.parametrize(
    ("toolkits", "torch", "after"),
    [
        ((), "==2.5.1", "nvcc of CUDA 12.4"),
        ((Toolkit("11.6", "system"),), "*", "nvcc of CUDA 13.0"),  # 11.6 does not know sm_89
        ((Toolkit("12.9", "system"),), "==2.5.1", None),
        (None, "==2.5.1", "nvcc of CUDA 12.4"),  # whether there is one is not told
    ],
)
def test_a_compiler_that_is_not_there_is_a_step(real, toolkits, torch, after):
    answer = plan(replace(BOX, toolkits=toolkits), (Request("torch", torch),), real, BUILD)
    assert answer.outcome == "planned"
    found = [step.after.partition(",")[0] for step in answer.steps if step.component == "cuda-toolkit"]
    assert found == ([after] if after else [])
    assert check(answer.result, BUILD, real).verdict == "compatible"


def test_a_torch_that_stays_leaves_an_untold_compiler_alone(real):
    answer = plan(replace(BOX, packages={"torch": "2.5.1"}), (), real, BUILD)
    assert (answer.outcome, answer.steps) == ("nothing-to-do", ())


def test_an_installed_torch_needs_a_compiler_to_build_for_it(real):
    box = replace(BOX, toolkits=(), packages={"torch": "2.5.1+cu124"})
    answer = plan(box, (), real, BUILD)
    assert [(step.component, step.after.partition(",")[0]) for step in answer.steps] == [
        ("cuda-toolkit", "nvcc of CUDA 12.4")
    ]
    assert answer.result.toolkits == (Toolkit("12.4", "system"),)


def test_a_build_that_is_demanded_takes_a_toolkit_of_its_major(real):
    box = replace(
        BOX, toolkits=(Toolkit("12.9", "system", "/usr/local/cuda"),), variables={"CUDA_HOME": "/usr/local/cuda"}
    )
    answer = plan(box, (Request("torch", "==2.5.1", build="cu118"),), real, BUILD)
    assert [(step.component, step.before) for step in answer.steps] == [("cuda-toolkit", "12.9"), ("torch", None)]
    assert answer.result.toolkits == (Toolkit("11.8", "system"),)
    assert not answer.result.variables


def test_a_jetpack_keeps_its_own(real):
    board = Machine(
        model=Model(target="sm_87"),
        os="linux",
        arch="aarch64",
        python="3.10.12",
        packages={},
        jetson=Jetson(module="AGX Orin", jetpack="6.1", l4t="36.4"),
        environment=("jetson",),
        toolkits=(Toolkit("11.4", "system"),),
    )
    answer = plan(board, (), real, BUILD)
    assert "cuda-toolkit" not in {step.component for step in answer.steps}


def test_triton_takes_the_toolkits_ptxas_where_its_own_is_too_old(real):
    thor = Machine(
        os="linux",
        arch="aarch64",
        python="3.12.3",
        glibc="2.39",
        environment=("jetson",),
        gpus=(Gpu("NVIDIA Thor"),),
        driver=Driver("580.00"),
        toolkits=(Toolkit("13.0.48", "system"),),
        packages={"torch": "2.10.0+cu130", "triton": None},
        model=Model(target="sm_110a"),
    )
    answer = plan(thor, (), real, parse("use:triton"))
    assert [(step.kind, step.component) for step in answer.steps] == [("setting", "environment")]
    assert (answer.result.variables or {})["TRITON_PTXAS_PATH"] == "/usr/local/cuda-13.0/bin/ptxas"
    assert plan(replace(thor, toolkits=()), (), real, parse("use:triton")).conflict[0].rule == "ptxas-too-old"


FLASH = Request("flash-attn", "*", where="--package")


@pytest.mark.parametrize(
    ("toolkits", "brought"),
    [
        ((), "nvcc of CUDA 12.8"),
        ((Toolkit("12.4", "system"),), "nvcc of CUDA 12.8"),  # its major, but it does not know sm_120
        ((Toolkit("13.0", "system"),), "nvcc of CUDA 12.8"),
        ((Toolkit("12.9", "system"),), None),
        (None, "nvcc of CUDA 12.8"),  # nothing is known of one
    ],
)
def test_where_no_wheel_fits_it_is_compiled_with_what_that_takes(real, toolkits, brought):
    box = replace(BOX, toolkits=toolkits, gpus=(Gpu("NVIDIA GeForce RTX 5090"),), driver=Driver("610.43.02"))
    answer = plan(box, (Request("torch", "==2.9.*"), FLASH), real)
    assert answer.outcome == "planned"
    compilers = [step.after.partition(",")[0] for step in answer.steps if step.kind == "system"]
    assert compilers == ([brought] if brought else [])
    tools, last = answer.steps[-2:]
    assert "ninja" in tools.component
    assert last.commands[0].argv[-2:] == ("--no-build-isolation", f"flash-attn=={last.after}")
    assert check(answer.result, parse("use:flash-attn"), real).verdict == "compatible"


def test_a_wheel_goes_before_what_has_to_be_compiled(real):
    answer = plan(BOX, (FLASH,), real)
    assert "cxx11abi" in next(step.after for step in answer.steps if step.component == "flash-attn")


@pytest.mark.parametrize("gpu", ["NVIDIA GeForce GTX 1060", "Tesla T4"])
def test_nothing_is_compiled_for_a_gpu_that_its_source_has_no_code_for(real, gpu):
    answer = plan(replace(BOX, os="windows", glibc=None, gpus=(Gpu(gpu),)), (FLASH,), real)
    assert answer.outcome == "impossible"
    assert [(one.rule, "setup.py" in one.source) for one in answer.conflict] == [("gpu-not-in-build", True)]
