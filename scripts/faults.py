"""Makes real faults on a GPU machine, one at a time, and compares what happens with what compatcheck says.

    python -m scripts.faults [--only NAME] [--carry DIR] [--out FILE]

Each fault is made in a mount namespace of its own (or by a variable), so the machine is as before when it is over; no
setting of the card is touched. In it, real programs run (driver API, torch, JAX, ONNX Runtime: a small computation
each), and `compatcheck doctor` judges the same goals. A row is right where every goal that fails has the expected
finding and nothing else, and every goal that works has no error. `--carry` is a folder with what a fault needs and
the machine lacks (another release's libcuda, small wheels); faults whose material is absent are skipped and said so.
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
from collections.abc import Callable
from dataclasses import dataclass, field

PROGRAMS = {
    "use:gpu": "import ctypes\nl=ctypes.CDLL('libcuda.so.1')\nr=l.cuInit(0)\nn=ctypes.c_int(0)\n"
    "l.cuDeviceGetCount(ctypes.byref(n))\nassert r==0 and n.value>0, f'cuInit {r}, {n.value} devices'",
    "use:torch": "import torch\nassert torch.backends.cudnn.version()\nx=torch.randn(2,3,32,32,device='cuda')\n"
    "y=torch.nn.functional.conv2d(x,torch.randn(4,3,3,3,device='cuda'))\n"
    "torch.linalg.svd(torch.randn(32,32,device='cuda'))\nassert torch.isfinite(y.sum())",
    "use:jax": "import jax, jax.numpy as jnp\na=jnp.ones((32,32))\n(a@a).block_until_ready()\n"
    "jax.lax.conv(jnp.ones((1,3,16,16)),jnp.ones((4,3,3,3)),(1,1),'SAME').block_until_ready()\n"
    "jnp.linalg.svd(a)[0].block_until_ready()\n"
    "assert jax.default_backend()=='gpu', 'JAX computes on the '+jax.default_backend()",
    "use:onnxruntime-cuda": "import onnxruntime as o\np=o.get_available_providers()\n"
    "assert 'CUDAExecutionProvider' in p, p",
    "use:torchvision": "import torch, torchvision\nb=torch.rand(4,4,device='cuda')\nb[:,2:]+=b[:,:2]+1\n"
    "torchvision.ops.nms(b,torch.rand(4,device='cuda'),0.5)",
    "import:onnxruntime": "import onnxruntime\nonnxruntime.InferenceSession",
}


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


@dataclass
class Place:
    """What a fault may touch: paths of this machine, found when it starts."""

    site: str
    carry: str
    work: str

    def bind(self, source: str, target: str) -> None:
        # Recursive: a view of a folder is made of binds, and they have to come along.
        subprocess.run(["mount", "--rbind", source, target], check=True)

    def hide(self, path: str) -> None:
        """Let a file be absent: its folder is bound over with a copy of links that lacks it."""
        folder, name = os.path.split(path)
        self.without(folder, lambda entry: entry == name)

    def without(self, folder: str, absent: Callable[[str], bool]) -> None:
        """A view of a folder in which some names are absent."""
        moved = tempfile.mkdtemp(dir=self.work)
        subprocess.run(["mount", "--bind", folder, moved], check=True)
        view = tempfile.mkdtemp(dir=self.work)
        for entry in os.listdir(moved):
            if not absent(entry):
                source, target = os.path.join(moved, entry), os.path.join(view, entry)
                if os.path.islink(source):
                    os.symlink(os.readlink(source), target)
                elif os.path.isdir(source):
                    os.mkdir(target)
                    self.bind(source, target)
                else:
                    with open(target, "wb"):
                        pass
                    self.bind(source, target)
        self.bind(view, folder)

    def replace(self, path: str, content: bytes) -> None:
        """Another content in a file's place."""
        half = os.path.join(self.work, os.path.basename(path))
        with open(half, "wb") as file:
            file.write(content)
        shutil.copymode(path, half)
        self.bind(half, path)

    def unpack(self, pattern: str) -> str:
        """A carried .deb or wheel, unpacked."""
        found = sorted(glob.glob(os.path.join(self.carry, pattern)))[0]
        folder = tempfile.mkdtemp(dir=self.work)
        tool = (
            ["dpkg", "-x", found, folder]
            if found.endswith(".deb")
            else [sys.executable, "-m", "zipfile", "-e", found, folder]
        )
        subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
        return folder


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


def _dev(place: Place, absent: str = "", mode: int = 0o666) -> None:
    """A /dev of its own with the nodes that a program needs, one of them absent or all closed."""
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
        if node == absent or not os.path.exists(path):
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
        "/dev/nvidia-uvm absent", dict.fromkeys(EVERY, "device-node-missing"), lambda place: _dev(place, "nvidia-uvm")
    ),
    Fault("/dev/nvidia0 absent", dict.fromkeys(EVERY, "device-node-missing"), lambda place: _dev(place, "nvidia0")),
    Fault("/dev/nvidiactl absent", dict.fromkeys(EVERY, "device-node-missing"), lambda place: _dev(place, "nvidiactl")),
    Fault(
        "device nodes closed to the user",
        dict.fromkeys(EVERY, "device-node-missing"),
        lambda place: _dev(place, mode=0o600),
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


def inside(fault: Fault, place: Place) -> dict[str, object]:
    """Make the fault in this process's mount namespace, run the programs and the doctor."""
    fault.make(place)
    environ = dict(os.environ)
    for name, value in fault.environ.items():
        value = value.replace("{work}", place.work).replace("$LD_LIBRARY_PATH", environ.get("LD_LIBRARY_PATH", ""))
        environ[name] = value.rstrip(":")
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    run_as = {"user": fault.user, "group": fault.user} if fault.user is not None else {}
    if fault.user is not None:
        environ["HOME"] = environ["XDG_CACHE_HOME"] = "/tmp"  # noqa: S108
    real: dict[str, str] = {}
    for goal in fault.goals:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAMS[goal]],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            cwd="/",
            **run_as,
        )  # type: ignore[call-overload]
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        real[goal] = "works" if done.returncode == 0 else (lines[-1] if lines else f"exit {done.returncode}")[:150]
    options = [word for goal in fault.goals for word in ("--goal", goal)]
    judged = subprocess.run(
        [sys.executable, "-m", "compat", "doctor", "--format", "json", *options],
        env={**environ, "PYTHONPATH": f"{root}:{environ.get('PYTHONPATH', '')}".rstrip(":")},
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
        **run_as,
    )  # type: ignore[call-overload]
    try:
        answers = json.loads(judged.stdout)["answers"]
    except (ValueError, KeyError):
        return {"name": fault.name, "real": real, "failed": judged.stderr[-400:]}
    said = {
        answer["goal"]: [
            answer["verdict"],
            sorted({found["rule"] for found in answer["findings"] if found["severity"] == "error"}),
        ]
        for answer in answers
    }
    return {"name": fault.name, "real": real, "said": said, "expect": fault.expect}


def judge(result: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong with a row; empty where everything is right."""
    if "said" not in result:
        return ["no answer"]
    wrong = []
    for goal, happened in result["real"].items():
        verdict, rules = result["said"][goal]
        expected = result["expect"].get(goal)
        if (happened == "works") != (expected is None):
            wrong.append(f"{goal}: expected {expected or 'to work'}, really: {happened}")
        if expected is None and verdict == "incompatible":
            wrong.append(f"{goal}: false alarm {rules}")
        if expected is not None and rules != [expected]:  # type: ignore[comparison-overlap]
            wrong.append(f"{goal}: expected {expected}, said {verdict} {rules}")
    return wrong


def table(results: list[dict[str, dict[str, str]]]) -> list[str]:
    """The results in Markdown, as the README shows them."""
    lines = ["| fault | what really happened | what doctor said |", "|---|---|---|"]
    for result in results:
        real = _together({goal: _shortened(text) for goal, text in result["real"].items()})
        said = _together(
            {
                goal: f"`{', '.join(rules)}`" if rules else verdict
                for goal, (verdict, rules) in result.get("said", {}).items()
            }
        )
        wrong = f" **wrong: {'; '.join(judge(result))}**" if judge(result) else ""
        lines.append(f"| {result['name']} | {real} | {said}{wrong} |")
    return lines


_NOISE = re.compile(r"^(?:AssertionError|RuntimeError|ImportError|OSError|ModuleNotFoundError):? ?")


def _shortened(text: str) -> str:
    text = "works" if text == "works" else _NOISE.sub("", text).replace("|", "/")
    if not text or text.startswith("For simplicity, JAX"):
        return "fails"
    return text if len(text) <= 58 else f"{text[:55].rstrip()}..."


def _together(said: dict[str, str]) -> str:
    """The same word for all goals once, else each goal's own."""
    if len(set(said.values())) == 1:
        return f"all: {next(iter(said.values()))}"
    return "; ".join(f"{goal.partition(':')[2]}: {text}" for goal, text in said.items())


def main() -> int:
    """Run every fault and print the table; exit 1 where a row is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only")
    parser.add_argument("--carry", default=".dev/faults")
    parser.add_argument("--out")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    carry = os.path.abspath(arguments.carry)
    site = next((path for path in sys.path if os.path.isdir(os.path.join(path, "torch"))), "")
    if arguments.inside is not None:
        # Never cleaned up: deleting what lies below a bind mount would delete the machine's own files.
        work = tempfile.mkdtemp(prefix="fault-")
        os.chmod(work, 0o755)
        print(json.dumps(inside(FAULTS[arguments.inside], Place(site, carry, work))))
        return 0
    results = []
    for number, fault in enumerate(FAULTS):
        if arguments.only and arguments.only not in fault.name:
            continue
        if fault.needs and not glob.glob(os.path.join(carry, fault.needs)):
            print(f"skipped: {fault.name}: {fault.needs} is not in {carry}", file=sys.stderr)
            continue
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                sys.executable,
                "-m",
                "scripts.faults",
                "--inside",
                str(number),
                "--carry",
                carry,
            ],
            capture_output=True,
            text=True,
            timeout=500,
        )
        try:
            results.append(json.loads(done.stdout.splitlines()[-1]))
        except (ValueError, IndexError):
            results.append({"name": fault.name, "real": {}, "failed": done.stderr[-500:]})
        wrong = judge(results[-1])
        print(
            f"{'ok ' if not wrong else 'NO '} {fault.name}: {'; '.join(wrong)} {results[-1].get('failed', '')}",
            file=sys.stderr,
        )
    text = "\n".join(table(results)) + "\n"
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            file.write(text)
    print(text)
    wrong_rows = sum(bool(judge(result)) for result in results)
    print(f"{len(results)} situations, {len(results) - wrong_rows} right, {wrong_rows} wrong")
    return 1 if wrong_rows else 0


if __name__ == "__main__":
    sys.exit(main())
