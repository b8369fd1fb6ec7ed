"""Wheels that are installed by their address, one for each torch, CUDA, C++ ABI and Python (flash-attn)."""

import pytest
from test_described_machines import commands

from compat.install.templates import Fetch, read
from compat.machine import Driver, Gpu, Machine
from compat.plan.model import Request
from compat.plan.solve import plan

PAGE = "https://github.com/Dao-AILab/flash-attention/releases/download"


def box(gpu: str = "NVIDIA A100", driver: str = "550.54.14", glibc: str = "2.35", python: str = "3.10.12") -> Machine:
    return Machine(
        os="linux",
        arch="x86_64",
        glibc=glibc,
        python=python,
        packages={},
        libraries=(),
        toolkits=(),
        variables={},
        gpus=(Gpu(gpu),),
        driver=Driver(driver),
    )


@pytest.mark.parametrize(
    ("machine", "torch", "wheel"),
    [
        (box(), "==2.5.1", "v2.8.3.post1/flash_attn-2.8.3.post1+cu12torch2.5cxx11abiFALSE-cp310-cp310"),
        (box(python="3.12.3"), "==2.7.*", "v2.8.3.post1/flash_attn-2.8.3.post1+cu12torch2.7cxx11abiTRUE-cp312-cp312"),
        (box(glibc="2.31"), "==2.6.*", "v2.7.4.post1/flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE-cp310-cp310"),
        (box(driver="470.82.01"), "<2.4", "v2.7.3/flash_attn-2.7.3+cu11torch2.3cxx11abiFALSE-cp310-cp310"),
        (
            box("NVIDIA GeForce RTX 5090", "575.57.08"),
            "*",
            "v2.8.3.post1/flash_attn-2.8.3.post1+cu12torch2.8cxx11abiTRUE",
        ),
    ],
)
def test_the_wheel_for_this_torch_and_python_is_named(real, machine, torch, wheel):
    answer = plan(machine, (Request("torch", torch), Request("flash-attn", "*")), real)
    last = commands(answer)[-1]
    assert last.startswith(f"python -m pip install {PAGE}/{wheel}")
    assert "torch==" in commands(answer)[0]
    assert read(last.split()) == Fetch(last.split()[-1])


def test_a_gpu_without_code_and_a_file_of_another_page_are_refused(real):
    answer = plan(box("Tesla T4"), (Request("flash-attn", "*"),), real)
    assert [one.rule for one in answer.conflict] == ["gpu-not-in-build"]
    from compat.install.errors import BadPlan

    for address in (
        f"{PAGE}/v2.8.3/other-1.whl",
        f"{PAGE}/v2.8.3/flash_attn-2.8.2+cu12torch2.8cxx11abiTRUE-cp310-cp310-linux_x86_64.whl",
    ):
        with pytest.raises(BadPlan):
            read(["python", "-m", "pip", "install", address])


@pytest.mark.parametrize(
    ("build", "wheel"), [("cu124", "2.7.4.post1+cu12torch2.6cxx11abiFALSE"), ("cu126", "cxx11abiTRUE")]
)
def test_the_wheel_has_the_abi_of_the_torch_that_is_asked_for(real, build, wheel):
    """pip's torch 2.6 has the new ABI in its build of CUDA 12.6 alone; 2.8's wheels are all compiled with that one."""
    answer = plan(box(), (Request("torch", "==2.6.0", build=build), Request("flash-attn", "*")), real)
    assert wheel in answer.choices[1].version
