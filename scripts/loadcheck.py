"""Holds the probe's prediction of which libraries a process gets against what real processes have mapped.

    python -m scripts.loadcheck [--only WORD] [--out FILE]

Run it with the interpreter that has torch, JAX's CUDA plugin and ONNX Runtime. Each arrangement (variables set, copies
put first, libraries hidden or emptied) is made in temporary folders and, where a file has to be absent, in a mount
namespace of its own; nothing of the machine is changed. In it each framework does real work (on the GPU where there is
one, else as far as it gets without), and the libraries in its ``/proc/self/maps`` are compared with the prediction.

A library that is mapped has to be the copy that was predicted; one that was predicted and is not mapped is a difference
unless it is opened only when it is first used. A process that fails for want of a library differs if none was predicted
to be missing; why it fails otherwise is shown, and judged by scripts.faults. Exits 1 where anything differs.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.faults.place import Place

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SYSTEM = "/usr/lib/x86_64-linux-gnu"
TOOLKIT = "/usr/local/cuda/lib64"

_MAPS = """
import json
print("MAPS" + json.dumps(sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})))
"""
_TORCH = "import torch\ntorch.backends.cudnn.version()\n"
_TORCH_GPU = _TORCH + (
    "x=torch.randn(2,3,32,32,device='cuda')\ntorch.nn.functional.conv2d(x,torch.randn(4,3,3,3,device='cuda'))\n"
    "torch.linalg.svd(x[0,0])\ntorch.fft.fft(x)\n(x[0,0]@x[0,0]).sum().item()\n"
)
_JAX_GPU = (
    "import jax, jax.numpy as jnp\na=jnp.ones((32,32))\n(a@a).block_until_ready()\n"
    "jax.lax.conv(jnp.ones((1,3,16,16)),jnp.ones((4,3,3,3)),(1,1),'SAME').block_until_ready()\n"
    "jnp.linalg.svd(a)[0].block_until_ready()\njnp.fft.fft(a).block_until_ready()\n"
    "assert jax.default_backend()=='gpu'\n"
)
# What the plugin does before it asks for a GPU; cuDNN is then opened on the plugin's behalf.
_JAX = (
    "import ctypes\nfrom jax_plugins import xla_cuda{major} as x\nx._load_nvidia_libraries()\n"
    "ctypes.CDLL(str(x._get_library_path()))\n"
)
# A convolution and a matrix product by the CUDA provider, which opens cuDNN for the first when it is not linked to it.
_ONNXRUNTIME_GPU = (
    "import numpy, onnxruntime\n"
    "session=onnxruntime.InferenceSession({model},providers=['CUDAExecutionProvider'])\n"
    "session.run(None,{{'x':numpy.ones({shape},numpy.float32)}})\n"
    "assert session.get_providers()[0]=='CUDAExecutionProvider'\n"
)
# Without a GPU the providers are opened as a session would.
_ONNXRUNTIME = (
    "import onnxruntime,ctypes,os,sys\nc=os.path.dirname(onnxruntime.__file__)+'/capi/libonnxruntime_providers_'\n"
    "for n in ('shared','cuda','tensorrt'):\n"
    "    if os.path.exists(c+n+'.so'):\n"
    "        try: ctypes.CDLL(c+n+'.so')\n"
    "        except OSError as e: print(e, file=sys.stderr)\n"
)

# Libraries of the stack; what is mapped beside them (libc, NumPy's BLAS) no prediction is made for.
_STACK = re.compile(
    r"lib(?:cudnn|cublas|cudart|cufft|curand|cusolver|cusparse|nccl|nvrtc|nvJitLink|cupti|cufile|nvshmem|nvToolsExt"
    r"|nvinfer|nvonnxparser|torch|c10|caffe2|onnxruntime_providers)"
)
# Opened when first used, and not by every work: cuDNN's parts, the run-time compiler, what XLA opens by name,
# torch's linear algebra on a GPU.
_ON_DEMAND = re.compile(
    r"lib(?:cudnn_|nvrtc|caffe2_nvrtc|cufft|cusolver|cusparse|cublas|nvJitLink|cudnn\.so|cudart"
    r"|cupti|torch_cuda_linalg)"
)
# What a failure for want of a library says; others (a framework's own check of a version) are scripts.faults' matter.
_LACK = re.compile(
    r"cannot open shared object|file too short|invalid ELF header|Unable to load any of|undefined symbol"
    r"|SUBLIBRARY_LOADING_FAILED|Cannot load symbol"
)
_DRIVERS = re.compile(r"lib(?:cuda\.so|nvidia-)")


@dataclass
class Arrangement:
    """One arrangement: variables ({work} is its folder), and what is made on disk."""

    name: str
    environ: dict[str, str] = field(default_factory=dict)
    make: Callable[[Place], None] = lambda place: None
    needs: str = ""  # a path without which the arrangement makes no sense here
    mounts: bool = False


def _found(place: Place, name: str) -> str:
    """A library in the environment's nvidia folders."""
    paths = sorted(glob.glob(f"{place.site}/nvidia/*/lib/{name}"))
    if not paths:
        raise FileNotFoundError(name)
    return paths[0]


def _copy(*names: str) -> Callable[[Place], None]:
    def make(place: Place) -> None:
        for name in names:
            shutil.copy(_found(place, name), place.work)

    return make


def _python_path(place: Place) -> None:
    """An nvidia package folder before the environment's, with one library in it."""
    source = _found(place, "libcudart.so.*")
    folder = os.path.join(place.work, os.path.relpath(os.path.dirname(source), place.site))
    os.makedirs(folder)
    shutil.copy(source, folder)


def _emptied(name: str) -> Callable[[Place], None]:
    return lambda place: place.replace(_found(place, name), b"")


def _hidden(name: str) -> Callable[[Place], None]:
    return lambda place: place.hide(_found(place, name))


ARRANGEMENTS = (
    Arrangement("as it is"),
    Arrangement("system's library folder first", {"LD_LIBRARY_PATH": SYSTEM}),
    Arrangement("toolkit's library folder first", {"LD_LIBRARY_PATH": TOOLKIT}, needs=TOOLKIT),
    Arrangement("system's folder, then the toolkit's", {"LD_LIBRARY_PATH": f"{SYSTEM}:{TOOLKIT}"}, needs=TOOLKIT),
    Arrangement("empty elements in LD_LIBRARY_PATH", {"LD_LIBRARY_PATH": "::"}),
    Arrangement("a folder that is not there", {"LD_LIBRARY_PATH": "/nowhere/lib:/nowhere"}),
    Arrangement("a copy of cudart first", {"LD_LIBRARY_PATH": "{work}"}, _copy("libcudart.so.*")),
    Arrangement("a copy of nvJitLink first", {"LD_LIBRARY_PATH": "{work}"}, _copy("libnvJitLink.so.*")),
    Arrangement("cuDNN's shim alone first", {"LD_LIBRARY_PATH": "{work}"}, _copy("libcudnn.so.9")),
    Arrangement("one part of cuDNN first", {"LD_LIBRARY_PATH": "{work}"}, _copy("libcudnn_graph.so.9")),
    Arrangement(
        "LD_PRELOAD of a copy of cudart", {"LD_PRELOAD": "{work}/libcudart.so.{major}"}, _copy("libcudart.so.*")
    ),
    Arrangement("LD_PRELOAD of a copy of cuDNN's shim", {"LD_PRELOAD": "{work}/libcudnn.so.9"}, _copy("libcudnn.so.9")),
    Arrangement("an nvidia folder first on PYTHONPATH", {"PYTHONPATH": "{work}"}, _python_path),
    Arrangement("nvJitLink hidden", make=_hidden("libnvJitLink.so.*"), mounts=True),
    Arrangement("cuDNN's shim hidden", make=_hidden("libcudnn.so.9"), mounts=True),
    Arrangement("cuSPARSE emptied", make=_emptied("libcusparse.so.*"), mounts=True),
    Arrangement("cuFFT hidden", make=_hidden("libcufft.so.*"), mounts=True),
)


def prediction(environ: Mapping[str, str]) -> dict[str, tuple[set[str], list[str]]]:
    """Distribution -> (real paths of the libraries of its process, what it does not get)."""
    from compat.probe.assemble import LAYERS, _run
    from compat.probe.host import Host
    from compat.probe.layer import Reading
    from compat.probe.layers import loads
    from compat.probe.loading.search import loader_of

    host, found = Host("/", environ), Reading()
    found.put("interpreter", sys.executable, "given")
    for layer in LAYERS[: LAYERS.index("loads")]:
        found.merge(_run(layer, host, found))
    builds = found.aside["builds"]
    views = {view.distribution.name: view for view in loads.run(host, found, builds)}
    answer = {
        name: (
            {one.real for one in view.process.objects if _judged(one.real)},
            sorted(
                {
                    f"{failed.resolution.name}: {failed.resolution.why}"
                    for failed in view.process.failures
                    if not _DRIVERS.search(failed.resolution.name)
                }
            ),
        )
        for name, view in views.items()
    }
    if "onnxruntime" in builds and builds["onnxruntime"].cuda is False:
        # Of a build for the CPU the probe says nothing. Every process has the interpreter's libraries and LD_PRELOAD's.
        own = f"{found.aside['installed'].winners['onnxruntime'].folder}/onnxruntime/capi"
        started = loader_of(host, found, Reading()).start(os.path.realpath(sys.executable))
        answer["onnxruntime"] = (
            {f"{own}/libonnxruntime_providers_shared.so", *(one.real for one in started.objects if _judged(one.real))},
            [],
        )
    return answer


def _judged(path: str) -> bool:
    return _STACK.match(os.path.basename(path)) is not None


def program(name: str, gpu: bool) -> str | None:
    """The real work of a distribution."""
    if name == "torch":
        return _TORCH_GPU if gpu else _TORCH
    if name.startswith("jax-cuda") and name.endswith("-plugin"):
        return _JAX_GPU if gpu else _JAX.replace("{major}", re.sub(r"\D", "", name))
    if name == "onnxruntime-gpu" and gpu:
        return _onnxruntime_gpu()
    return _ONNXRUNTIME if name.startswith("onnxruntime") else None


def _onnxruntime_gpu() -> str:
    import numpy  # type: ignore[import-not-found]  # only where ONNX Runtime is

    from compat.verify.child import network

    _, filters, matrix = network.weights(numpy)
    model = network.model(network.raw(numpy, filters, "fp32"), network.raw(numpy, matrix, "fp32"), "fp32")
    return _ONNXRUNTIME_GPU.format(model=model, shape=network.INPUT)


def inside(arrangement: Arrangement, place: Place) -> list[dict[str, Any]]:
    """Make the arrangement, predict, run, compare: a row for each framework."""
    arrangement.make(place)
    major = re.sub(r".*\.so\.(\d+).*", r"\1", _found(place, "libcudart.so.*"))
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LD_PRELOAD")}
    for name, value in arrangement.environ.items():
        value = value.replace("{work}", place.work).replace("{major}", major)
        if name == "LD_LIBRARY_PATH" and environ.get(name):
            value = f"{value}:{environ[name]}"  # the driver's folder may be on it
        environ[name] = value
    gpu = os.path.exists("/dev/nvidiactl")
    rows = []
    for name, (predicted, failures) in prediction(environ).items():
        code = program(name, gpu)
        if code is not None:
            compared = _compare(code, environ, predicted, failures)
            rows.append({"arrangement": arrangement.name, "package": name, **compared})
    return rows


def _compare(code: str, environ: Mapping[str, str], predicted: set[str], failures: list[str]) -> dict[str, Any]:
    # The maps are printed also where the work fails: what was mapped until then is compared all the same.
    wrapped = f"try:\n    exec({code!r})\nfinally:\n    exec({_MAPS!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", wrapped], env=dict(environ), capture_output=True, text=True, timeout=300, cwd="/"
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("MAPS")]
    mapped = {os.path.realpath(path) for path in (json.loads(lines[-1][4:]) if lines else [])}
    real = {path for path in mapped if _judged(path)}
    error = next((line for line in reversed(done.stderr.splitlines()) if ".so" in line), "") if done.returncode else ""
    differences = [f"mapped and not predicted: {path}" for path in sorted(real - predicted)]
    if done.returncode == 0:
        differences += [
            f"predicted and not mapped: {path}"
            for path in sorted(predicted - real)
            if not _ON_DEMAND.match(os.path.basename(path))
        ]
    elif not failures and _LACK.search(done.stderr):
        differences.append(f"failed, and nothing was predicted to be missing: {done.stderr.strip()[-200:]}")
    return {
        "mapped": len(real),
        "same": len(real & predicted),
        "on_demand": len(predicted - real),
        "outcome": "works" if done.returncode == 0 else (error or "fails")[-110:],
        "missing": failures[:3],
        "differences": differences,
    }


def run(number: int, arrangement: Arrangement) -> list[dict[str, Any]]:
    """One arrangement in a child of its own, in its own mount namespace where it hides something."""
    before = ["unshare", "--mount", "--propagation", "private"] if arrangement.mounts else []
    environ = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run(
        [*before, sys.executable, "-m", "scripts.loadcheck", "--inside", str(number)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
    )
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return [
            {
                "arrangement": arrangement.name,
                "package": "-",
                "mapped": 0,
                "same": 0,
                "on_demand": 0,
                "outcome": "-",
                "missing": [],
                "differences": [f"not made: {done.stderr.strip()[-300:]}"],
            }
        ]
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| arrangement | process | what happened | mapped | as predicted | not opened by this work | right |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        right = "yes" if not row["differences"] else "NO: " + "; ".join(row["differences"][:3])
        happened = row["outcome"].replace("|", "/")
        shown = (row["arrangement"], row["package"], happened, row["mapped"], row["same"], row["on_demand"], right)
        lines.append("| " + " | ".join(map(str, shown)) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run the arrangements and print the table; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="arrangements whose name has this word")
    parser.add_argument("--out", help="write the table to this file as well")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        site = next((path for path in sys.path if os.path.isdir(os.path.join(path, "nvidia"))), "")
        arrangement = ARRANGEMENTS[arguments.inside]
        # In a mount namespace nothing is cleaned up: what lies below a bind mount is the machine's own.
        work = tempfile.mkdtemp(prefix="loadcheck-")
        rows = inside(arrangement, Place(site, "", work))
        if not arrangement.mounts:
            shutil.rmtree(work)
        print(json.dumps(rows))
        return 0
    rows = []
    for number, arrangement in enumerate(ARRANGEMENTS):
        if arguments.only not in arrangement.name or (arrangement.needs and not os.path.isdir(arrangement.needs)):
            continue
        made = run(number, arrangement)
        rows += made
        for row in made:
            mark = "NO " if row["differences"] else "ok "
            said = f"{mark} {row['arrangement']}: {row['package']}: {row['outcome']} {row['differences']}"
            print(said, file=sys.stderr, flush=True)
    print(table(rows))
    wrong = sum(bool(row["differences"]) for row in rows)
    print(f"\n{len(rows)} processes, {sum(row['mapped'] for row in rows)} libraries, {wrong} processes differ")
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            file.write(table(rows) + "\n")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
