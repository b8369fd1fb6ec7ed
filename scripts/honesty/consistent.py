"""Descriptions made up by chance, without what contradicts itself: nobody could say both of one machine."""

from typing import Any

from compat.matrix import Matrix
from compat.matrix.packages import CONDA_INDEXES, normal, same_cuda
from compat.rules.runtimes import of_folder, reaches
from compat.rules.selection import entries
from compat.versions import at_least, parse, same_line

Facts = dict[str, Any]
_OF_LINUX = (
    *("glibc", "glibcxx", "environment", "missing_libraries", "device_nodes", "jetson"),
    *("distribution", "distribution_version"),
)
_PINS = ("pytorch-cuda", "cudatoolkit", "cuda-version")


def consistent(facts: Facts, matrix: Matrix) -> Facts:
    """The description without the lesser of two facts that exclude each other."""
    _jetson(facts, matrix)
    _driver(facts, matrix)
    _image(facts)
    if "libcuda" in facts and "missing_libraries" in facts:
        facts["missing_libraries"] = [one for one in facts["missing_libraries"] if one != "libcuda.so.1"]
    _visible(facts)
    _kits(facts)
    _engine(facts, matrix)
    _parts(facts, matrix)
    _builds(facts, matrix)
    _copies(facts, matrix)
    return {name: value for name, value in facts.items() if facts.get("os") != "windows" or name not in _OF_LINUX}


def _jetson(facts: Facts, matrix: Matrix) -> None:
    """A Jetson has its own GPU, processor, system and nodes, and the L4T of its JetPack."""
    board = facts.get("jetson") or {}
    known = [row["l4t"] for row in matrix.rows("jetpack", "jetpack") if row["jetpack"] == board.get("jetpack")]
    if "l4t" in board and known and not any(same_line(one, board["l4t"], 2) for one in known):
        del board["l4t"]
    for row in matrix.rows("jetpack", "jetpack") if "module" in board else ():
        of_row = row["jetpack"] == board.get("jetpack") or same_line(row["l4t"], board.get("l4t") or "0", 2)
        if of_row and board["module"] not in row.get("modules", (board["module"],)):
            del board["module"]
            break
    told = facts.get("jetson") or "jetson" in (facts.get("environment") or ())
    known = [matrix.gpus.find(gpu.get("name"), gpu.get("pci_id")) for gpu in facts.get("gpus") or ()]
    if not told and not any(row is not None and row["class"] == "jetson" for row in known):
        return
    for name in ("gpus", "device_nodes") if told else ():
        facts.pop(name, None)
    facts |= {name: value for name, value in (("os", "linux"), ("arch", "aarch64")) if name in facts}
    if "environment" in facts:
        others = [one for one in facts["environment"] if one not in ("jetson", "wsl1", "wsl2")]
        facts["environment"] = [*others, "jetson"]
    facts.pop("distribution", None)


def _driver(facts: Facts, matrix: Matrix) -> None:
    """A driver offers no older CUDA than its release does; a newer one is that of cuda-compat in its place."""
    driver = facts.get("driver") or {}
    system = "windows" if facts.get("os") == "windows" or "wsl2" in (facts.get("environment") or ()) else "linux"
    release = driver.get("version") or driver.get("kernel_module_version")
    offered = matrix.cuda.offered_by(release, system) if release and "cuda" in driver else None
    if offered is not None and at_least(driver["cuda"], offered.value) is False:
        del driver["cuda"]


def _image(facts: Facts) -> None:
    """An image's name tells its CUDA."""
    if any(kit.get("origin") == "container" for kit in facts.get("toolkits") or ()):
        (facts.get("container") or {}).pop("image", None)


def _kits(facts: Facts) -> None:
    """One toolkit lies in a folder, and it is of the CUDA that the folder names."""
    seen = set()
    for kit in facts.get("toolkits") or ():
        named = of_folder(kit.get("path") or "")
        if kit.get("path") in seen or (named and not same_line(kit.get("version") or named, named, 2)):
            kit.pop("path")
        seen.add(kit.get("path", ""))


def _visible(facts: Facts) -> None:
    """Of GPUs none is hidden where the variable lists as many as there are."""
    gpus, value = facts.get("gpus") or [], (facts.get("variables") or {}).get("CUDA_VISIBLE_DEVICES", "")
    for gpu in gpus if len(entries(value)) >= len(gpus) else ():
        gpu.pop("visible", None)


def _engine(facts: Facts, matrix: Matrix) -> None:
    """An engine is of the GPU, and bears the tag of the TensorRT, that it is said to be of."""
    engine = facts.get("engine") or {}
    gpu = matrix.gpus.find(engine.get("gpu"))
    if "compute_capability" in engine and gpu is not None and gpu["capability"] != engine["compute_capability"]:
        del engine["gpu"]
    if "tensorrt" in engine and "serialization" in engine:
        tags = [row.get("serialization") for row in matrix.packages.of_line("tensorrt", engine["tensorrt"])]
        if engine["serialization"] not in tags:
            del engine["serialization"]


def _parts(facts: Facts, matrix: Matrix) -> None:
    """A part (JAX's CUDA plugins) goes with releases of its own time."""
    packages = facts.get("packages") or {}
    for name, version in list(packages.items()):
        for part in matrix.packages.about(matrix.packages.component(name) or name).get("parts", ()):
            first = next(iter(matrix.packages.versions(part)), None)
            if version and packages.get(part, False) is not False and first and not reaches(version, parse(first)):
                del packages[part]


def _builds(facts: Facts, matrix: Matrix) -> None:
    """A build is of a package that is there, under the name that is there, for the CUDA that its environment pins."""
    packages, builds = facts.get("packages") or {}, facts.get("builds") or {}
    installed = {name for name, version in packages.items() if version is not False}
    for name in list(builds):
        component = matrix.packages.component(name)
        others = {one for one in installed if component and matrix.packages.component(one) == component}
        asked = component in {matrix.packages.component(one) for one in facts.get("request") or ()}
        if packages.get(name, "") is False or (name not in installed and (others or asked)):
            del builds[name]
        elif _is_pinned_otherwise(name, builds[name].get("cuda"), packages, matrix):
            del builds[name]["cuda"]
    if "builds" in facts and not builds:
        del facts["builds"]


def _is_pinned_otherwise(name: str, cuda: Any, packages: dict[str, Any], matrix: Matrix) -> bool:
    indexes = {row["index"] for rows in matrix.packages.builds(name).values() for row in rows}
    pins = [packages[pin] for pin in _PINS if packages.get(pin)]
    return indexes <= set(CONDA_INDEXES) and any(same_cuda(cuda, pin) is False for pin in pins)


def _copies(facts: Facts, matrix: Matrix) -> None:
    """Of a library's copies one loads, and TensorRT's is of its package's release."""
    of_tensorrt = matrix.packages.distributions("tensorrt")
    packages = facts.get("packages") or {}
    release = next((one for name, one in packages.items() if one and normal(name) in of_tensorrt), None)
    copies = facts.get("libraries") or []
    for copy in copies:
        if copy.get("loaded_by"):
            copy.pop("loaded", None)  # which is True, and its own are who gets it
    for copy in copies:
        if any(other is not copy and other["name"] == copy["name"] and other.get("loaded") for other in copies):
            copy.pop("loaded", None) if copy.get("loaded") else None  # one of them is
        if copy["name"] == "tensorrt" and release and "version" in copy:
            copy["version"] = release
        if not any(other is not copy and other["name"] == copy["name"] and other.get("loaded") for other in copies):
            copy.pop("loaded", None) if copy.get("loaded") is False else None  # it says that another one is
