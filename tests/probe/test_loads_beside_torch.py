"""Which copy each framework's process gets beside torch: JAX, ONNX Runtime, TensorFlow, CTranslate2, TensorRT."""

from __future__ import annotations

import pytest
from loading import OTHER, SITE, cudnn, users
from software import Root, library

JAX = """
def _load_nvidia_libraries():
  _load("cuda_runtime", ["libcudart.so.12"])
  _load("cu13", ["libcudart.so.13"])
  _load("cublas", ["libcublas.so.12", "libcublasLt.so.12"])
  _load("cudnn", ["libcudnn.so.9"])
"""


def jax(root: Root, plugin: bytes) -> Root:
    root.wheel(
        SITE,
        "jax-cuda12-pjrt",
        "0.10.2",
        {"jax_plugins/xla_cuda12/__init__.py": JAX, "jax_plugins/xla_cuda12/xla_cuda_plugin.so": plugin},
    )
    return root.wheel(
        SITE,
        "jax-cuda12-plugin",
        "0.10.2",
        requires='Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.8; extra == "with-cuda"',
    )


def test_jax_preloads_by_path_and_opens_the_rest_by_name(root: Root) -> None:
    cudnn(jax(root, library("", rpath="$ORIGIN/../../nvidia/cufft/lib")), f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{SITE}/nvidia/cuda_runtime/lib/libcudart.so.12", library("libcudart.so.12"))
    for folder, name in (("cublas", "libcublas.so.12"), ("cufft", "libcufft.so.11")):
        root.file(f"{SITE}/nvidia/{folder}/lib/{name}", library(name)).file(f"{OTHER}/{name}", library(name))
    root.environ = {"LD_LIBRARY_PATH": OTHER}
    machine = root.machine("/env")
    pair = ("jax", "jax-cuda12-plugin")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": pair}
    assert users(machine, "cublas") == {f"{SITE}/nvidia/cublas/lib": pair, OTHER: None}
    assert users(machine, "cufft") == {f"{SITE}/nvidia/cufft/lib": pair, OTHER: None}
    assert machine.builds["jax-cuda12-plugin"].missing == (
        "libcublasLt.so.12",
        "libcusolver.so.11",
        "libcusparse.so.12",
    )


def test_onnxruntimes_provider_has_no_rpath_and_does_not_see_the_environments_copies(root: Root) -> None:
    capi = "onnxruntime/capi"
    provider = library("", ("libcublas.so.12", "libcudnn.so.9", "libcuda.so.1"))
    root.wheel(
        SITE,
        "onnxruntime-gpu",
        "1.23.2",
        {
            f"{capi}/libonnxruntime_providers_cuda.so": provider,
            f"{capi}/build_and_package_info.py": "cuda_version = '12.8'\n",
        },
    )
    cudnn(root, f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", library("libcublas.so.12"))
    machine = root.machine("/env")
    assert machine.builds["onnxruntime-gpu"].missing == ("libcublas.so.12", "libcudnn.so.9")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": None}
    root.file("/usr/lib/x86_64-linux-gnu/libcuda.so.1", library("libcuda.so.1"))
    root.environ = {"LD_LIBRARY_PATH": f"{SITE}/nvidia/cudnn/lib:{SITE}/nvidia/cublas/lib"}
    machine = root.machine("/env")
    assert machine.missing_libraries == ()
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": ("onnxruntime", "onnxruntime-gpu")}


@pytest.mark.parametrize("needed", [("libcudart.so.99",), ()])
def test_a_provider_of_a_cuda_that_is_not_known_opens_nothing_more(root: Root, needed: tuple[str, ...]) -> None:
    provider = "onnxruntime/capi/libonnxruntime_providers_cuda.so"
    root.wheel(SITE, "onnxruntime-gpu", "1.99.0", {provider: library("", needed)})
    root.file("/usr/lib/x86_64-linux-gnu/libcudart.so.99", library("libcudart.so.99"))
    assert root.machine("/env").builds["onnxruntime-gpu"].missing == ()


def test_what_only_the_tensorrt_provider_needs_keeps_nobody_from_the_cuda_provider(root: Root) -> None:
    """onnxruntime-gpu 1.31: the CUDA provider does not need cuDNN, the TensorRT provider does."""
    capi = "onnxruntime/capi"
    root.wheel(
        SITE,
        "onnxruntime-gpu",
        "1.31.1",
        {
            f"{capi}/libonnxruntime_providers_cuda.so": library("", ("libcublas.so.13",)),
            f"{capi}/libonnxruntime_providers_tensorrt.so": library("", ("libcudnn.so.9", "libnvinfer.so.10")),
        },
    )
    machine = root.machine("/env")
    assert machine.builds["onnxruntime-gpu"].missing == ("libcublas.so.13", "libnvinfer.so.10")
    assert machine.missing_libraries == ("libcublas.so.13", "libcudnn.so.9", "libnvinfer.so.10")


@pytest.mark.parametrize("runpath", ["$ORIGIN/../nvidia/cudnn/lib", ""])
def test_tensorflow_opens_by_name_on_behalf_of_its_framework_library(root: Root, runpath: str) -> None:
    build_info = "[('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True)]"
    root.wheel(
        SITE,
        "tensorflow",
        "2.18.0",
        {
            "tensorflow/python/platform/build_info.py": build_info,
            "tensorflow/libtensorflow_framework.so.2": library("libtensorflow_framework.so.2", runpath=runpath),
            "tensorflow/python/_pywrap_tensorflow_internal.so": library(
                "", ("libtensorflow_framework.so.2",), runpath="$ORIGIN/.."
            ),
        },
    )
    cudnn(root, f"{SITE}/nvidia/cudnn/lib")
    machine = root.machine("/env")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": ("tensorflow",) if runpath else None}
    missing = machine.builds["tensorflow"].missing or ()
    assert ("libcudnn.so.9" in missing) is not bool(runpath)
    assert {"libcudart.so.12", "libcublas.so.12", "libcufft.so.11", "libcusolver.so.11"} <= set(missing)


def test_a_library_that_another_of_tensorflows_objects_finds_is_not_missing(root: Root) -> None:
    """TensorFlow 2.21: the framework library's RUNPATH leaves cuSOLVER out."""
    root.wheel(
        SITE,
        "tensorflow",
        "2.21.0",
        {
            "tensorflow/python/platform/build_info.py": "[('cuda_version', '12.5.1'), ('is_cuda_build', True)]",
            "tensorflow/libtensorflow_framework.so.2": library("libtensorflow_framework.so.2"),
            "tensorflow/libtensorflow_cc.so.2": library(
                "libtensorflow_cc.so.2", runpath="$ORIGIN/../nvidia/cusolver/lib"
            ),
            "tensorflow/python/lib_pywrap_tensorflow_common.so": library(
                "", ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"), runpath="$ORIGIN/.."
            ),
        },
    )
    root.file(f"{SITE}/nvidia/cusolver/lib/libcusolver.so.11", library("libcusolver.so.11"))
    machine = root.machine("/env")
    assert users(machine, "cusolver") == {f"{SITE}/nvidia/cusolver/lib": ("tensorflow",)}
    assert "libcusolver.so.11" not in (machine.builds["tensorflow"].missing or ())


def test_ctranslate2_brings_a_shim_without_parts(root: Root) -> None:
    root.wheel(
        SITE,
        "ctranslate2",
        "4.6.0",
        {
            "ctranslate2/_ext.cpython-310-x86_64-linux-gnu.so": library(
                "", ("libctranslate2-c75cca97.so.4.6.0",), rpath="$ORIGIN/../ctranslate2.libs"
            ),
            "ctranslate2.libs/libctranslate2-c75cca97.so.4.6.0": library(
                "libctranslate2-c75cca97.so.4.6.0", ("libcudnn-74a4c495.so.9.1.0",)
            ),
            "ctranslate2.libs/libcudnn-74a4c495.so.9.1.0": library("libcudnn-74a4c495.so.9.1.0", rpath="$ORIGIN"),
        },
    )
    cudnn(root, OTHER)
    assert root.machine("/env").missing_libraries == ("libcublas.so.12",)
    assert users(root.machine("/env")) == {f"{SITE}/ctranslate2.libs": ("ctranslate2",)}
    root.environ = {"LD_LIBRARY_PATH": OTHER}
    assert users(root.machine("/env")) == {f"{SITE}/ctranslate2.libs": None, OTHER: ("ctranslate2",)}


def test_tensorrts_bindings_after_its_libraries(root: Root) -> None:
    root.wheel(SITE, "tensorrt-cu12-libs", "10.9.0.34", {"tensorrt_libs/libnvinfer.so.10": library("libnvinfer.so.10")})
    root.wheel(SITE, "tensorrt", "10.9.0.34").file(
        f"{SITE}/tensorrt_bindings/tensorrt.so", library("", ("libnvinfer.so.10", "libnvonnxparser.so.10"))
    )
    machine = root.machine("/env")
    assert users(machine, "tensorrt") == {f"{SITE}/tensorrt_libs": ("tensorrt",)}
    assert machine.missing_libraries == ("libnvonnxparser.so.10",)
