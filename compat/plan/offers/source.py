"""What its publisher's archive is compiled to on the machine, where no wheel fits: an extension of torch, by nvcc.

Which packages those are, for which systems, from which CUDA on and for which GPUs, the matrix's traits say. What is
compiled goes with whatever torch lies there; it needs nvcc of torch's CUDA (ways/toolkit.py) and a long time, so it is
looked for only where a search through the wheels has no answer.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.offers.published import pins
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

SOURCE = "source"  # the index and the build of what is compiled


def instead(requests: tuple[Request, ...], machine: Machine, matrix: "Matrix") -> tuple[Request, ...]:
    """The requests with what can be compiled here asked for as that; empty where there is none, and where a build is
    demanded."""
    able = [one.component for one in requests if not one.build and _compiles(one.component, machine.os, matrix)]
    return tuple(replace(one, build=SOURCE) if one.component in able else one for one in requests) if able else ()


@lru_cache(maxsize=1024)
def _compiles(component: str, system: str | None, matrix: "Matrix") -> bool:
    return bool(system) and matrix.traits.row(component, "compiled-from-cuda", system or "") is not None


def compiled(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> tuple[Choice, ...]:
    """The releases inside the range, newest first, each compiled on this machine."""
    return _compiled(component, matrix, wanted, machine.os, machine.arch, machine.python)


@lru_cache(maxsize=256)
def _compiled(
    component: str, matrix: "Matrix", wanted: str, system: str | None, arch: str | None, python: str | None
) -> tuple[Choice, ...]:
    machine = Machine(os=system, arch=arch, python=python)
    allowed = versions.parse_range(wanted)
    return tuple(
        choice
        for version in reversed(matrix.packages.versions(component))
        if allowed.admits(version) is not False
        for choice in _choice(component, version, machine, matrix)
    )


def _choice(component: str, version: str, machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    traits = matrix.traits
    least = traits.claim(component, "compiled-from-cuda", version, machine.os or "")
    if least is None:
        return
    code = tuple(
        one for one in _capabilities(component, matrix) if traits.holds(component, "compiled-code", version, one)
    )
    label, source = f"{component} {version}", str(matrix.source(least))
    lines = next((row["requires"] for row in matrix.packages.builds(component)[version] if "requires" in row), ())
    torch = traits.claim(component, "compiled-with-torch", version)
    beside = (Pin("torch", str(torch["value"]), label, str(matrix.source(torch))),) if torch is not None else ()
    yield Choice(
        component,
        component,
        version,
        SOURCE,
        build=Build(architectures=tuple(f"sm_{one.replace('.', '')}" for one in code), source=SOURCE),
        pins=(*pins(matrix, lines, machine, label, source), *beside),
        row={**least, "package": component, "version": version, "cuda": least["value"]},
        default=False,
    )


def _capabilities(component: str, matrix: "Matrix") -> list[str]:
    """The GPUs that some release can be compiled for."""
    return [row["of"] for row in matrix.rows("trait", component) if row["name"] == "compiled-code"]


def by_publisher(reason: Reason, choices: Iterable[Choice], matrix: "Matrix") -> Reason:
    """A reason that goes by the build as the plan describes it, with the publisher's word that this is from."""
    for one in choices:
        if one.index == SOURCE and reason.source.startswith(f"builds.{one.distribution}."):
            return replace(reason, source=str(matrix.source(dict(one.row))))
    return reason
