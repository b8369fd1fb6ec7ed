"""What an image's name and tag say of its contents: the makers' tag schemes, and the matrix's container rows."""

import re
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.guard.files import Image
from compat.machine import Build, Container, Machine, Toolkit
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_CUDA = re.compile(r"^(\d+\.\d+(?:\.\d+)?)-.*?(base|runtime|devel)(?:-([a-z]+)([\d.]+))?$")
_TORCH = re.compile(r"^(\d+\.\d+(?:\.\d+)?)-cuda(\d+\.\d+)-cudnn(\d+)-(?:runtime|devel)$")
_TENSORFLOW = re.compile(r"^(\d+\.\d+\.\d+(?:rc\d+)?)((?:-gpu|-jupyter|-devel|-py[23])*)$")
_PYTHON = re.compile(r"^(\d+\.\d+(?:\.\d+)?)(?:-.*)?$")


def inside(machine: Machine, image: Image, matrix: "Matrix") -> Machine:
    """The machine as a container of this image sees it; what the tag does not tell stays unknown."""
    where = f"{image.path}:{image.line}"
    name = image.name.lower()
    base = replace(
        machine,
        container=Container(image=f"{image.name}:{image.tag}"),
        toolkits=None,
        libraries=None,
        distribution=None,
        distribution_version=None,
        glibc=None,
        glibcxx=None,
        python=None,
    )
    for pattern, scheme in (
        (r"(?:^|/)nvidia/cuda$", _of_cuda),
        (r"(?:^|/)pytorch/pytorch$", _of_torch),
        (r"(?:^|/)tensorflow/tensorflow$", _of_tensorflow),
        (r"^(?:docker\.io/)?(?:library/)?python$", _of_python),
        (r"^(?:docker\.io/)?(?:library/)?(?:ubuntu|debian)$", _of_system),
        (r"^nvcr\.io/nvidia/[a-z]+$", _of_vendor),
    ):
        if re.search(pattern, name):
            known = scheme(base, name.rpartition("/")[2], image.tag, matrix)
            facts = dict.fromkeys(
                (
                    "container.image",
                    "container.requires",
                    "python",
                    "toolkits[0].version",
                    *(f"packages.{one}" for one in known.packages or ()),
                    *(f"builds.{one}.cuda" for one in known.builds),
                ),
                where,
            )
            return replace(known, sources={**known.sources, **facts})
    return base


def _of_cuda(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    match = _CUDA.match(tag)
    if match is None:
        return base
    kits = (Toolkit(match[1], "container"),) if match[2] != "base" else ()
    return replace(
        _requiring(base, match[1], matrix), toolkits=kits, distribution=match[3], distribution_version=match[4]
    )


def _of_torch(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    match = _TORCH.match(tag)
    if match is None:
        return base
    return _with(base, "torch", match[1], Build(cuda=match[2], source="pytorch"))


def _of_tensorflow(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    match = _TENSORFLOW.match(tag)
    if match is None:
        return base
    return _with(base, "tensorflow", match[1], Build() if "-gpu" in match[2] else Build(cuda=False))


def _of_python(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    match = _PYTHON.match(tag)
    return base if match is None else replace(base, python=match[1])


def _of_system(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    match = re.match(r"\d+(?:\.\d+)?(?=$|-|\.)", tag)
    return base if match is None else replace(base, distribution=name, distribution_version=match[0])


def _of_vendor(base: Machine, name: str, tag: str, matrix: "Matrix") -> Machine:
    release = re.match(r"\d\d\.\d\d", tag)
    row = next(
        (
            row
            for row in matrix.rows("container", "container")
            if row["image"] == name and release and row["tag"] == release[0]
        ),
        None,
    )
    if row is None:
        return base
    known = (
        replace(
            _requiring(base, row["cuda"], matrix),
            python=row.get("python"),
            distribution="ubuntu",
            distribution_version=row.get("ubuntu"),
        )
        if "cuda" in row
        else base
    )
    return known if "cuda" not in row else replace(known, toolkits=(Toolkit(row["cuda"], "container"),))


def _with(base: Machine, package: str, version: str, build: Build) -> Machine:
    packages: dict[str, Any] = {**(base.packages or {}), package: version}
    return replace(base, packages=packages, builds={**base.builds, package: build})


def _requiring(base: Machine, cuda: str, matrix: "Matrix") -> Machine:
    """NVIDIA_REQUIRE_CUDA of the CUDA image of this release: every image built on it carries it."""
    row = requirement_row(cuda, matrix)
    return base if row is None else replace(base, container=replace(base.container, requires=row["requires"]))


def requirement_row(cuda: str, matrix: "Matrix") -> "Row | None":
    """The container row of the CUDA image of this minor release."""
    return next(
        (
            row
            for row in matrix.rows("container", "container")
            if row["image"] == "cuda"
            and "requires" in row
            and versions.major_minor(row["cuda"]) == versions.major_minor(cuda)
        ),
        None,
    )
