"""What may not happen when a description says more that does not matter, a newer driver, or the same in another order.

docs/machine.md, "Less is never worse"; relations.py has what may not happen when it says less.
"""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

from compat import description, goals, versions
from compat.check import Report
from compat.matrix import Matrix
from compat.matrix.gpus import read_capability
from scripts.honesty.relations import INDEX, Facts, Judge, Violation, errors


def _same(before: Report, after: Report) -> str:
    if (before.verdict, errors(before)) == (after.verdict, errors(after)):
        return ""
    return f"{before.verdict} {sorted(errors(before))} became {after.verdict} {sorted(errors(after))}"


# Packages whose wheels bring their CUDA: a toolkit is nothing to them.
_BRINGS_ITS_CUDA = (
    "use:gpu", "use:torch", "import:torch", "install:torch", "use:vllm", "import:vllm", "use:torchvision",
    "import:torchvision", "use:torchaudio", "import:torchaudio", "use:xformers", "use:flash-attn", "import:flash-attn",
    "use:triton", "use:transformer-engine", "use:bitsandbytes", "use:faiss", "import:onnx",
    "convert:torch-onnx", "convert:tensorflow-onnx", "start:container",
)  # fmt: skip
_PACKAGES = {"requests": "2.31.0", "pandas": None, "a-package-of-our-own": "0.1"}
_NAMESAKES = {  # which begin as a framework, or a part of CUDA, is called, and are neither
    "torchmetrics": "1.4.0", "pytorch-lightning": None, "tensorflow-datasets": "4.9.6", "tensorboard": "2.10.0",
    "jaxtyping": "0.2.28", "onnxruntime-extensions": None, "keras-tuner": "1.4.7",
    "cuda-python": "12.6.0", "tritonclient": "2.41.0", "nvidia-pyindex": None, "cupy-xarray": "0.1.4",
}  # fmt: skip
_OTHERS = {"ctranslate2": None, "mxnet-cu112": "1.9.1", "tf2onnx": "1.9.1"}  # that bring no CUDA
_SHELL = {"PATH": "/usr/local/bin:/usr/bin", "PYTHONUNBUFFERED": "1", "HF_HOME": "/data/hf"}
_PARTS = {"nvidia-dlprof": None, "nvidia-smi": "0.1.3"}  # no goal opens them
_FRAMEWORKS = {"torch": "2.9.0", "tensorflow": "2.4.0", "jaxlib": None, "onnxruntime": "1.2.0", "vllm": "0.1.0",
               "nvidia-cudnn-cu11": "8.5.0.96", "cudatoolkit": "9.0", "tensorrt": "7.0.0.11"}  # fmt: skip
_KITS = [{"version": "10.1", "origin": "system"}, {"version": "13.2", "origin": "system"}]
_OLD = (("cudnn", "7.1"), ("cublas", "9.0"), ("tensorrt", "5.0"), ("nccl", "2.1"), ("ptxas", "9.0"))
_NEW = (("cudnn", "9.10.2"), ("cublas", "13.1.0"), ("tensorrt", "11.0.1"), ("nccl", None), ("cudart", "13.0.96"))
_UNUSED: dict[
    str, list[Facts]
] = {  # copies: in a folder where nothing looks, in another environment, and in another program's process
    "/opt/old": [{"name": name, "version": one, "origin": "system", "loaded": False} for name, one in _OLD],
    "/other/env/lib": [{"name": name, "version": one, "loaded": False} for name, one in (*_OLD, *_NEW)],
    "/opt/program": [{"name": name, "version": one, "loaded_by": ["a-program-of-our-own"]} for name, one in _NEW],
}


def more_that_does_not_matter(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """A package, toolkit or copy that the goal does not use changes nothing."""
    packages = machine.get("packages") or {}
    namesakes = {name: one for name, one in _NAMESAKES.items() if name != goals.parse(goal).object}  # none of itself
    changed: dict[str, Facts] = {
        "unrelated packages": {**machine, "packages": {**packages, **_PACKAGES}},
        "namesakes": {**machine, "packages": {**namesakes, **packages}},
        "parts of nobody's": {**machine, "packages": {**_PARTS, **packages}},
        "other frameworks": {**machine, "packages": {**packages, **_not_of(judge.matrix, goal, packages)}},
    }
    if not goals.parse(goal).subjects:
        beside = {name: version for name, version in _FRAMEWORKS.items() if name != _kit_of(goal)}
        changed["frameworks beside a driver"] = {**machine, "packages": {**beside, **packages}}
    if "variables" in machine:
        changed["variables of the shell"] = {**machine, "variables": {**_SHELL, **machine["variables"]}}
    if "libraries" in machine:  # else the list would say that these are all there are
        for path, copies in _UNUSED.items():
            listed = [*machine["libraries"], *({**one, "path": path} for one in copies)]
            changed[f"unused copies in {path}"] = {**machine, "libraries": listed}
    if _uses_no_toolkit(goal, before) and not _has_compat(machine):  # whose release is its toolkit's
        changed["toolkits"] = {**machine, "toolkits": [*(machine.get("toolkits") or []), *_KITS]}
    for what, more in changed.items():
        difference = _same(before, judge(goal, more))
        if difference:
            yield Violation("more", f"{what} -> {difference}", goal, machine, more)


def _kit_of(goal: str) -> str:
    """The package that is the toolkit of a program of one's own, in conda's environment."""
    return "cudatoolkit" if goal == "run:cuda-binary" else ""


def _uses_no_toolkit(goal: str, before: Report) -> bool:
    """Does the package bring its CUDA, or its import open none? ONNX Runtime's was linked to the machine's once."""
    named = {*goals.parse(goal).subjects[:1]}  # what comes with it may open none where it does itself
    none_opened = any("opens no CUDA library" in one.because and one.component in named for one in before.holds)
    return goal in _BRINGS_ITS_CUDA or none_opened


def _not_of(matrix: Matrix, goal: str, packages: Facts) -> Facts:
    """Other frameworks that bring no CUDA: none that the goal runs, or that is spoken of."""
    about = {matrix.packages.component(name) or name for name in packages} | set(goals.parse(goal).subjects)
    return {name: version for name, version in _OTHERS.items() if matrix.packages.component(name) not in about}


def newer_driver(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """Every newer branch that still has the GPUs serves a healthy machine."""
    driver = machine.get("driver") or {}
    release = driver.get("version") or driver.get("kernel_module_version")
    release = versions.of_device_manager(release or "") or release
    if before.verdict == "incompatible" or not release or _driver_is_not_free(machine):
        return
    system = "windows" if machine.get("os") == "windows" else "linux"
    last = _last_branch(judge.matrix, machine)
    container = machine.get("container") or {}
    if "driver" in (container.get("requires") or "") or "nvidia/cuda:" in (container.get("image") or ""):
        return  # an image may name the branches that it takes
    if any(one.rule == "driver-too-old" and "cuda-compat" in one.because for one in before.holds):
        return  # what lifts the driver serves some branches, and not each between them: 384 and not 396 of CUDA 10.0
    for newest in _newer(judge.matrix, release, system):
        if versions.parse(newest).major > last:
            continue
        raised = _raised(machine, newest)
        after = judge(goal, raised)
        if after.errors:
            yield Violation("driver", f"{release} to {newest} -> {sorted(errors(after))}", goal, machine, raised)


def _newer(matrix: Matrix, release: str, system: str) -> Iterator[str]:
    """The newest release of its own branch, of each newer one, and one that nobody has published yet."""
    branches = [(int(row["branch"]), row.get(f"latest_{system}")) for row in matrix.drivers.branches]
    ahead = max(branch for branch, _ in branches) + 40
    for branch, newest in (*branches, (ahead, f"{ahead}.42.01")):
        if (
            newest is not None
            and versions.parse(release).major <= branch
            and versions.at_least(release, newest) is False
        ):
            yield newest


def _has_compat(machine: Facts) -> bool:
    configured = f"{machine.get('loader_configuration')}{(machine.get('variables') or {}).get('LD_LIBRARY_PATH')}"
    return bool((machine.get("libcuda") or {}).get("compat")) or "compat" in configured


def _driver_is_not_free(machine: Facts) -> bool:
    """A Jetson's driver is its L4T; cuda-compat in front of the driver is of one release with the old one."""
    return "jetson" in machine or "jetson" in (machine.get("environment") or ()) or _has_compat(machine)


def _last_branch(matrix: Matrix, machine: Facts) -> int:
    last = 10**6
    for gpu in description.from_dict({"gpus": machine.get("gpus") or []}).gpus or ():
        row = matrix.gpus.find(gpu.name, gpu.pci_id)
        chips = [row] if row else matrix.gpus.chips(gpu.name)  # a name can stand for several
        stated = [gpu.compute_capability] if gpu.compute_capability else [chip["capability"] for chip in chips]
        for capability in filter(None, map(read_capability, stated)):
            last = min(last, int((matrix.gpus.architecture(capability) or {}).get("driver_last", last)))
    return last


def _raised(machine: Facts, release: str) -> Facts:
    raised = copy.deepcopy(machine)
    raised["driver"].pop("cuda", None)
    for holder, field in (
        (raised["driver"], "version"),
        (raised["driver"], "kernel_module_version"),
        (raised["driver"], "nvidia_smi_version"),
        (raised.get("fabric_manager") or {}, "version"),
        (raised.get("libcuda") or {}, "version"),
    ):
        if holder.get(field) is not None:
            holder[field] = release
    return raised


# -- a GPU more -------------------------------------------------------------------------------------------------------


def another_of_its_gpus(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """A GPU more like one that is there changes nothing, unless something counts them: a variable, instances of MIG,
    boards of eight with NVSwitch."""
    gpus, variables = machine.get("gpus") or [], machine.get("variables") or {}
    if not gpus or len(gpus) > 6 or "CUDA_VISIBLE_DEVICES" in variables or any("mig" in gpu for gpu in gpus):
        return
    more = {**machine, "gpus": [*gpus, copy.deepcopy(gpus[-1])]}
    difference = _same(before, judge(goal, more))
    if difference:
        yield Violation("gpu", f"one more {gpus[-1].get('name')} -> {difference}", goal, machine, more)


# -- order ------------------------------------------------------------------------------------------------------------


def shuffled(node: Any, random: Random) -> Any:
    """The same description, written in another order."""
    if isinstance(node, dict):
        keys = random.sample(list(node), len(node))
        return {key: shuffled(node[key], random) for key in keys}
    if isinstance(node, list):
        return [shuffled(item, random) for item in random.sample(node, len(node))]
    return node


def _without_places(report: Report) -> str:
    told = [report.verdict, *map(str, report.findings), *map(str, report.holds), *map(str, report.untold)]
    return INDEX.sub("[]", "\n".join(told))


def order_is_no_fact(judge: Judge, goal: str, machine: Facts, before: Report, random: Random) -> Iterator[Violation]:
    """However the lists are written, the answer is the same to the letter, but for the places in the lists."""
    for _ in range(3):
        turned = shuffled(machine, random)
        one, other = _without_places(before), _without_places(judge(goal, turned))
        if one == other:
            continue
        lines = [
            f"{mine} / {its}" for mine, its in zip(one.split("\n"), other.split("\n"), strict=False) if mine != its
        ]
        yield Violation("order", f"-> {lines[0] if lines else 'more or less'}", goal, machine, turned)
