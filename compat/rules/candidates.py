"""Which published builds a component can be, as it is installed on a machine or as a request asks for it.

A name and a version seldom tell: the index, the local part, conda, the image's tag and the platform leave out what it
cannot be.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build, Library, Machine
from compat.matrix.packages import CONDA, CONDA_INDEXES, fits_platform, fits_python, normal, same_cuda
from compat.records import replace
from compat.rules.subject import CUDA_TAG, Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def find(machine: Machine, component: str, matrix: "Matrix", users: Iterable[str] = ()) -> Subject:
    """The component on this machine: requested, installed, known to be absent, or unknown.

    ``users``: what the goal runs; a library that others load alone tells nothing of it. A distribution that the goal
    is named for is the one that is meant.
    """
    names = matrix.packages.distributions(component)
    requested = _named(machine.request, names)
    if requested is not None:
        wanted = (machine.request or {})[requested]
        return _subject(machine, component, requested, _exact_build(wanted), "requested", matrix, users, wanted)
    installed = {normal(name): name for name, version in (machine.packages or {}).items() if version is not False}
    meant = [name for name in names if name in users and name != component]  # tf-keras, beside another Keras
    for name in (*meant, *_gpu_first(tuple(names))):
        if name in installed:
            version = (machine.packages or {})[installed[name]] or _of_library(machine, component, users)
            return _subject(machine, component, installed[name], version or None, "installed", matrix, users)
    built = _named(machine.builds, names)
    if built is not None:
        return _subject(machine, component, built, _of_library(machine, component, users), "installed", matrix, users)
    denied = _named(machine.packages, names)
    return Subject(component, denied or names[0], None, "absent" if denied else "unknown", Build(), (), matrix)


def _exact_build(wanted: str) -> str | None:
    """The one build that is asked for: ``==2.5.1+cu124`` names a file of the vendor's index, as no other range does."""
    clauses = versions.parse_range(wanted).clauses
    return next((bound.text for sign, bound, _ in clauses if sign == "==" and "+" in bound.text), None)


def _of_library(machine: Machine, component: str, users: Iterable[str]) -> str | None:
    """The version of the component's library: what came as an archive or a system package is known by it."""
    copies = _copies(machine, component, users)
    told = {one.version for one in [one for one in copies if one.loaded] or copies}
    return told.pop() if len(told) == 1 else None


def _copies(machine: Machine, component: str, users: Iterable[str]) -> list[Library]:
    """The copies of the component's library that what the goal runs can get."""
    return [
        one
        for one in machine.libraries or ()
        if one.name == component
        and one.loaded is not False
        and (not users or one.loaded_by is None or not set(users).isdisjoint(one.loaded_by))
    ]


def _named(mapping: Any, names: list[str]) -> str | None:
    """Under which of its names it is spoken of; of several the one that is taken where all are installed."""
    found = [str(key) for key in mapping or () if normal(key) in names]
    if len(found) < 2:
        return found[0] if found else None
    order = _gpu_first(tuple(names))
    return min(found, key=lambda key: (order.index(normal(key)), "[" not in key, key))


@lru_cache(maxsize=1024)
def _gpu_first(names: tuple[str, ...]) -> list[str]:
    # Where a package has a GPU distribution of its own, that one is what the goal is about.
    return sorted(names, key=lambda name: "gpu" not in name and "cuda" not in name)


def _subject(
    machine: Machine,
    component: str,
    distribution: str,
    version: str | None,
    state: str,
    matrix: "Matrix",
    users: Iterable[str],
    wanted: str = "",
) -> Subject:
    facts = machine.builds.get(distribution) or _facts_by_normal(machine, distribution)
    conda = state == "installed" and _is_conda(machine, component, version, facts, matrix)
    pinned = None
    bare = state == "installed" and facts.source is None and "+" not in (version or "")
    if facts.cuda is None:
        pinned = (
            conda_cuda(machine)
            if conda
            else _image_cuda(machine, matrix.packages.distributions(component))
            if bare
            else None
        )
    told = facts.cuda is not None or pinned is not None or not bare
    of_image = False if told else _is_of_image(machine, component, version, matrix)
    subject = Subject(component, distribution, version, state, facts, (), matrix, conda, pinned, of_image)
    rows = matching(matrix, f"{CONDA}{distribution}" if conda else distribution, version, wanted)
    fitting = tuple(row for row in rows if _can_be(row, subject, machine, users))
    if state == "installed":  # of a Jetson's wheels the one for this Python, where there is one
        found = (row for row in fitting if row["index"] not in JETSON or fits_python(row, machine.python))
        fitting = tuple(found) or fitting
    local = version.partition("+")[2] if version else ""
    if machine.arch is None:  # a finding shows the first of those that it holds for: the one that most machines have
        fitting = tuple(sorted(fitting, key=lambda row: row.get("arch") != "x86_64"))
    exact = tuple(row for row in fitting if local and same_local(row, local))
    return replace(subject, candidates=exact or fitting)


def _is_conda(machine: Machine, component: str, version: str | None, facts: Build, matrix: "Matrix") -> bool:
    """Did conda install it? Its channel says so, or a package beside it that only conda has: tensorflow-base.

    An environment of conda alone tells nothing: pip installs into those as well. A source that is no index may be
    somebody's channel (peterjc123), as a name tells that only conda has.
    """
    if facts.source in _INDEXES:
        return facts.source in CONDA_INDEXES
    if "+" in (version or ""):
        return False
    only = _conda_names(matrix, component)
    here = (name for name, have in (machine.packages or {}).items() if have is not False)
    return bool(only) and any(normal(name) in only for name in here)


_CONDA_PINS = ("pytorch-cuda", "cudatoolkit", "cuda-version")
CONDA_PARTS = (*_CONDA_PINS, "cuda-toolkit", "cuda-nvrtc", "cuda-cudart")  # whose version tells the CUDA as well


def conda_cuda(machine: Machine, names: Iterable[str] = _CONDA_PINS) -> tuple[str, str] | None:
    """The CUDA of every GPU build in a conda environment: the package that holds its libraries, or that pins them."""
    for name in names:
        version = (machine.packages or {}).get(name)
        if version:
            return versions.major_minor(version), f"packages.{name}"
    return None


def _is_of_image(machine: Machine, component: str, version: str | None, matrix: "Matrix") -> bool | None:
    """May it be of an image for another CUDA than the default index's, as its vendor makes them (vLLM's -cu129)?

    None where it may if this is an image.
    """
    return matrix.traits.holds(component, "builds-of-other-cuda", version) is True and machine.in_environment("docker")


def _image_cuda(machine: Machine, names: list[str]) -> tuple[str, str] | None:
    """The CUDA that the tag of the package's own image names: vllm/vllm-openai:v0.14.0-cu130."""
    image = machine.container.image or ""
    if set(image.partition(":")[0].split("/")).isdisjoint(names):
        return None
    from compat.rules.runtimes import of_tag

    cuda = of_tag(image)
    return (cuda, "container.image") if cuda is not None else None


def _conda_names(matrix: "Matrix", component: str) -> list[str]:
    """Names that only conda has: pytorch is not the public index's torch."""
    names = matrix.packages.about(component).get("distributions", {})
    return [normal(name) for name in names.get("conda", ()) if name not in names.get("pypi", ())]


def _facts_by_normal(machine: Machine, distribution: str) -> Build:
    wanted = normal(distribution)
    return next((build for name, build in machine.builds.items() if normal(name) == wanted), Build())


def matching(matrix: "Matrix", distribution: str, version: str | None, wanted: str = "") -> "Iterable[Row]":
    """Published builds of a version, of the line that it names, or of a requested range; all of them for None."""
    index = matrix.packages.builds(distribution)
    if version is None:
        for known in _admitted(index, wanted) if wanted else index:
            yield from index[known]
        return
    public = versions.parse(version).public
    line = versions.parse(public)
    if public in index:
        yield from index[public]
        # An archive's name says less than that of its wheels: TensorRT 8.5.3 is 8.5.3.1 as well.
        short = all(is_unpacked(row) for row in index[public])
        for known in matrix.packages.inside(distribution, line) if short else ():
            yield from index[known] if known != public else ()
        return
    inside = matrix.packages.inside(distribution, line)
    if not inside and len(line.release) > 1:
        # Not a release that the matrix lists (a nightly, a withdrawn patch): what its whole line has in common.
        inside = matrix.packages.inside(distribution, versions.Version("", line.release[:2]))
    if line.post >= CUDA_TAG:
        inside = list(_same_tag(index, line))
    for known in inside:
        yield from index[known]


def of_extras(matrix: "Matrix", row: "Row", asked: str) -> list[tuple[str, str, str]]:
    """(distribution, range, marker) of what the extras draw in that a request names: ``jax[cuda12_local]``."""
    extras = [extra.strip() for extra in asked.partition("[")[2].rstrip("]").split(",") if extra.strip()]
    known = {normal(name): lines for name, lines in row.get("extras", {}).items()}  # cuda12-pip is cuda12_pip
    return matrix.packages.pins({"requires": [line for extra in extras for line in known.get(normal(extra), ())]})


def _admitted(releases: "Iterable[str]", wanted: str) -> list[str]:
    """Releases inside of a range. A pre-release only where the range names one, or has no other (PEP 440)."""
    allowed = versions.parse_range(wanted)
    inside = [known for known in releases if versions.try_parse(known) is not None and allowed.admits(known)]
    if allowed.names_prerelease:
        return inside
    return [known for known in inside if not versions.parse(known).is_prerelease] or inside


def _same_tag(index: "Iterable[str]", version: versions.Version) -> Iterable[str]:
    """Releases of the minor line for the same CUDA, where the patch itself is not listed; never another CUDA's."""
    for known in index:
        parsed = versions.try_parse(known)
        if parsed is not None and parsed.post == version.post and parsed.release[:2] == version.release[:2]:
            yield known


def _can_be(row: "Row", subject: Subject, machine: Machine, users: Iterable[str]) -> bool:
    """Can this published build be the one that is installed?"""
    if not fits_platform(row, machine.os, machine.arch) or (row["index"] in JETSON and not _may_be_jetson(machine)):
        return False
    if subject.facts.source is not None and not is_from(row, subject.facts.source):
        return False
    if row["index"] in UNPACKED and _is_pips(machine, subject.component, users):
        return False
    if same_cuda(row.get("cuda"), subject.facts.cuda) is False:
        return False
    if subject.facts.architectures and row.get("cuda") is False:
        return False  # code for a GPU was seen in it
    pinned, cuda = subject.pinned_cuda, row.get("cuda")
    if pinned is not None and same_cuda(cuda, pinned[0]) is False and not (subject.conda and cuda is False):
        return False  # conda's solver may have taken one without CUDA
    local = subject.version.partition("+")[2] if subject.version else ""
    if local:
        return same_local(row, local) or same_cuda(row.get("cuda"), subject.local_cuda) is True
    if subject.state == "requested":
        return row["index"] in ("pypi", subject.facts.source)
    return not bool(row.get("stub"))


def same_local(row: "Row", local: str) -> bool:
    """Is the build's local part this one?"""
    return versions.same_local(str(row.get("local", row["variant"])), local)


def for_others_only(matrix: "Matrix", distribution: str, version: str, os: str | None, arch: str | None) -> list["Row"]:
    """The builds of this version with its local part, where none of them is for this platform and every file of their
    index is known; none where one is, or where the version has no local part."""
    public, _, local = version.partition("+")
    index = listed_whole(matrix, distribution, public, arch) if local else None
    builds = matrix.packages.builds(distribution).get(public, ()) if index is not None else ()
    rows = [row for row in builds if row["index"] == index and same_local(row, local)]
    return [] if any(fits_platform(row, os, arch) for row in rows) else rows


def listed_whole(matrix: "Matrix", distribution: str, version: str, arch: str | None) -> str | None:
    """The publisher's index of which every file of this release is known, or every one for this processor; of others
    single ones are."""
    row = matrix.traits.claim(distribution, "index-listed", version)
    if row is None and arch is not None:
        row = matrix.traits.claim(distribution, "index-listed", version, arch)
    return str(row["value"]) if row is not None else None


def listed_for_others(matrix: "Matrix", distribution: str, version: str | None, arch: str | None) -> bool:
    """Are the builds with such a local part listed for other processors, and for this one single ones at most? Whether
    there are more is open."""
    public, _, local = (version or "").partition("+")
    if not local or listed_whole(matrix, distribution, public, arch) is not None:
        return False
    return bool(matrix.traits.every(distribution, "index-listed"))


JETSON = ("jetson", "jetson-ai-lab")
UNPACKED = ("archive", "apt")  # no package index; a page of wheels counts as an archive too


def is_unpacked(row: "Row") -> bool:
    """Is it a file that no installer of wheels takes: a tarball, a zip, a system package?"""
    return row["index"] in UNPACKED and "file" in row and not row["file"].endswith(".whl")


def _is_pips(machine: Machine, component: str, users: Iterable[str]) -> bool:
    """Is every copy of the component's library one that pip or conda brought?"""
    origins = {one.origin for one in _copies(machine, component, users)}
    return bool(origins) and origins <= {"pip", "conda"}


def _may_be_jetson(machine: Machine) -> bool:
    return machine.arch == "aarch64" or machine.is_jetson


def is_from(row: "Row", source: str) -> bool:
    """Is it a build of this index? The name of a distribution stands for the vendor's files made for it."""
    if source in _INDEXES:
        return bool(row["index"] == source)
    return row["index"] not in UNPACKED or not row["variant"] or row["variant"].startswith(source)


_INDEXES = (
    "pypi",
    "pytorch",
    "nvidia",
    "jax",
    "onnxruntime",
    "jetson",
    "jetson-ai-lab",
    "conda-forge",
    "anaconda",
    "conda-pytorch",
    "conda-nvidia",
    "apt",
    "archive",
)
