"""The code that builds carry for GPUs, by their lists: of what is installed, and of what is published."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability, architecture_lists, ptx_runs, sass_runs
from compat.capability import parse as parse_capability
from compat.matrix.packages import fits_platform
from compat.rules.case import Case
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

Code = tuple[tuple[Capability, ...] | None, tuple[Capability, ...] | None, str]


def code_for(subject: Subject, cuda: str | None = None) -> list[Code]:
    """(machine code, PTX, source) of each build that the installed one can be; None for a list that is unknown.

    Of a build with a library for each CUDA release, those of the library for ``cuda``, or of each where that is open.
    """
    stated = subject.facts.architectures
    if stated is not None:
        sass, ptx = architecture_lists(stated)
        return [(sass, ptx, f"builds.{subject.distribution}.architectures")]
    found: list[Code] = []
    # A build without CUDA has code for no GPU, unless a part of its own carries it.
    parts = subject.matrix.packages.about(subject.component).get("parts", ())
    for row in subject.candidates:
        if row.get("cuda") is False:
            none = None if parts else ()
            found.append((none, none, str(subject.matrix.source(row, "cuda"))))
            continue
        if "sass_from" in row:
            found += _libraries(subject, row, cuda)
            continue
        row = row if "sass" in row or "ptx" in row else _patch_of_same_build(subject, row)
        sass_row, ptx_row = row.get("sass"), row.get("ptx")
        found.append(
            (
                tuple(parse_capability(text) for text in sass_row) if sass_row is not None else None,
                tuple(parse_capability(text) for text in ptx_row) if ptx_row is not None else None,
                str(subject.matrix.source(row, "sass")),
            )
        )
    return found


def _libraries(subject: Subject, row: "Row", cuda: str | None) -> Iterator[Code]:
    """Each library has machine code by its CUDA, and PTX for the newest of its targets."""
    source = str(subject.matrix.source(row, "sass_from"))
    served = [release for release in row["sass_from"] if cuda is None or versions.at_least(cuda, release)]
    for release in served[-1:] if cuda is not None else served:
        sass = tuple(parse_capability(text) for text in row["sass_from"][release])
        yield sass, sass[-1:], source


def _patch_of_same_build(subject: Subject, row: "Row") -> "Row":
    """A patch release of the same line, platform and CUDA whose code is listed: lists change with the minor only."""
    same = ("os", "arch", "index", "variant", "cuda")
    for other in subject.matrix.packages.of_its_minor(row):
        if "sass" in other and all(other.get(name) == row.get(name) for name in same):
            return other
    return row


def runs(code: Code, gpu: Capability) -> bool | None:
    """Has the build code that this GPU runs? None where its lists do not tell."""
    sass, ptx, _ = code
    if sass is not None and any(sass_runs(target, gpu) for target in sass):
        return True
    if ptx is not None and any(ptx_runs(target, gpu) for target in ptx):
        return True
    return None if sass is None or ptx is None else False


def shown(code: list[Code]) -> Code:
    """The build to speak of: the first with code for some GPU."""
    return next((one for one in code if one[0] or one[1]), code[0] if code else (None, None, "published builds"))


def listed(code: Code) -> str:
    sass, ptx, _ = code
    names = [target.sm for target in sass or ()]
    names += [target.sm.replace("sm_", "compute_") for target in ptx or ()]
    return ", ".join(names) or "no GPU at all"


def with_code(case: Case, subject: Subject, gpu: Capability) -> str:
    """Which published builds for this platform have machine code for the GPU: the same version, else the releases."""
    platform = (case.machine.os, case.machine.arch)
    own = versions.parse(subject.version).public if subject.version else ""
    named = sorted({variant for variant in _variants(subject.published, own, platform, gpu) if variant})
    if named:
        return f"install {subject.distribution} {own} for {', '.join(named)}, which has {gpu.sm}"
    fitting = _newest_with_code(case.matrix, subject.distribution, bool(subject.conda), platform, gpu)
    if not fitting:
        return f"no published build of {subject.distribution} for this platform has {gpu.sm}"
    return f"install a build that has {gpu.sm}: {subject.distribution} {fitting[-1]} to {fitting[0]} have one"


Platform = tuple[str | None, str | None]


def _variants(published: "dict[str, list[Row]]", version: str, platform: Platform, gpu: Capability) -> list[str]:
    """The builds of a release with machine code for the GPU; PTX that predates the GPU is no way out."""
    return [
        row["variant"]
        for row in published.get(version, ())
        if fits_platform(row, *platform) and any(_runs_on(target, gpu) for target in row.get("sass", ()))
    ]


@lru_cache(maxsize=512)
def _runs_on(target: str, gpu: Capability) -> bool:
    return sass_runs(parse_capability(target), gpu)


@lru_cache(maxsize=64)  # the planner asks it of every release
def _newest_with_code(
    matrix: "Matrix", distribution: str, conda: bool, platform: Platform, gpu: Capability
) -> tuple[str, ...]:
    """The releases that have machine code for the GPU, from the newest down to the first that has none: older rows are
    not read."""
    published = matrix.packages.conda_builds(distribution) if conda else matrix.packages.builds(distribution)
    parsed = ((version, versions.try_parse(version)) for version in published)
    releases = sorted((one.key(), version) for version, one in parsed if one is not None and not one.is_prerelease)
    newest = [version for _, version in reversed(releases)]

    def has_code(version: str) -> bool:
        return bool(_variants(published, version, platform, gpu))

    return tuple(takewhile(has_code, dropwhile(lambda version: not has_code(version), newest)))
