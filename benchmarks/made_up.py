"""Joint requests that nobody wrote down: random frameworks, releases, demands of files, goals, moves and machines.

The same seed makes the same requests of the same matrix. Half of them are for several machines or with a goal; of the
demands two may exclude each other, as they do in files.
"""

import random
from collections.abc import Iterator, Sequence

from compat import versions
from compat.machine import Driver, Gpu, Libcuda, Machine
from compat.matrix import Matrix
from compat.names import COMPONENTS
from compat.plan.asking.request import ALLOWED, plannable
from compat.plan.model import Pin
from compat.records import dataclass, replace

GOALS = (
    "convert:onnx-tensorrt",
    "convert:torch-onnx",
    "convert:tensorflow-onnx",
    "use:tf-trt",
    "use:onnxruntime-tensorrt",
    "use:torch-tensorrt",
    "use:vllm",
)
LIMITS = (
    ("numpy", "<2"),
    ("numpy", "<1.24"),
    ("numpy", "==1.26.4"),
    ("protobuf", "<4"),
    ("protobuf", ">=5"),
    ("nvidia-cudnn-cu12", "==8.9.2.26"),
    ("nvidia-cudnn-cu12", ">=9"),
    ("nvidia-nccl-cu12", "==2.20.5"),
    ("triton", "==3.0.0"),
    ("transformers", ">=4.40"),
    ("typing-extensions", ">=4.12"),
)
PYTHONS = ("3.6.9", "3.8.20", "3.9.21", "3.10.12", "3.11.9", "3.12.3", "3.13.5", "3.14.0")
_FILE = "requirements.txt:1"


@dataclass(frozen=True)
class Asked:
    """One request. ``limits``: what a file demands of packages that builds share."""

    machines: tuple[Machine, ...]
    options: dict[str, str]
    goal: str | None
    allow: str
    limits: tuple[Pin, ...]


def joint(count: int, seed: int, described: Sequence[Machine], matrix: Matrix) -> Iterator[Asked]:
    """So many joint requests, for machines that are like the described ones."""
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it
    others = sorted(name for name in matrix.index["packages"] if plannable(name, matrix))
    for _ in range(count):
        names: set[str] = set()
        wanted = chance.choice((1, 2, 2, 2, 3, 3, 4, 5, 6, 7))
        while len(names) < wanted:
            names.add(chance.choice(COMPONENTS if chance.random() < 0.55 else others))
        goal = chance.choice(GOALS) if len(names) == 1 or chance.random() < 0.25 else None
        machines = chance.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3))
        yield Asked(
            tuple(_machine(chance, described, matrix) for _ in range(machines)),
            {name: _range(chance, name, matrix) for name in sorted(names)},
            goal,
            ",".join(move for move in ALLOWED if chance.random() < 0.35),
            tuple(Pin(*one, _FILE, _FILE) for one in chance.sample(LIMITS, chance.choice((0, 0, 0, 1, 2, 3)))),
        )


def _machine(chance: random.Random, described: Sequence[Machine], matrix: Matrix) -> Machine:
    """One of them, often with other GPUs, another driver or another Python."""
    machine = chance.choice(described)
    if machine.os == "windows" or machine.is_jetson or chance.random() < 0.4:
        return machine
    names = [row["name"] for row in matrix.rows("gpu", "gpu")]
    gpus = tuple(Gpu(name=chance.choice(names)) for _ in range(chance.choice((1, 1, 2))))
    machine = replace(machine, gpus=gpus)
    if chance.random() < 0.5:
        release = chance.choice([str(row["latest_linux"]) for row in matrix.drivers.branches if "latest_linux" in row])
        machine = replace(machine, driver=Driver(version=release), libcuda=Libcuda())
    return replace(machine, python=chance.choice(PYTHONS)) if chance.random() < 0.5 else machine


def _range(chance: random.Random, component: str, matrix: Matrix) -> str:
    """Any release, one, a line of them, from one on, below one."""
    known = [one for name in matrix.packages.distributions(component) for one in matrix.packages.versions(name)]
    if not known or chance.random() < 0.25:
        return "*"
    release = chance.choice(known).partition("+")[0]
    line = versions.major_minor(release) or release
    return chance.choice((f"=={release}", f"=={line}.*", f">={release}", f"<{release}"))
