"""What may not happen when the same machine is told in other words: names, folders and releases have several spellings.

docs/machine.md, "Less is never worse"; harmless.py has what is said beside it.
"""

import copy
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from compat import description
from compat.check import Report
from compat.matrix import Matrix
from scripts.honesty.relations import Facts, Judge, Violation, errors

_MATRIX = Matrix.load()
_BY_NAME = ("packages", "builds", "request")


def told_otherwise(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """The same in other words has the same verdict, by the same rules."""
    for what, words in _WORDS.items():
        other = words(copy.deepcopy(machine))
        if other == machine:
            continue
        after = judge(goal, other)
        if (before.verdict, errors(before)) != (after.verdict, errors(after)):
            difference = f"{before.verdict} {sorted(errors(before))} became {after.verdict} {sorted(errors(after))}"
            yield Violation("otherwise", f"{what} -> {difference}", goal, machine, other)


def _names(machine: Facts) -> Facts:
    """Names of packages as PyPI's projects write them: Torch, NVIDIA_cuDNN_cu12 (PEP 503)."""
    for field in _BY_NAME:
        if machine.get(field):
            machine[field] = {_spelled(*name.partition("[")): one for name, one in machine[field].items()}
    return machine


def _spelled(name: str, bracket: str, extras: str) -> str:
    return name.replace("-", "_").title() + bracket + extras


def _nulls(machine: Facts) -> Facts:
    """What is not said is null."""
    for field in ("name", "os", "python", "glibc", "gpus", "toolkits", "libraries", "packages", "variables", "damaged"):
        machine.setdefault(field, None)
    for record in ("driver", "libcuda", "container", "jetson", "model", "engine"):
        machine.setdefault(record, None)
        if machine[record]:
            machine[record] = {"version": None, "path": None, "file": None, **machine[record]}
    return machine


def _written(machine: Facts) -> Facts:
    """As ``facts`` writes it."""
    return description.to_dict(description.from_dict(machine))


def _folders(machine: Facts) -> Facts:
    """Folders with a slash behind them."""
    variables = machine.get("variables") or {}
    if variables.get("LD_LIBRARY_PATH"):
        named = variables["LD_LIBRARY_PATH"].split(":")
        machine["variables"] = {**variables, "LD_LIBRARY_PATH": ":".join(f"{one.rstrip('/')}/" for one in named if one)}
    return machine


def _gpus(machine: Facts) -> Facts:
    """A GPU's name as lspci and people write it."""
    for gpu in machine.get("gpus") or ():
        if gpu.get("name"):
            gpu["name"] = gpu["name"].removeprefix("NVIDIA ").lower()
    return machine


def _makers(machine: Facts) -> Facts:
    """A GPU's name with its maker's before it, as nvidia-smi has it; it has none of another maker's."""
    for gpu in machine.get("gpus") or ():
        name = gpu.get("name") or "NVIDIA"
        if _MATRIX.gpus.other_maker(name) is not None:
            continue
        if name[0].isalpha() and not name.startswith(("NVIDIA", "nvidia")):
            gpu["name"] = f"NVIDIA {name}"
    return machine


def _releases(machine: Facts) -> Facts:
    """Versions with a v before them, as tags have it, and local parts in capitals: v2.1.0+CU118."""
    for name, version in (machine.get("packages") or {}).items():
        if version:
            public, plus, local = version.partition("+")
            machine["packages"][name] = f"v{public}{plus}{local.upper() if local.startswith('cu') else local}"
    for toolkit in machine.get("toolkits") or ():
        if toolkit.get("version"):
            toolkit["version"] = f"V{toolkit['version']}"
    return machine


def _libraries(machine: Facts) -> Facts:
    """Libraries and environments as people write them: cuDNN, Docker."""
    written = {"cudnn": "cuDNN", "tensorrt": "TensorRT", "cublas": "cuBLAS", "cublasLt": "cuBLASLt", "nccl": "NCCL"}
    for one in machine.get("libraries") or ():
        one["name"] = written.get(one["name"], one["name"])
    if machine.get("environment"):
        machine["environment"] = [
            one.upper() if one.startswith("wsl") else one.title() for one in machine["environment"]
        ]
    return machine


def _twice(machine: Facts) -> Facts:
    """Everything that can be there once only is listed twice."""
    for name in ("environment", "device_nodes", "missing_libraries", "damaged", "toolkits"):
        if machine.get(name):
            machine[name] = [*machine[name], *copy.deepcopy(machine[name])]
    copies = [one for one in machine.get("libraries") or () if one.get("path")]
    if copies:
        machine["libraries"] = [*machine["libraries"], *copy.deepcopy(copies)]
    for record in (machine.get("model") or {}, *(machine.get("builds") or {}).values()):
        for name in ("operators", "types", "architectures", "missing"):
            if record.get(name):
                record[name] = [*record[name], *record[name]]
    return machine


def _board(machine: Facts) -> Facts:
    """A Jetson's module as its device tree has it."""
    board: dict[str, Any] = machine.get("jetson") or {}
    if board.get("module") and not board["module"].startswith("Jetson"):
        board["module"] = f"NVIDIA Jetson {board['module']} Developer Kit"
    return machine


def _device_manager(machine: Facts) -> Facts:
    """A driver of Windows by the number that its device manager shows."""
    driver = machine.get("driver") or {}
    release = re.fullmatch(r"(\d)(\d\d)\.(\d\d)", driver.get("version") or "")
    if machine.get("os") == "windows" and release is not None:
        driver["version"] = f"32.0.1{release[1]}.{release[2]}{release[3]}"
    return machine


def _specs(machine: Facts) -> Facts:
    """Requirements with blanks."""
    request = machine.get("request")
    if request:
        machine["request"] = {
            name: re.sub(r"([<>=!~]=?)", r"\1 ", spec).replace(",", " , ") for name, spec in request.items()
        }
    return machine


_WORDS: dict[str, Callable[[Facts], Facts]] = {
    "names of packages": _names,
    "nulls": _nulls,
    "as facts writes it": _written,
    "folders": _folders,
    "names of GPUs": _gpus,
    "NVIDIA's GPUs": _makers,
    "versions as tags": _releases,
    "cuDNN and Docker": _libraries,
    "everything twice": _twice,
    "the Jetson's module": _board,
    "the device manager's number": _device_manager,
    "blanks": _specs,
}
