"""CUDA releases: which driver they need, which driver offers them, which GPUs and PTX they know."""

from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability, sass_runs
from compat.matrix.claim import Claim
from compat.matrix.remembered import remembered

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


class Cuda:
    """The ``cuda`` component: toolkits and majors."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    @cached_property
    def toolkits(self) -> "list[Row]":
        """Every toolkit release, oldest first."""
        return sorted(self._matrix.rows("toolkit", "cuda"), key=lambda row: versions.parse(row["version"]).key())

    @cached_property
    def newest(self) -> str:
        """The newest minor release that the matrix knows."""
        return versions.major_minor(self.toolkits[-1]["version"])

    @remembered
    def release(self, cuda: str) -> "Row | None":
        """The row of a release; for a line (``12.4``) its first."""
        wanted = versions.parse(cuda)
        for row in self.toolkits:
            version = versions.parse(row["version"])
            if version.same_as(wanted) or wanted.covers(version) or version.covers(wanted):
                return row
        return None

    @remembered
    def last_of_major(self, cuda: str) -> "Row | None":
        """The newest release of the CUDA major that this one is of."""
        major = versions.parse(cuda).major
        return next((row for row in reversed(self.toolkits) if versions.parse(row["version"]).major == major), None)

    @remembered
    def own_minimum(self, cuda: str, system: str) -> Claim | None:
        """The driver that NVIDIA's table asks for this release itself: enough for everything, PTX included.

        A branch that offered this CUDA with an older release served it as well (387.26, which came with CUDA 9.1).
        """
        field, first = _field(system), f"first_{'windows' if system == 'windows' else 'linux'}"
        wanted = versions.major_minor(cuda)
        for row in self.toolkits:
            if versions.major_minor(row["version"]) != wanted or field not in row:
                continue
            for branch in self._matrix.drivers.branches:
                offers = branch.get("cuda") == wanted and first in branch
                if offers and versions.parse(branch[first]) < versions.parse(row[field]):
                    return Claim(branch[first], branch, first)
            return Claim(row[field], row, field)
        return None

    @remembered
    def minimum(self, cuda: str, system: str) -> Claim | None:
        """The oldest driver on which a runtime of this CUDA starts, minor-version compatibility taken into account.

        Of a bare major (``12``) it is the floor of the major. None where the matrix has no row for it.
        """
        field = _field(system)
        wanted = versions.parse(cuda)
        floor = next(
            (
                row
                for row in self._matrix.rows("major", "cuda")
                if row["major"] == str(wanted.major) and row["minor_compatible"] and field in row
            ),
            None,
        )
        own = self.own_minimum(cuda, system) if wanted.minor is not None else None
        if floor is None:
            return own
        if own is not None and versions.parse(own.value) < versions.parse(floor[field]):
            return own
        return Claim(floor[field], floor, field)

    @remembered
    def drivers_of(self, cuda: str) -> tuple[str, ...]:
        """The Linux drivers that came with the toolkits of this minor release: those of its cuda-compat as well."""
        wanted = versions.major_minor(cuda)
        rows = (row for row in self.toolkits if versions.major_minor(row["version"]) == wanted)
        return tuple(row["driver_linux"] for row in rows if "driver_linux" in row)

    @remembered
    def offered_by(self, driver: str, system: str) -> Claim | None:
        """The highest CUDA that a driver release offers; None for a release newer or older than any row tells."""
        if self._matrix.drivers.is_newer_than_known(driver, system):
            return None
        branch = self._matrix.drivers.branch(driver, system)
        best = branch if branch is not None and "cuda" in branch else None
        # On Windows the early releases of a branch may lie before the one that brought its CUDA. From R450 on they do
        # not; and the toolkit's table ends there with 12.9.
        if best is not None and (system != "windows" or int(best["branch"]) >= _WINDOWS_BY_BRANCH):
            return Claim(best["cuda"], best, "cuda")
        field = _field(system)
        reached = [(row, versions.at_least(driver, row[field])) for row in self.toolkits if field in row]
        fitting = [row for row, is_reached in reached if is_reached]
        if not fitting:
            return Claim(best["cuda"], best, "cuda") if best is not None else None
        row = fitting[-1]
        listed = versions.major_minor(row["version"])
        begun = {versions.major_minor(row["version"]) for row, is_reached in reached if is_reached is None}
        return Claim(listed, row, field) if begun <= {listed} else None  # a line in which another one begins

    @remembered
    def offered_at_least(self, driver: str, system: str) -> Claim | None:
        """What a driver offers that is newer than the matrix knows: what the newest known branch does, or more."""
        if not self._matrix.drivers.is_newer_than_known(driver, system):
            return None
        known = [row for row in self._matrix.drivers.branches if "cuda" in row]
        return Claim(known[-1]["cuda"], known[-1], "cuda") if known else None

    def first_for(self, gpu: Capability) -> Claim | None:
        """The first CUDA release whose compiler and libraries know the GPU."""
        return self._capability(gpu, "cuda_first")

    def last_for(self, gpu: Capability) -> Claim | None:
        """The last CUDA release that still knows the GPU; None while it is supported."""
        return self._capability(gpu, "cuda_last")

    @remembered
    def _capability(self, gpu: Capability, field: str) -> Claim | None:
        row = self._matrix.gpus.capability(gpu)
        return Claim(row[field], row, field) if row is not None and field in row else None

    @remembered
    def knows_major_of(self, cuda: str, gpu: Capability) -> bool:
        """Did this CUDA know some capability whose machine code the GPU runs?"""
        return any(
            sass_runs(sibling, gpu) and "cuda_first" in row and versions.at_least(cuda, row["cuda_first"]) is True
            for sibling, row in self._matrix.gpus.capabilities.items()
        )


_WINDOWS_BY_BRANCH = 450  # from this branch on its CUDA holds for each of its Windows releases


def _field(system: str) -> str:
    return "driver_windows" if system == "windows" else "driver_linux"
