"""Answers that reported machines and real installations have shown to be right, each for a mechanism."""

from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.install.templates import Install, read
from compat.machine import Build, Driver, Gpu, Jetson, Libcuda, Library, Machine, Toolkit
from compat.plan.asking.request import build_of_name, packages, requests
from compat.plan.solve import plan
from compat.records import replace

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def machine(name: str, **fields) -> Machine:
    return replace(next(iter(load(str(DESCRIBED / f"{name}.toml")))), **fields)


def commands(answer) -> list[str]:
    return [command.shell for step in answer.steps for command in step.commands[:1]]


@pytest.mark.parametrize(
    ("packages", "goal", "moved"),
    [
        ({"torch": "2.0.1", "numpy": "2.0"}, "import:torch", "numpy<2"),
        ({"tensorflow": "2.3.0", "protobuf": "4"}, "import:tensorflow", "protobuf<4"),
    ],
)
def test_only_what_a_build_shares_moves(real, packages, goal, moved):
    answer = plan(Machine(os="linux", packages=packages), (), real, parse(goal))
    assert commands(answer) == [f"python -m pip install '{moved}'"]
    assert check(answer.result, parse(goal), real).verdict == "compatible"


def test_a_line_is_its_releases(real):
    volta = machine("gtx1080ti-driver535", gpus=(Gpu(name="Tesla V100-SXM2-16GB"),), packages={"torch": "2.11+cu130"})
    assert plan(volta, (), real, parse("use:torch")).choices[0].version == "2.11.0+cu126"


def test_tensorrt_brings_its_cuda(real):
    host = machine("h100-driver535", toolkits=(Toolkit("11.8", "system"),))
    assert plan(host, requests({"tensorrt": "8.6.1"}), real).outcome == "planned"
    there = replace(host, packages={"tensorrt-cu12": "10.3.0"})
    assert check(there, parse("use:tensorrt"), real).verdict == "compatible"


def test_tensorrts_folder_for_what_does_not_look_there(real):
    wsl = Machine(
        os="linux",
        arch="x86_64",
        environment=("wsl2",),
        libraries=(Library("tensorrt", "8.6.1", "pip"),),
        missing_libraries=("libnvinfer.so.8",),
        packages={"onnxruntime-gpu": "1.16.3", "tensorrt": "8.6.1.post1", "tensorrt-libs": "8.6.1"},
    )
    answer = plan(wsl, (), real, parse("use:onnxruntime-tensorrt"))
    assert [step.kind for step in answer.steps] == ["setting"]
    assert "tensorrt_libs" in answer.steps[0].after


def test_an_extra_with_a_package_that_this_python_lacks_is_not_taken(real):
    # tensorflow[and-cuda] 2.14 pins tensorrt 8.5.3.1, which has no file for Python 3.11: a real install showed it.
    answer = plan(machine("rtx3090-driver470", python="3.11.2"), requests({"tensorflow": "2.14"}), real)
    assert answer.choices[0].extras == ()
    assert "nvidia-cudnn-cu11" in answer.choices[0].parts


def test_onnxruntime_is_told_where_the_packages_lie(real):
    answer = plan(machine("h100-driver535"), requests({"onnxruntime": "1.22"}), real)
    assert "onnxruntime.preload_dlls()" in answer.steps[-1].after
    assert "LD_LIBRARY_PATH" in answer.steps[-1].after


def test_tensorflow_after_2_17_has_no_tensorrt(real):
    answer = plan(machine("wsl2-rtx4070"), (), real, parse("use:tf-trt"))
    assert [choice.public for choice in answer.choices] == ["2.17.1", "8.6.1.post1"]


def test_conda_forge_where_no_package_has_code_for_the_gpu(real):
    answer = plan(machine("rtx5090-driver570"), requests({"tensorflow": "*"}), real)
    assert any("conda-forge" in shell and "tensorflow=" in shell for shell in commands(answer))
    assert all(check(answer.result, goal, real).verdict == "compatible" for goal in answer.goals)


def test_jax_of_cuda_11_from_its_own_page(real):
    answer = plan(machine("rtx3090-driver470"), requests({"jax": "*"}), real)
    assert answer.choices[0].extras == ("cuda11_pip",)
    assert answer.result.packages["nvidia-cudnn-cu11"].startswith("8.")
    assert "--find-links" in commands(answer)[0]


def test_tensorflow_1_15_for_ampere_is_nvidias(real):
    answer = plan(machine("a100-driver450"), requests({"tensorflow": "1.15"}), real)
    assert answer.choices[0].label == "nvidia-tensorflow 1.15.5+nv22.01"


def test_triton_is_the_one_of_torchs_release(real):
    wanted = (*requests({"torch": "2.13"}),)
    answer = plan(machine("rtx5090-driver570"), wanted, real)
    assert ("triton", "==3.7.1") in {(pin.name, pin.range) for pin in answer.choices[0].pins}


def test_jetpacks_own_python(real):
    orin = Machine(
        os="linux",
        arch="aarch64",
        environment=("jetson",),
        jetson=Jetson(module="AGX Orin", jetpack="5.1.2"),
        python="3.10",
        packages={},
    )
    answer = plan(orin, requests({"torch": "*"}), real, allow=("python",))
    assert answer.steps[0].after == "3.8"


def test_no_wheel_of_a_jetpack_that_the_module_has_not(real):
    nano = Machine(os="linux", arch="aarch64", environment=("jetson",), jetson=Jetson(module="Nano"), python="3.8")
    answer = plan(nano, requests({"torch": "*"}), real, parse("import:torch"), allow=("python",))
    assert answer.steps[0].after == "3.6"


def test_the_cuda_that_is_there_where_no_driver_is_known(real):
    known = Machine(os="windows", arch="x86_64", toolkits=(Toolkit("12.9", "system"),), packages={})
    found = plan(known, requests({"onnxruntime": "*"}), real)
    assert str(found.choices[0].build.cuda).startswith("12")
    other = replace(known, driver=Driver(version="591.59"), builds={"torch": Build()})
    assert str(plan(other, requests({"onnxruntime": "*"}), real).choices[0].build.cuda).startswith("13")


def test_jetpack_7_takes_the_wheels_and_images_of_arm_servers(real):
    thor = Machine(
        os="linux",
        arch="aarch64",
        environment=("jetson",),
        jetson=Jetson("AGX Thor", "7.0", "38.2"),
        python="3.12.3",
        glibc="2.39",
        packages={},
    )
    assert commands(plan(thor, requests({"torch": "2.11"}), real)) == ["python -m pip install torch==2.11.0"]
    older = replace(thor, python="3.13.1")  # nothing ties it to JetPack's own Python
    assert plan(older, requests({"torch": "2.11"}), real).outcome == "planned"
    orin = replace(thor, jetson=Jetson("AGX Orin", "6.2", "36.4.3"), python="3.10.12")
    assert plan(orin, requests({"torch": "2.11"}), real).outcome == "impossible"


def jetson(module: str, jetpack: str, python: str, **fields) -> Machine:
    return Machine(
        os="linux",
        arch="aarch64",
        environment=("jetson",),
        jetson=Jetson(module, jetpack),
        python=python,
        packages={},
        **fields,
    )


def test_wheels_of_nvidias_file_share_for_jetpack_4(real):
    answer = plan(jetson("Nano", "4.4.1", "3.6.9"), requests({"onnxruntime": "1.4"}), real)
    assert answer.choices[0].version == "1.4.0"
    assert any("download by hand" in one.message for one in answer.steps[0].why)


def test_torchvision_of_the_torch_on_a_jetson(real):
    orin = jetson("AGX Orin", "6.2", "3.10.12", glibc="2.35")
    answer = plan(replace(orin, packages={"torchvision": "0.20.0"}), requests({"torch": "2.6"}), real)
    assert [one.version for one in answer.choices] == ["2.6.0", "0.21.0"]
    by_hand = plan(replace(orin, jetson=Jetson("AGX Orin", "6.0")), requests({"torch": "2.3.0"}), real)
    assert by_hand.choices[0].row["file"] == "torch-2.3.0-cp310-cp310-linux_aarch64.whl"


def test_images_for_the_jetson_linux_of_jetpack_6(real):
    orin = jetson("AGX Orin", "6.2", "3.11.1")  # no wheel is made for its Python
    answer = plan(orin, requests({"torch": "2.8"}), real, allow=("container",))
    assert commands(answer) == ["docker run --rm -it --runtime nvidia nvcr.io/nvidia/pytorch:25.06-py3-igpu"]


def test_an_image_whose_code_runs_on_the_gpu(real):
    """CUDA 12.8 knows 12.0, and its code runs on 12.1; TensorFlow has no wheel with CUDA for Arm."""
    spark = Machine(
        os="linux",
        arch="aarch64",
        distribution="ubuntu",
        distribution_version="24.04",
        gpus=(Gpu(name="NVIDIA GB10"),),
        driver=Driver(version="580.95.05"),
        python="3.12.3",
        packages={},
    )
    answer = plan(spark, requests({"tensorflow": "*"}), real)
    assert [lift.needs for lift in answer.lifts] == ["a container of nvcr.io/nvidia/tensorflow:25.02-tf2-py3"]


def test_the_pythons_of_early_builds_are_known(real):
    """torch 1.2.0+cu92 is of PyTorch's index only; it was once offered to Python 3.10."""
    kepler = machine("k80-driver470", gpus=(Gpu(name="Tesla K40m"),), python="3.10.12", packages={})
    assert plan(kepler, requests({"torch": "1.2"}), real).outcome == "impossible"
    moved = plan(kepler, requests({"torch": "1.2"}), real, allow=("python",))
    assert moved.result.python == "3.7"


def test_tensorrts_cuda_is_that_of_what_calls_it(real):
    """TensorRT 8.6's packages are made for CUDA 12; ONNX Runtime's of that time on the public index for CUDA 11, on an
    index of its own for CUDA 12."""
    ada = machine("h100-driver535", python="3.10.12", packages={})
    goal = parse("use:onnxruntime-tensorrt")
    newer = plan(ada, requests({"tensorrt": "8.6"}), real, goal)
    assert {(one.component, one.build.cuda) for one in newer.choices} == {("onnxruntime", "12.2"), ("tensorrt", "12")}
    assert check(newer.result, goal, real).verdict == "compatible"
    older = plan(ada, requests({"tensorrt": "8.5"}), real, parse("use:onnxruntime-tensorrt"))
    assert [one.build.cuda for one in older.choices] == ["11", "11"]
    assert older.result.packages["nvidia-cudnn-cu11"].startswith("8.")


def test_an_early_vllm_is_of_the_cuda_of_its_torch(real):
    ampere = machine("a100-driver450", python="3.9.5", packages={})
    answer = plan(replace(ampere, driver=Driver(version="470.129.06")), packages(("vllm",), real), real)
    assert {one.component: one.version for one in answer.choices}["torch"] == "2.0.1"


def test_what_another_build_draws_from_an_index_of_its_own_is_there_before(real):
    answer = plan(machine("rtx5090-driver570", packages={}), (), real, parse("use:torch-tensorrt"))
    first, *rest = commands(answer)
    assert "tensorrt-cu12" in first
    assert first.endswith("--extra-index-url https://pypi.nvidia.com")
    assert not any("--extra-index-url" in one for one in rest)


def test_wheels_of_their_publishers_own_index_and_pages(real):
    blackwell = machine("rtx5090-driver570", packages={})
    (paddle,) = commands(plan(blackwell, packages(("paddlepaddle",), real), real))
    assert paddle.endswith("--extra-index-url https://www.paddlepaddle.org.cn/packages/stable/cu129/")
    hopper = machine("h100-driver535", python="3.11.9", packages={})
    asked = (*requests({"torch": "2.5"}), *packages(("pyg-lib",), real))
    torch, pyg = plan(hopper, asked, real).choices
    assert (torch.build.cuda, pyg.version) == ("12.4", "0.4.0+pt25cu124")
    assert pyg.extra_index == "https://data.pyg.org/whl/torch-2.5.0+cu124.html"


def test_an_index_whose_files_are_named_as_the_public_ones_is_asked_alone(real):
    """Release 1.18.0 is on both, for CUDA 11 and for CUDA 12; what it draws is on the public one only."""
    hopper = machine("h100-driver535", python="3.10.12", packages={})
    answer = plan(hopper, requests({"torch": "2.2.2", "onnxruntime": "1.18.0"}), real)
    _, drawn, own = commands(answer)
    assert "onnxruntime-gpu" not in drawn
    assert "--index-url" not in drawn
    assert " sympy" in drawn
    feed = "https://aiinfra.pkgs.visualstudio.com/PublicPackages/_packaging/onnxruntime-cuda-12/pypi/simple/"
    assert own == f"python -m pip install onnxruntime-gpu==1.18.0 --index-url {feed}"
    assert all(isinstance(read(one.argv), Install) for step in answer.steps for one in step.commands)
    ampere = machine("a100-driver450", python="3.10.12", packages={}, driver=Driver(version="535.54.03"))
    alone = plan(replace(ampere, driver=Driver(version="470.82.01")), requests({"onnxruntime": "*"}), real)
    assert [one.index for one in alone.choices] == ["pypi"]  # before newer ones of the other


def test_what_an_installer_gets_comes_before_what_is_downloaded_by_hand(real):
    xavier = machine("xavier-nx-jetpack5")
    assert plan(xavier, requests({"onnxruntime": "*"}), real).choices[0].version == "1.16.0"


def test_torch_of_long_term_support_has_a_folder_of_its_own(real):
    windows = machine("windows11-rtx4060", gpus=(Gpu(name="NVIDIA GeForce RTX 3090"),), python="3.8.8", packages={})
    (command,) = commands(plan(windows, requests({"torch": "1.8.2"}), real))
    assert command.endswith("https://download.pytorch.org/whl/lts/1.8/cu111")


def test_an_extension_keeps_the_torch_that_it_runs_in(real):
    """bitsandbytes has a release for torch 2.1, and xformers breaks with any other."""
    driver = {"driver": Driver(version="535.54.03"), "libcuda": Libcuda(version="535.54.03")}
    here = machine("rtx3090-driver470", **driver, python="3.10.12")
    for there in ({"torch": "2.1.0"}, {"torch": "2.1.0", "xformers": "0.0.22.post7"}):
        answer = plan(replace(here, packages=there), packages(("bitsandbytes",), real), real)
        assert answer.result.packages["torch"] == "2.1.0"
    together = replace(here, packages={"torch": "2.5.1", "xformers": "0.0.28.post3"})
    assert plan(together, requests({"torch": "2.6"}), real).steps[0].kind == "environment"


def test_in_an_image_the_interpreter_is_python3(real):
    """Images of Ubuntu, CUDA's among them, have no ``python``."""
    inside = machine("rtx5090-driver570", packages={}, environment=("docker",))
    assert commands(plan(inside, requests({"torch": "2.8.0"}), real))[0].startswith("python3 -m pip install ")
    known = replace(inside, interpreter="/opt/venv/bin/python")
    assert commands(plan(known, requests({"torch": "2.8.0"}), real))[0].startswith("/opt/venv/bin/python -m pip ")


@pytest.mark.parametrize(
    ("asked", "planned"),
    [("mxnet-cu112", "mxnet-cu112"), ("cupy-cuda11x", "cupy-cuda11x"), ("tensorrt-cu11", "tensorrt-cu11")],
)
def test_a_distribution_that_names_its_cuda_is_kept_to_it(asked, planned, real):
    ampere = machine("a100-driver450", python="3.10.12", packages={}, driver=Driver(version="535.54.03"))
    (choice,) = plan(replace(ampere, toolkits=None, libraries=None), packages((asked,), real), real).choices
    assert choice.distribution == planned
    assert build_of_name("cupy-cuda92") == "cu92"
    assert not build_of_name("jax-cuda12-plugin")


@pytest.mark.parametrize(
    ("release", "extra", "jaxlib", "page"),
    [
        ("0.2.20", "cuda111", "0.1.71+cuda111", "jax_releases.html"),
        ("0.3.25", "cuda", "0.3.25+cuda11.cudnn82", "jax_cuda_releases.html"),
        ("0.4.6", "cuda", "0.4.6+cuda11.cudnn86", "jax_cuda_releases.html"),
    ],
)
def test_jax_before_cuda_came_as_packages_takes_the_machines(real, release, extra, jaxlib, page):
    there = {"toolkits": (Toolkit("11.8", "system"),), "libraries": (Library("cudnn", "8.6.0", "system"),)}
    host = machine("a100-driver450", driver=Driver("520.61.05"), python="3.8.10", **there)
    words = plan(host, requests({"jax": release}), real).steps[-1].commands[0].argv
    assert {f"jax[{extra}]=={release}", f"jaxlib=={jaxlib}"} <= set(words)
    assert words[-1].endswith(f"/{page}")


@pytest.mark.parametrize(
    ("torch", "there", "wanted"),
    [
        ("2.15", {}, ["2.15.0+cu130", "0.0.35+cu130"]),  # the public wheel is for CUDA 12.8
        ("2.7.1+cu118", {}, ["2.7.1+cu118", "0.0.31.post1+cu118"]),
        ("*", {"torch": "2.10.0+cu130"}, ["0.0.35+cu130"]),
        ("*", {"torch": "2.9.1"}, ["0.0.33.post2"]),
    ],
)
def test_xformers_by_the_cuda_of_torch(real, torch, there, wanted):
    box = machine("h100-driver535", driver=Driver("610.43.02"), python="3.12.3", packages=there)
    answer = plan(box, (*requests({"torch": torch}), *packages(("xformers",), real)), real)
    assert [step.after for step in answer.steps if step.kind == "package"] == wanted
