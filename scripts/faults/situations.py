"""The faults, and the oddities that are none: how each is made, and what should then fail with which finding."""

import glob
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from scripts.faults.place import Place


@dataclass
class Fault:
    """A fault: how it is made, and which goals should then fail with which finding."""

    name: str
    expect: dict[str, str]  # goal -> rule; goals that are not named should work
    make: Callable[["Place"], None] = lambda place: None
    environ: dict[str, str] = field(default_factory=dict)
    goals: tuple[str, ...] = ("use:gpu", "use:torch", "use:jax")
    user: int | None = None  # run as this user
    needs: str = ""  # material below --carry
    gpus: int = 1  # machines of fewer do without


def _part(place: Place, pattern: str) -> str:
    return sorted(glob.glob(os.path.join(place.site, "nvidia", pattern)))[0]


def _cut(place: Place, pattern: str, size: int) -> None:
    path = _part(place, pattern)
    with open(path, "rb") as file:
        place.replace(path, file.read(size))


def _no_libcuda(place: Place) -> None:
    for path in ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/local/cuda/compat"):
        if os.path.isdir(path):
            place.bind(tempfile.mkdtemp(dir=place.work), path)


def _nodes(place: Place, absent: str = "", mode: int = 0o666) -> None:
    """A /dev of its own with the nodes that a program needs, some of them (a pattern) absent, or all closed."""
    fresh = os.path.join(place.work, "dev")
    os.mkdir(fresh)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", fresh], check=True)
    for node in (
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "tty",
        *(os.path.basename(path) for path in glob.glob("/dev/nvidia*")),
    ):
        path = f"/dev/{node}"
        if fnmatchcase(node, absent) or not os.path.exists(path):
            continue
        if os.path.isdir(path):
            os.mkdir(os.path.join(fresh, node))
            place.bind(path, os.path.join(fresh, node))
            continue
        made = os.path.join(fresh, node)
        os.mknod(made, 0o20600, os.stat(path).st_rdev)
        os.chmod(made, mode if node.startswith("nvidia") else 0o666)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        os.symlink(target, os.path.join(fresh, name))
    for folder in ("shm", "pts"):
        os.mkdir(os.path.join(fresh, folder))
        place.bind(f"/dev/{folder}", os.path.join(fresh, folder))
    # Read-only: otherwise the driver's helper makes an absent node again.
    subprocess.run(["mount", "-o", "remount,ro", fresh], check=True)
    place.bind(fresh, "/dev")


def _overwrite_cudnn(place: Place) -> None:
    """What pip does when another cuDNN distribution is installed over the first: same paths, other files."""
    target = os.path.dirname(_part(place, "cudnn/lib/libcudnn.so.9"))
    dist = os.path.join(place.site, "nvidia_cudnn_cu12-9.14.0.64.dist-info")
    place.without(place.site, lambda name: False)  # so that what is written next is gone with the namespace
    lines = []
    for path in sorted(glob.glob("/usr/lib/x86_64-linux-gnu/libcudnn*.so.9")):
        name = os.path.basename(path)
        if os.path.exists(os.path.join(target, name)):
            place.bind(os.path.realpath(path), os.path.join(target, name))
            lines.append(f"nvidia/cudnn/lib/{name},,{os.path.getsize(path)}")
    os.makedirs(dist)
    with open(os.path.join(dist, "METADATA"), "w", encoding="utf-8") as file:
        file.write("Metadata-Version: 2.1\nName: nvidia-cudnn-cu12\nVersion: 9.14.0.64\n")
    with open(os.path.join(dist, "RECORD"), "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))


def _wheel(pattern: str, *replaced: str) -> Callable[[Place], None]:
    """Another release of some distributions in site-packages, as pip would have left it."""

    def make(place: Place) -> None:
        unpacked = place.unpack(pattern)
        place.without(
            place.site,
            lambda name: (
                name in replaced
                or any(name.startswith(f"{module}-") or name == f"{module}.libs" for module in replaced)
            ),
        )
        for name in os.listdir(unpacked):
            shutil.copytree(
                os.path.join(unpacked, name), os.path.join(place.site, name), symlinks=True, dirs_exist_ok=True
            )

    return make


def _old_driver(place: Place) -> None:
    folder = place.unpack("libcuda1_550*.deb")
    found = sorted(glob.glob(os.path.join(folder, "usr/lib/x86_64-linux-gnu/nvidia/*/libcuda.so.1")))[0]
    os.rename(os.path.dirname(found), os.path.join(place.work, "driver"))


EVERY = ("use:gpu", "use:torch", "use:jax")
FAULTS = (
    Fault(
        "healthy baseline",
        {"use:onnxruntime-cuda": "cpu-only-build"},
        goals=(*EVERY, "use:onnxruntime-cuda", "use:torchvision", "import:onnxruntime"),
    ),
    Fault(
        "harmless: LD_LIBRARY_PATH with an empty folder first",
        {},
        environ={"LD_LIBRARY_PATH": "{work}:$LD_LIBRARY_PATH"},
    ),
    Fault(
        "harmless: the toolkit's own libraries first",
        {},
        environ={"LD_LIBRARY_PATH": "/usr/local/cuda/lib64:$LD_LIBRARY_PATH"},
    ),
    Fault("harmless: NVIDIA_VISIBLE_DEVICES=void after the start", {}, environ={"NVIDIA_VISIBLE_DEVICES": "void"}),
    Fault(
        "user libraries of driver 550 first",
        dict.fromkeys(EVERY, "driver-library-mismatch"),
        _old_driver,
        {"LD_LIBRARY_PATH": "{work}/driver:$LD_LIBRARY_PATH"},
        needs="libcuda1_550*.deb",
    ),
    Fault(
        "cuda-compat first",
        dict.fromkeys(EVERY, "compat-library-older-than-driver"),
        environ={"LD_LIBRARY_PATH": "/usr/local/cuda/compat:$LD_LIBRARY_PATH"},
    ),
    Fault(
        "the toolkit's stub libcuda first",
        dict.fromkeys(EVERY, "stub-library"),
        lambda place: os.symlink("/usr/local/cuda/lib64/stubs/libcuda.so", os.path.join(place.work, "libcuda.so.1")),
        {"LD_LIBRARY_PATH": "{work}:$LD_LIBRARY_PATH"},
    ),
    Fault("no libcuda at all", dict.fromkeys(EVERY, "driver-missing"), _no_libcuda),
    Fault(
        "/dev/nvidia-uvm absent", dict.fromkeys(EVERY, "device-node-missing"), lambda place: _nodes(place, "nvidia-uvm")
    ),
    Fault(
        "/dev/nvidia0 and its like absent",
        dict.fromkeys(EVERY, "device-node-missing"),
        lambda place: _nodes(place, "nvidia[0-9]*"),
    ),
    Fault("harmless: /dev/nvidia0 alone absent, of two GPUs", {}, lambda place: _nodes(place, "nvidia0"), gpus=2),
    Fault("harmless: the second of two GPUs alone chosen", {}, environ={"CUDA_VISIBLE_DEVICES": "1"}, gpus=2),
    Fault(
        "/dev/nvidiactl absent", dict.fromkeys(EVERY, "device-node-missing"), lambda place: _nodes(place, "nvidiactl")
    ),
    Fault(
        "device nodes closed to the user",
        dict.fromkeys(EVERY, "device-node-missing"),
        lambda place: _nodes(place, mode=0o600),
        user=65534,
    ),
    Fault("CUDA_VISIBLE_DEVICES=-1", dict.fromkeys(EVERY, "gpus-hidden"), environ={"CUDA_VISIBLE_DEVICES": "-1"}),
    Fault(
        "CUDA_VISIBLE_DEVICES names a GPU that is not there",
        dict.fromkeys(EVERY, "gpus-hidden"),
        environ={"CUDA_VISIBLE_DEVICES": "7"},
    ),
    Fault("JAX_PLATFORMS=cpu", {"use:jax": "gpus-hidden"}, environ={"JAX_PLATFORMS": "cpu"}),
    Fault(
        "system folder with an older cuDNN first",
        {"use:torch": "library-shadowed"},
        environ={"LD_LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu:$LD_LIBRARY_PATH"},
    ),
    Fault(
        "a part of cuDNN emptied",
        {"use:torch": "library-damaged"},
        lambda place: _cut(place, "cudnn/lib/libcudnn_graph.so.9", 0),
    ),
    Fault(
        "a part of cuDNN missing",
        {"use:torch": "library-damaged"},
        lambda place: place.hide(_part(place, "cudnn/lib/libcudnn_graph.so.9")),
    ),
    Fault(
        "cuBLASLt cut short",
        {"use:torch": "library-damaged", "use:jax": "library-damaged"},
        lambda place: _cut(place, "cu13/lib/libcublasLt.so.13", 1 << 20),
    ),
    Fault(
        "cuSPARSELt missing",
        {"use:torch": "library-damaged"},
        lambda place: place.hide(_part(place, "cusparselt/lib/libcusparseLt.so.0")),
    ),
    Fault(
        "harmless: nvJitLink missing from the environment, the toolkit has it",
        {},
        lambda place: place.hide(_part(place, "cu13/lib/libnvJitLink.so.13")),
    ),
    Fault("another cuDNN distribution installed over the first", {"use:torch": "library-damaged"}, _overwrite_cudnn),
    Fault(
        "JAX's CUDA plugin of another release",
        {"use:jax": "package-versions-mismatch"},
        _wheel("wheels/jax_cuda13_plugin-0.10*.whl", "jax_cuda13_plugin"),
        needs="wheels/jax_cuda13_plugin-0.10*.whl",
    ),
    Fault(
        "torchvision of another torch",
        {"use:torchvision": "package-versions-mismatch"},
        _wheel("wheels/torchvision-0.25*.whl", "torchvision"),
        goals=("use:torch", "use:torchvision"),
        needs="wheels/torchvision-0.25*.whl",
    ),
    Fault(
        "an onnxruntime built for NumPy 1",
        {"import:onnxruntime": "numpy-abi"},
        _wheel("wheels/onnxruntime-1.17*.whl", "onnxruntime"),
        goals=("use:torch", "import:onnxruntime"),
        needs="wheels/onnxruntime-1.17*.whl",
    ),
)
