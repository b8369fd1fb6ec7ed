"""Builds that a rule refuses alike, so that one of a kind is asked: those that are the same in all that the rule reads.

Of the rules that refuse most builds of a component two read its CUDA alone, others its machine code, its TensorRT,
whether it has CUDA, or whether there is a file for the Python. That one is refused is taken over for the others; the
reason only where what makes it a consequence is the same too, and with the words of the one that was asked.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import fits_platform, same_cuda
from compat.plan.model import Choice, Reason
from compat.records import dataclass, field
from compat.rules.candidates import same_local

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.plan.solver.verdicts import Task


DRIVER, PYTHON, CODE = "driver-too-old", "python-unsupported", "gpu-not-in-build"


@dataclass(frozen=True)
class Place:
    """What a build is read on. ``python``: its line."""

    matrix: "Matrix"
    os: str | None
    arch: str | None
    python: str | None


Read = Callable[[Choice, Place], Hashable]
"""All that a rule reads of a build on a platform; of its Pythons whether the given one is among them."""


@dataclass
class Refused:
    """The kinds of builds that were refused, or of which rules say nothing, in one scene and those like it."""

    place: Place
    _said: dict[Read, set[int]] = field(default_factory=dict)
    _told: dict[str, dict[int, Reason]] = field(default_factory=dict)  # by the rule
    silent: "dict[Task, set[int]]" = field(default_factory=dict)  # those of which a task says nothing

    def add(self, rule: str, choice: Choice) -> None:
        """A rule refuses a build."""
        read = _READ.get(rule)
        if read is not None and not choice.installed:
            self._said.setdefault(read, set()).add(self.kind(read, choice))

    def has(self, choice: Choice) -> bool:
        """Is it of such a kind?"""
        if choice.installed:
            return False
        return any(self.kind(read, choice) in some for read, some in self._said.items())

    def add_told(self, found: Reason, choice: Choice) -> None:
        """The same, with the reason, which is the consequence of no other one."""
        read = _TOLD.get(found.rule)
        if read is not None and not choice.installed:
            self._told.setdefault(found.rule, {}).setdefault(self.kind(read, choice), found)

    def add_clash(self, found: Reason, choice: Choice) -> None:
        """The same of what a build draws: a cuDNN that has no code for the GPU."""
        if found.rule == CODE:
            self.add(CODE, choice)
            self.add_told(found, choice)

    def told(self, choice: Choice, counts: Callable[[str], bool]) -> Reason | None:
        """The reason of a build of such a kind, by one of the rules that count."""
        for rule, known in self._told.items() if not choice.installed else ():
            number = choice.kinds.get(self._keys[rule])  # this is asked most often
            found = known.get(self.kind(_TOLD[rule], choice) if number is None else number)
            if found is not None and counts(rule):
                return found
        return None

    def alike(self, choice: Choice) -> "Silent":
        """What rules do not say of builds of its kinds."""
        return Silent(self, choice)

    def kind(self, read: Read, choice: Choice) -> int:
        """A number for all that a rule reads of it here, which the build keeps."""
        key = (read, *self._platform)
        known = choice.kinds.get(key)
        if known is None:
            numbers = _numbers(self.place.matrix)
            known = choice.kinds[key] = numbers.setdefault(read(choice, self.place), len(numbers))
        return known

    @cached_property
    def _keys(self) -> dict[str, tuple[object, ...]]:
        """Of each rule that tells, what a build keeps the number by."""
        return {rule: (read, *self._platform) for rule, read in _TOLD.items()}

    @cached_property
    def _platform(self) -> tuple[str | None, ...]:
        return self.place.os, self.place.arch, self.place.python


@dataclass(frozen=True)
class Silent:
    """What is known to be said by no task of builds of a kind: asked of one, it holds for the others."""

    refused: Refused
    choice: Choice

    def silent(self, asked: "Task") -> bool:
        """Does the task say nothing of those?"""
        some = self.refused.silent.get(asked)
        return some is not None and self.refused.kind(_READ[asked.rule], self.choice) in some

    def note_silent(self, asked: "Task") -> None:
        """It says nothing of this one."""
        read = _READ.get(asked.rule)
        if read is not None:
            self.refused.silent.setdefault(asked, set()).add(self.refused.kind(read, self.choice))


@cache
def _numbers(matrix: "Matrix") -> dict[Hashable, int]:
    """Of all that was read of a matrix's builds, which keep them: so they are kept as long as it is, and never begin
    anew."""
    return {}


def refused(machine: Machine, matrix: "Matrix") -> Refused:
    """None yet, on a machine."""
    line = versions.major_minor(machine.python) if machine.python else None
    return Refused(Place(matrix, machine.os, machine.arch, line))


def _of_cuda(choice: Choice, place: Place) -> Hashable:
    """Its own CUDA, or that of what it brings, else its release; and whether it comes with CUDA's libraries (of JAX's
    compiler the release counts) or opens the machine's."""
    brought = tuple([(name, _cudas(place.matrix, name, release)) for name, release in choice.brings])
    by_parts = any(any(cudas) for _, cudas in brought)
    known = (choice.build, _cudas(place.matrix, choice.distribution, choice.public)) if by_parts else choice
    told = choice.build if choice.build.cuda else known
    drawn = frozenset([pin.name for pin in choice.pins if pin.name.startswith("nvidia-")])
    compilers = frozenset([(pin.name, pin.range) for pin in choice.pins if by_parts and pin.name.startswith(_COMPILER)])
    own = (choice.distribution, told, choice.extras, choice.parts, brought, choice.conda)
    return own, drawn, compilers, _runs_on(choice, place)


@lru_cache(maxsize=8192)
def _cudas(matrix: "Matrix", distribution: str, release: str) -> tuple[object, ...]:
    """The CUDA of each file of a release."""
    return tuple([row.get("cuda") for row in matrix.packages.builds(distribution).get(release, ())])


def _of_python(choice: Choice, place: Place) -> Hashable:
    """Which files of its release are for the Python."""
    files = tuple([_for_python(place, *one) for one in _releases(choice)])
    advised = tuple([_advised(place.matrix, PYTHON, name, release) for name, _, release, _, _ in _releases(choice)])
    return choice.build, choice.extras, files, advised


def _of_presence(choice: Choice, place: Place) -> Hashable:
    """Whether its release has CUDA, here and elsewhere."""
    if "parts" in place.matrix.packages.about(choice.component):
        return choice  # they may carry it
    told: Hashable = choice.build, _with_cuda(place, choice.component, choice.version, choice.public)
    if choice.build.cuda:
        told = True  # which CUDA it is makes no difference, nor what other files there are
    own = (choice.distribution, told, choice.extras, choice.conda)
    return own, _through_torch(choice, place), _runs_on(choice, place)


def _of_code(choice: Choice, place: Place) -> Hashable:
    """The machine code of its release and of what it brings, and which cuDNN and other parts of CUDA it draws."""
    if "library_by_cuda" in place.matrix.packages.about(choice.component):
        return choice  # of its libraries the torch beside it tells which
    code = tuple([_code(place, choice.component, *one) for one in _releases(choice)])
    advised = tuple([_advised(place.matrix, CODE, name, one) for name, _, one, _, _ in _releases(choice)])
    targets = tuple([_targets(place.matrix, name, one) for name, _, one, _, _ in _releases(choice)])
    drawn = frozenset([(pin.name, pin.range) for pin in choice.pins if pin.name.startswith("nvidia-")])
    own = (choice.build, choice.extras, choice.conda, choice.libraries, _through_torch(choice, place))
    return own, code, advised, targets, drawn, _runs_on(choice, place)


def _of_code_alone(choice: Choice, place: Place) -> Hashable:
    """The same, with what is said of builds without CUDA in place of it."""
    return _of_code(choice, place), None if choice.build.cuda else _of_presence(choice, place)


def _of_code_and_cuda(choice: Choice, place: Place) -> Hashable:
    """Its CUDA, with what is said of its code in place of it."""
    return _of_cuda(choice, place), _of_code_alone(choice, place)


def _of_tensorrt(choice: Choice, place: Place) -> Hashable:
    """The GPUs that its release of TensorRT is said to serve."""
    if choice.component != "tensorrt":
        return choice
    own = (choice.distribution, choice.index, choice.extras, choice.conda, tuple([one for one, _ in choice.libraries]))
    return own, choice.build, tuple([one for one, _ in choice.brings]), _served(place.matrix, choice.version)


@lru_cache(maxsize=8192)
def _targets(matrix: "Matrix", distribution: str, release: str) -> str | None:
    """The newest target that a release's own compiler writes for any GPU newer than that."""
    row = matrix.traits.claim(distribution, "targets-newest-known", release)
    return str(row["value"]) if row is not None else None


Release = tuple[str, str, str, object, str]
"""Distribution, version, the same without its local part; the CUDA and the local part that it is told to have."""


def _releases(choice: Choice) -> tuple[Release, ...]:
    """That of a build, and those of what it brings."""
    cuda, local = choice.build.cuda, choice.version.partition("+")[2]
    own = (choice.distribution, choice.version, choice.public, cuda, local)
    return (own, *[(name, version, version, None, "") for name, version in choice.brings])


def _rows(
    place: Place, name: str, version: str, release: str, cuda: object, local: str
) -> "Iterator[tuple[Hashable, Row]]":
    """The files of a release that it can be, each with what tells whose it is."""
    builds = place.matrix.packages.builds(name)
    for row in [row for one in dict.fromkeys((version, release)) for row in builds.get(one, ())]:
        if fits_platform(row, place.os, place.arch) and same_cuda(row.get("cuda"), cuda) is not False:
            own = row["variant"] if row["index"] in ("archive", "apt") else same_local(row, local) if local else None
            yield (row["index"], own, row.get("stub"), row.get("cuda") is False), row


@lru_cache(maxsize=16384)
def _for_python(place: Place, *release: str) -> Hashable:
    found = [(told, place.python in row["python"] if "python" in row else None) for told, row in _rows(place, *release)]
    return release[0], tuple(dict.fromkeys(found)) or release


@lru_cache(maxsize=8192)
def _with_cuda(place: Place, component: str, version: str, release: str) -> Hashable:
    """Of the component's files of this release, here and elsewhere, which have CUDA."""
    packages = place.matrix.packages
    found = [
        (name, row["index"], fits_platform(row, place.os, place.arch), _state(row), row.get("stub"))
        for name in packages.distributions(component)
        for row in [row for one in dict.fromkeys((version, release)) for row in packages.builds(name).get(one, ())]
    ]
    return tuple(dict.fromkeys(found)) or version


def _state(row: "Row") -> bool | None:
    return bool(row["cuda"]) if row.get("cuda") is not None else None


@lru_cache(maxsize=8192)
def _code(place: Place, component: str, *release: str) -> Hashable:
    """The lists of each file; where one has none, those of its line count, and where the vendor states a least GPU."""
    found = list(_rows(place, *release))
    lists = [(told, *[str(row.get(one)) for one in _LISTS]) for told, row in found]
    listed = all("sass" in row or "ptx" in row or "sass_from" in row or row.get("cuda") is False for _, row in found)
    line = versions.major_minor(release[2]) or release[2]
    least = frozenset([row.get("capability_minimum") for row in place.matrix.packages.of_line(component, line)])
    return release[0], tuple(dict.fromkeys(lists)) or release, None if listed else line, least


def _runs_on(choice: Choice, place: Place) -> Hashable:
    """What it demands of others with GPU code, whose builds count where it runs in their process."""
    return frozenset([(pin.name, pin.range) for pin in choice.pins if _has_code(place.matrix, pin.name)])


@lru_cache(maxsize=4096)
def _has_code(matrix: "Matrix", distribution: str) -> bool:
    component = None if distribution.startswith("nvidia-") else matrix.packages.component(distribution)
    return component is not None and matrix.packages.about(component).get("accelerator") in ("optional", "always")


def _through_torch(choice: Choice, place: Place) -> bool | None:
    return place.matrix.traits.holds(choice.component, "gpu-through-torch", choice.public)


@lru_cache(maxsize=8192)
def _advised(matrix: "Matrix", rule: str, name: str, release: str) -> tuple[str, ...]:
    """The advisories of a rule that speak of a release."""
    rows = [row for row in matrix.packages.breaks.get(rule, ()) if row["package"].partition("[")[0] == name]
    return tuple([row["id"] for row in rows if versions.parse_range(row["range"]).admits(release) is not False])


@lru_cache(maxsize=1024)
def _served(matrix: "Matrix", version: str) -> tuple[str, ...]:
    rows = matrix.packages.of_line("tensorrt", version)
    return tuple([str([row.get(name) for name in _CAPABILITIES]) for row in rows])


_LISTS = ("sass", "ptx", "sass_from", "cudnn")
_CAPABILITIES = ("capabilities", "capability_minimum", "capability_maximum")
_COMPILER = "nvidia-cuda-nvcc"
_READ: Mapping[str, Read] = {
    "cuda-older-than-gpu": _of_cuda,
    DRIVER: _of_cuda,
    PYTHON: _of_python,
    "cpu-only-build": _of_presence,
    CODE: _of_code,
    "gpu-unsupported-by-tensorrt": _of_tensorrt,
}
_TOLD: Mapping[str, Read] = {
    **_READ,
    "cuda-older-than-gpu": _of_code_and_cuda,
    CODE: _of_code_alone,
}
