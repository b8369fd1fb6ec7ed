"""The machine that files are written for: inside the image of a Dockerfile, with the Python that they name."""

import re
from typing import TYPE_CHECKING

from compat import versions
from compat.guard.files import Contents, Image, Requirement
from compat.guard.images import inside as entered
from compat.machine import Machine
from compat.plan.ranges import admits_line
from compat.plan.solver.scene import UNMADE, emptied
from compat.plan.ways import jetson_images
from compat.plan.ways.base_images import python_of
from compat.plan.ways.images import contents as inside_of
from compat.plan.ways.images import entered as of_registry
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_NAMED = re.compile(r"nvcr\.io/nvidia/(pytorch|tensorflow|tensorrt)")


def inside(machine: Machine, image: Image | None, matrix: "Matrix") -> Machine:
    """The machine as a container of a Dockerfile's base image sees it; the machine itself where there is none."""
    if image is None:
        return machine
    row = _row(image, matrix)
    if row is not None and "l4t" in row and machine.is_jetson:
        return jetson_images.inside(machine, row, matrix)
    if row is not None and "cuda" in row:
        there = of_registry(machine, row, matrix)
        return replace(there, packages={**_unknown_of(image, matrix), **(there.packages or {})})
    there = entered(replace(machine, packages=_unknown_of(image, matrix), builds={}), image, matrix)
    where = machine.environment or ()
    system = there.distribution_version if there.distribution == "ubuntu" else None
    return replace(
        there,
        python=there.python or (python_of(system, matrix) if system else None),
        environment=tuple(dict.fromkeys((*(one for one in where if one == "wsl2"), "docker"))),
        libraries=there.libraries if there.libraries != machine.libraries else None,
        interpreter=None,
        variables=None,
        container=replace(there.container, gpu_access=True, toolkit_installed=True),
    )


def _unknown_of(image: Image, matrix: "Matrix") -> dict[str, str | None]:
    """What an image of NVIDIA's registry is named for is in it, in a release that its tag does not tell."""
    found = _NAMED.fullmatch(image.name.lower())
    component = matrix.packages.component("torch" if found[1] == "pytorch" else found[1]) if found is not None else None
    return {component: None} if component is not None else {}


def has_gpu(there: Machine) -> bool:
    """Is the image that a machine is seen from made for GPUs? Then it is asked whether its container starts."""
    return bool(there.toolkits) or bool(there.container.requires)


def with_python(
    machine: Machine,
    line: str | None,
    within: str | None = None,
    image: Image | None = None,
    interpreter: str | None = None,
) -> Machine:
    """The machine with the Python that is asked for, by its line, where its own is another: a new environment, which is
    still to be made unless it is that of a base image, where ``interpreter`` starts it."""
    have = versions.try_parse(machine.python) if machine.python else None
    if line is None and within and have is not None:
        allowed = versions.parse_range(within)
        if allowed.admits(have.public) is False:
            from compat.matrix.index.builds import PYTHONS

            lines = sorted(PYTHONS, key=lambda one: abs(_minor(one) - (have.minor or 0)))
            line = next((one for one in lines if admits_line(allowed, one)), None)
    if line is None or (have is not None and versions.parse(versions.major_minor(line)).covers(have)):
        return machine
    if have is None or image is not None:
        return replace(machine, python=line, packages={}, builds={}, interpreter=interpreter if image else None)
    anew = emptied(machine)
    return replace(anew, python=line, environment=(*(anew.environment or ()), UNMADE))


def brought_by(contents: Contents, machine: Machine, matrix: "Matrix", named: bool) -> tuple[Requirement, ...]:
    """What the image of a Dockerfile brings: it is what was meant where nothing else is said. The very build is
    demanded of a file that was named only."""
    if contents.image is None:
        return ()
    image = contents.image
    row = _row(image, matrix)
    if row is not None and "l4t" in row and not machine.is_jetson:
        return ()  # it says nothing of what other machines take
    if row is not None:
        return tuple(
            Requirement(name, text, image.path, image.line) for name, text in _meant(row, image.tag, matrix).items()
        )
    named_for = _NAMED.fullmatch(image.name.lower())
    if named_for is not None:  # a release of it that the matrix does not know
        said = _meant({"image": named_for[1]}, image.tag, matrix)
        return tuple(Requirement(name, text, image.path, image.line) for name, text in said.items())
    there = entered(Machine(os="linux"), image, matrix)
    found = []
    for name, version in (there.packages or {}).items():
        if version:
            cuda = there.builds[name].cuda if name in there.builds else None
            tag = f"+cu{cuda.replace('.', '')}" if named and name == "torch" and isinstance(cuda, str) else ""
            found.append(Requirement(name, f"=={version}{tag}", image.path, image.line))
    return tuple(found)


def _row(image: Image, matrix: "Matrix") -> "Row | None":
    """What the matrix knows of an image of NVIDIA's registry; the row that names its CUDA, where there is one."""
    found = re.fullmatch(r"nvcr\.io/nvidia/([a-z0-9-]+)", image.name.lower())
    own = (row for row in matrix.rows("container", "container") if found and row["image"] == found[1])
    exact = next((row for row in own if "l4t" in row and row["tag"] == image.tag), None)
    if exact is not None:
        return exact
    release = re.match(r"\d\d\.\d\d(?:\.\d\d)?(-tf[12])?", image.tag)
    if found is None or release is None:
        return None
    major = (release[1] or "")[3:]
    rows = [
        row
        for row in matrix.rows("container", "container")
        if row["image"] == found[1]
        and row["tag"] == release[0].partition("-")[0]
        and (not major or str(row.get("framework", major)).startswith(major))
    ]
    return max(rows, key=lambda row: ("cuda" in row, "framework" in row), default=None)


def _meant(row: "Row", tag: str, matrix: "Matrix") -> dict[str, str]:
    """What an image of NVIDIA's registry was taken for: the framework that it is named for, in its release where the
    matrix knows it (of TensorFlow the major that the tag names)."""
    component = jetson_images.IMAGES.get(row["image"]) or matrix.packages.component(row["image"])
    inside = inside_of(row) if "l4t" not in row else {component: f"{row['framework']}.0a0"}
    if component is None or component not in ("torch", "tensorflow", "tensorrt"):
        return {}
    major = tag.rpartition("-tf")[2][:1] if "-tf" in tag else ""
    return {component: f"=={_line(inside[component])}" if component in inside else f"=={major}.*" if major else "*"}


def _line(version: str) -> str:
    """A release; of NVIDIA's own build of a commit before it (2.6.0a0) the line that it stands for."""
    parsed = versions.parse(version)
    return f"{versions.major_minor(parsed.base)}.*" if parsed.is_prerelease else parsed.base


def _minor(line: str) -> int:
    return int(line.partition(".")[2])
