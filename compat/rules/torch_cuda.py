"""Which CUDA torch's build is for, by what stands beside it: a version alone seldom tells."""

from compat import versions
from compat.names import OF_TORCH
from compat.rules.base import Evidence
from compat.rules.case import Case
from compat.rules.subject import cuda_of_local

_INDEXES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)
_Told = list[tuple[str, Evidence]]


def cuda_beside(case: Case, component: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The CUDA, with its minor, that torch's companions are made for, and what tells it; None where they differ.

    torchvision 0.13.1+cu116, its build, pip's runtime; else the build which pins the other parts of CUDA as they are
    here, or the index that pip is set to ask.
    """
    told = _by_companions(case) or _by_parts(case, component) or _by_index(case)
    if len({cuda for cuda, _ in told}) != 1:
        return None
    return told[0][0], tuple(fact for _, fact in told)


def _by_companions(case: Case) -> _Told:
    """What the version or the build of a package beside it says."""
    told: _Told = []
    for name in OF_TORCH if case.machine.builds else ():
        cuda = case.machine.builds[name].cuda if name in case.machine.builds else None
        if cuda and "." in str(cuda):
            told.append((str(cuda), case.read(f"builds.{name}.cuda", cuda)))
    for name, version in case.packages.items():
        if not version:
            continue
        cuda = versions.major_minor(version) if name.startswith("nvidia-cuda-runtime") else cuda_of_local(version)
        if cuda and "." in cuda:
            told.append((cuda, case.read(f"packages.{name}", version)))
    return told


def _by_parts(case: Case, component: str) -> _Told:
    """The CUDA of the builds whose pins are met by pip's parts of CUDA, where those of others are not."""
    parts = {name: version for name, version in case.packages.items() if version and name.startswith("nvidia-")}
    told: _Told = []
    for row in case.subject(component).candidates if parts else ():
        pins = [(name, spec) for name, spec, _ in case.matrix.packages.pins(row) if name in parts and "==" in spec]
        if row.get("cuda") and all(versions.parse_range(spec).admits(parts[name] or "") for name, spec in pins):
            told += [
                (versions.major_minor(row["cuda"]), case.read(f"packages.{name}", parts[name])) for name, _ in pins
            ]
    return told


def _by_index(case: Case) -> _Told:
    """The CUDA of PyTorch's index in the variables that pip and uv read: ``.../whl/cu126``."""
    told: _Told = []
    for name in _INDEXES if case.machine.variables else ():
        for address in (case.machine.variables or {}).get(name, "").split():
            cuda = versions.cuda_of_tag(address.rstrip("/").rpartition("/")[2]) if "/whl/" in address else None
            if cuda is not None and "." in cuda:
                told.append((cuda, case.read(f"variables.{name}", address)))
    return told
