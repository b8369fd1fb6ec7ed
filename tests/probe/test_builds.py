"""What builds say of themselves: as text, never run."""

from __future__ import annotations

import pytest
from software import Root, library

from compat.machine import Build
from compat.matrix import Matrix
from compat.probe.layers import builds

SITE = "/env/lib/python3.10/site-packages"


def build(root: Root, name: str) -> Build:
    reading = root.reading("/env", ("python", "distributions", "builds"))
    found = reading.aside["builds"].get(name, Build())
    assert isinstance(found, Build)
    return found


TORCH = "from typing import Optional\n__version__ = '{}'\ndebug = False\ncuda{} = {}\ngit_version = 'abc'\nhip = None\n"


@pytest.mark.parametrize(
    ("version", "annotation", "written", "cuda"),
    [
        ("2.11.0+cu130", ": Optional[str]", "'13.0'", "13.0"),
        ("1.12.1+cu102", "", "'10.2'", "10.2"),
        ("2.13.0+cpu", ": Optional[str]", "None", False),
    ],
)
def test_torch_says_its_cuda(root: Root, version: str, annotation: str, written: str, cuda: str | bool) -> None:
    root.wheel(SITE, "torch", version, {"torch/version.py": TORCH.format(version, annotation, written)})
    assert build(root, "torch") == Build(cuda=cuda, python_tag="cp310", source="pytorch")


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("2.9.0a0+git0fabc3b", ("sm_75", "sm_90a", "compute_90")),
        ("2.6.0a0+ecf3bae40a.nv25.01", ("sm_75", "sm_90a", "compute_90")),
        ("2.9.0+cu128", None),  # published: the matrix knows its targets
        ("2.9.0", None),
    ],
)
def test_a_torch_that_nobody_published_is_asked_for_its_architectures(
    root: Root, version: str, told: tuple[str, ...] | None
) -> None:
    content = library(pad=3_000_000)[: (1 << 20) - 9] + b"\0sm_75 sm_90a compute_90\0" + b"\0" * 99
    text = f"__version__ = {version!r}\ncuda = '12.8'\n"
    root.wheel(SITE, "torch", version, {"torch/version.py": text, "torch/lib/libtorch_python.so": content})
    found = build(root, "torch")
    assert found.cuda == "12.8"
    assert found.architectures == told


def test_names_of_kernels_are_no_flags(root: Root) -> None:
    content = b"\0sm_90_kernel\0" + b"\0" * 40 + b"\0sm_90 compute_90\0"
    files = {"torch/version.py": "__version__ = '2.9.0+git1'\ncuda = '12.8'\n", "torch/lib/libtorch_python.so": content}
    root.wheel(SITE, "torch", "2.9.0+git1", files)
    assert build(root, "torch").architectures == ("sm_90", "compute_90")


def test_torch_without_version_py_is_told_by_tag_or_libraries(root: Root) -> None:
    root.wheel(SITE, "torch", "2.1.0+cu118")
    assert build(root, "torch").cuda == "11.8"
    root.wheel(SITE, "torch", "2.1.0+cu118", {"torch/version.py": "x" * 200_000})  # longer than any version file
    assert build(root, "torch").cuda == "11.8"


def test_torch_with_cuda_libraries_of_unknown_release_is_unknown(root: Root) -> None:
    root.wheel(SITE, "torch", "2.1.0", {"torch/lib/libtorch_cuda.so": library()})
    assert build(root, "torch").cuda is None
    (root.top / SITE.lstrip("/") / "torch/lib/libtorch_cuda.so").rename(root.top / "elsewhere")
    root.file(f"{SITE}/torch/lib/libtorch_cpu.so")
    assert build(root, "torch").cuda is False


def test_a_malicious_version_file_has_no_effect(root: Root) -> None:
    marker = root.top / "ran"
    text = (
        f"open({str(marker)!r}, 'w').write('x')\nimport os; os.system('touch {marker}')\ncuda = '12.8'\n"
        f"__version__ = __import__('os').system('touch {marker}') or '2.9.0'\n"
    )
    root.wheel(SITE, "torch", "2.9.0", {"torch/version.py": text, "onnxruntime/capi/build_and_package_info.py": text})
    root.wheel(SITE, "onnxruntime-gpu", "1.20.0").wheel(
        SITE, "tensorflow", "2.20.0", {"tensorflow/python/platform/build_info.py": text}
    )
    root.wheel(SITE, "jax-cuda12-plugin", "0.4.1", {"jax_plugins/xla_cuda12/__init__.py": text})
    root.reading("/env")
    assert build(root, "torch").cuda == "12.8"
    assert not marker.exists()


def test_a_version_that_is_none_is_not_taken(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0", {"torch/version.py": "cuda = '$(reboot)'\n"})
    assert build(root, "torch").cuda is None


NEW_TF = """import collections

build_info = collections.OrderedDict([('cpu_compiler', '/usr/lib/llvm-18/bin/clang'), ('cuda_compute_capabilities', \
['sm_60', 'sm_70', 'compute_90']), ('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True)])
"""
OLD_TF = "is_rocm_build = False\nis_cuda_build = True\ncuda_version_number = '10.1'\ncudnn_version_number = '7'\n"


def test_tensorflow_build_info_of_both_shapes(root: Root) -> None:
    path = "tensorflow/python/platform/build_info.py"
    root.wheel(SITE, "tensorflow", "2.18.0", {path: NEW_TF})
    assert build(root, "tensorflow") == Build(
        cuda="12.5.1", cudnn="9", architectures=("sm_60", "sm_70", "sm_90", "compute_90"), python_tag="cp310"
    )
    root.file(f"{SITE}/{path}", OLD_TF)
    assert (build(root, "tensorflow").cuda, build(root, "tensorflow").cudnn) == ("10.1", "7")
    root.file(f"{SITE}/{path}", "build_info = dict([('is_cuda_build', False), ('is_tensorrt_build', False)])")
    assert build(root, "tensorflow").cuda is False


def test_jaxlib_by_tag_by_plugins_and_without(root: Root) -> None:
    root.wheel(SITE, "jaxlib", "0.4.6+cuda11.cudnn86")
    assert (build(root, "jaxlib").cuda, build(root, "jaxlib").cudnn) == ("11", "8.6")


def test_jax_gets_cuda_from_its_plugin_pair(root: Root) -> None:
    root.wheel(SITE, "jax", "0.10.2").wheel(SITE, "jaxlib", "0.10.2")
    assert build(root, "jax").cuda is False
    root.wheel(SITE, "jax-cuda12-plugin", "0.10.2")
    assert build(root, "jax").cuda is False  # half a pair is none
    root.wheel(SITE, "jax-cuda12-pjrt", "0.10.2")
    assert build(root, "jax").cuda == "12"
    assert build(root, "jax-cuda12-plugin").cuda == "12"


def test_an_old_jaxlib_without_a_tag(root: Root) -> None:
    root.wheel(SITE, "jaxlib", "0.3.0")
    assert build(root, "jaxlib").cuda is None


def test_onnxruntime_by_its_file_and_by_its_providers(root: Root) -> None:
    info = "package_name = 'onnxruntime-gpu'\n__version__ = '1.27.0'\ncuda_version = '13.0'\n"
    cuda = library(needed=("libcublasLt.so.13", "libcudart.so.13"))
    tensorrt = library(needed=("libnvinfer.so.10", "libcudnn.so.9"))
    capi = "onnxruntime/capi"
    root.wheel(
        SITE,
        "onnxruntime-gpu",
        "1.27.0",
        {
            f"{capi}/build_and_package_info.py": info,
            f"{capi}/libonnxruntime_providers_cuda.so": cuda,
            f"{capi}/libonnxruntime_providers_tensorrt.so": tensorrt,
        },
    )
    assert build(root, "onnxruntime-gpu") == Build(cuda="13.0", tensorrt="10", python_tag="cp310")
    root.file(f"{SITE}/{capi}/build_and_package_info.py", "package_name = 'onnxruntime-gpu'\n").file(
        f"{SITE}/{capi}/libonnxruntime_providers_cuda.so", library(needed=("libcublas.so.12",))
    )
    assert build(root, "onnxruntime-gpu").cuda == "12"


def test_onnxruntime_without_the_cuda_provider(root: Root) -> None:
    root.wheel(SITE, "onnxruntime", "1.20.0", {"onnxruntime/capi/build_and_package_info.py": "cuda_version = ''\n"})
    assert build(root, "onnxruntime").cuda is False


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("cupy-cuda12x", "13.6.0", Build(cuda="12")),
        ("cupy-cuda110", "9.0.0", Build(cuda="11.0")),
        ("cupy-cuda92", "7.0.0", Build(cuda="9.2")),
        ("tensorrt-cu13", "11.4.0.106", Build(cuda="13", tensorrt="11.4.0.106")),
        ("tensorrt", "8.6.1", Build(tensorrt="8.6.1")),
        ("torch-tensorrt", "2.11.0+cu130", Build(cuda="13.0")),
        ("nvidia-cudnn-cu12", "9.10.2.21", Build(cuda="12")),
        ("pyg-lib", "0.5.0+pt28cu128", Build(cuda="12.8")),
        ("vllm", "0.21.0+cu129", Build(cuda="12.9")),
        ("torchaudio", "2.1.0+cpu", Build(cuda=False)),
        ("torch-scatter", "2.1.2+pt21cu118", Build(cuda="11.8")),
    ],
)
def test_names_and_local_versions(root: Root, name: str, version: str, expected: Build) -> None:
    root.wheel(SITE, name, version)
    found = build(root, name)
    assert (found.cuda, found.tensorrt) == (expected.cuda, expected.tensorrt)


def test_what_the_matrix_knows_is_read_without_a_line_of_code(matrix: Matrix) -> None:
    known = {name for owner in matrix.index["packages"] for name in matrix.packages.distributions(owner)}
    assert len(known) > 80
    assert [name for name in known if builds.reader_of(name) is None] == []
    assert builds.reader_of("requests") is None


def test_paddle(root: Root) -> None:
    text = "full_version = '3.0.0'\ncuda_version = '12.6'\ncudnn_version = '9.5.1'\n"
    root.wheel(SITE, "paddlepaddle-gpu", "3.0.0", {"paddle/version/__init__.py": text})
    assert (build(root, "paddlepaddle-gpu").cuda, build(root, "paddlepaddle-gpu").cudnn) == ("12.6", "9.5.1")
    root.wheel(SITE, "paddlepaddle", "3.0.0").file(f"{SITE}/paddle/version/__init__.py", "cuda_version = 'False'\n")
    assert build(root, "paddlepaddle").cuda is False


@pytest.mark.parametrize(
    ("string", "cuda", "cudnn"),
    [
        ("py3.9_cuda11.3_cudnn8.2.0_0", "11.3", "8.2.0"),
        ("py3.7_cuda10.1.243_cudnn7.6.3_0", "10.1.243", "7.6.3"),
        ("cuda120py311h3e0c5d8_301", "12.0", None),
        ("cuda112py39h3ad47f5_0", "11.2", None),
        ("cuda126_mkl_py312_h2f7b6e1_300", "12.6", None),
        ("py3.9_cpu_0", False, None),
        ("cpu_py310h7b5a7c8_0", False, None),
        ("cpu_mkl_py312_hd2d8e9c_100", False, None),
        ("py310h5eee18b_1", None, None),
        ("h2bc3f7f_2", None, None),
    ],
)
def test_conda_build_strings(string: str, cuda: str | bool | None, cudnn: str | None) -> None:
    found = builds.of_conda(string)
    assert (found.cuda, found.cudnn) == (cuda, cudnn)


def test_conda_brings_channel_and_build(root: Root) -> None:
    record = '{"build": "x", "build_number": 0, "channel": "https://conda.example/pytorch/linux-64", "a": []}'
    root.file("/env/conda-meta/pytorch-1.11.0-py3.9_cuda11.3_cudnn8.2.0_0.json", record)
    root.wheel(SITE, "torch", "1.11.0", {"torch/version.py": "cuda = '11.3'\n"}).file(
        f"{SITE}/torch-1.11.0.dist-info/INSTALLER", "conda\n"
    )
    found = build(root, "torch")
    assert (found.cuda, found.cudnn, found.source) == ("11.3", "8.2.0", "conda-pytorch")


def test_pip_over_conda_is_pips(root: Root) -> None:
    root.file("/env/conda-meta/pytorch-1.11.0-py3.9_cpu_0.json", '{"channel": "https://conda.example/pytorch"}')
    root.wheel(SITE, "torch", "2.1.0", {"torch/version.py": "cuda = '12.1'\n"})
    found = build(root, "torch")
    assert (found.cuda, found.source) == ("12.1", None)


def test_direct_url_and_jetson_sources(root: Root) -> None:
    root.wheel(SITE, "torch", "2.1.0", {"torch/version.py": "cuda = '12.1'\n"})
    root.file(f"{SITE}/torch-2.1.0.dist-info/direct_url.json", '{"url": "file:///tmp/torch.whl"}')
    assert build(root, "torch").source == "direct"


def test_a_jetson_wheel_by_its_version(root: Root) -> None:
    root.file("/etc/nv_tegra_release", "# R35").wheel(SITE, "torch", "2.1.0a0+41361538.nv23.06")
    root.file(f"{SITE}/torch/version.py", "cuda = '11.4'\n")
    assert build(root, "torch").source == "jetson"
