"""The platform of a case: its operating system, its GPUs and its driver, and where each fact was read."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from compat.machine import Machine
from compat.names import normal
from compat.rules.base import Evidence
from compat.rules.gpus import GpuFact, gpus
from compat.rules.implied import of_every_jetson

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.matrix.claim import Claim


class Platform:
    """One machine beside the matrix: what is derived of it whatever the goal is. Derived facts are computed once."""

    def __init__(self, machine: Machine, matrix: "Matrix") -> None:
        self.machine = machine
        self.matrix = matrix

    # -- where a fact was read -------------------------------------------------------------------------------------

    def read(self, path: str, value: Any) -> Evidence:
        """Evidence for a fact of the machine. A version is shown as it stands, whatever was derived from it."""
        path = self._as_listed(path)
        kind, _, name = path.partition(".")
        if kind in ("packages", "request"):
            value = (getattr(self.machine, kind) or {}).get(name, value)
        sources = self.machine.sources
        where = sources.get(path) or sources.get(path.rpartition(".")[0]) or "machine description"
        return Evidence(f"{path} = {value}", where)

    def assume(self, path: str, text: str) -> Evidence:
        """Evidence of what is taken to be so where the description leaves it open (docs/machine.md, Defaults)."""
        return Evidence(f"not stated, {self._as_listed(path)}: {text}", "default")

    def _as_listed(self, path: str) -> str:
        """The field of a build under the name that the description has: what is asked for with an extra is a build
        without one."""
        if not path.startswith("builds."):
            return path
        name, dot, field = path.removeprefix("builds.").partition(".")
        listed = next((one for one in self.machine.builds if normal(one) == normal(name)), name)
        return f"builds.{listed}{dot}{field}"

    def says(self, field: str, value: str, text: str) -> tuple[Evidence, ...]:
        """A fact of the machine, or, where ``field`` is the source of a claim, what is claimed."""
        if field == "container.image":
            return (self.read(field, self.machine.container.image), Evidence(text, "the image's name"))
        if field.startswith(("builds.", "packages.", "request.", "toolkits[")):
            return (self.read(field, value),)
        return (Evidence(text, field),)

    def claim(self, text: str, claim: "Claim") -> Evidence:
        """Evidence for a claim of the matrix."""
        return Evidence(text, str(claim.source(self.matrix)))

    def cite(self, text: str, row: "Row", field: str | None = None) -> Evidence:
        """Evidence for a row of the matrix."""
        return Evidence(text, str(self.matrix.source(row, field)))

    # -- the system ------------------------------------------------------------------------------------------------

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """The operating systems that it can be; a question is answered only where they agree."""
        if self.machine.os is not None:
            return (self.machine.os,)
        # Containers and conda are on Windows as well.
        linux = self.environment("wsl1", "wsl2", "jetson", "colab", "slurm")
        if self.machine.glibc or self.machine.device_nodes or linux:
            return ("linux",)
        return ("linux", "windows")

    @property
    def driver_systems(self) -> tuple[str, ...]:
        """The operating systems whose driver it can be: WSL 2 uses that of Windows, and shows its release."""
        return ("windows",) if self.environment("wsl2") else self.systems

    @property
    def of_linux(self) -> tuple[Evidence, ...]:
        """What alone tells that it is Linux, and thus which driver it is, where the system is not told."""
        machine = self.machine
        if machine.os is not None or len(self.systems) > 1 or len(self.driver_systems) > 1:
            return ()
        nodes = ", ".join(machine.device_nodes or ())
        told = (
            ("glibc", machine.glibc),
            ("device_nodes", nodes),
            ("environment", ", ".join(machine.environment or ())),
        )
        return tuple(self.read(field, value) for field, value in told if value)

    @property
    def is_windows(self) -> bool | None:
        if self.machine.os is None:
            return None if len(self.systems) > 1 else False
        return self.machine.os == "windows"

    @property
    def taken_for_linux(self) -> tuple[Evidence, ...]:
        """That it is Linux, where nothing tells the system."""
        return (self.assume("os", "Linux"),) if self.is_windows is None else ()

    def environment(self, *kinds: str) -> bool | None:
        """Is it one of these environments (docker, wsl2, jetson ...)?"""
        return self.machine.in_environment(*kinds)

    @cached_property
    def is_jetson(self) -> bool:
        """Is it said to be one, or has it the GPU of one, which is on its module with the processor?"""
        return self.machine.is_jetson or bool(self._gpus_of_jetsons)

    @cached_property
    def _gpus_of_jetsons(self) -> tuple[Evidence, ...]:
        """The GPUs that are on a Jetson's module, whether a process gets them or not."""
        found = []
        for index, gpu in enumerate(self.machine.gpus or ()):
            row = self.matrix.gpus.find(gpu.name, gpu.pci_id)
            if row is not None and row["class"] == "jetson":
                field = "name" if gpu.name else "pci_id"
                found.append(self.read(f"gpus[{index}].{field}", getattr(gpu, field)))
        return tuple(found)

    @property
    def board(self) -> tuple[Evidence, ...]:
        """What tells that it is a Jetson, and which."""
        jetson = self.machine.jetson
        told = [(f"jetson.{name}", getattr(jetson, name)) for name in ("module", "jetpack", "l4t")]
        told += [("environment", "jetson")] if self.environment("jetson") else []
        of_gpus = () if self.machine.is_jetson else self._gpus_of_jetsons
        return (*(self.read(field, value) for field, value in told if value is not None), *of_gpus)

    @property
    def of_jetsons(self) -> tuple[Evidence, ...]:
        """The platform, where nothing but its being a Jetson tells it."""
        return tuple(self.read(name, getattr(self.machine, name)) for name in of_every_jetson(self.machine))

    # -- GPUs ------------------------------------------------------------------------------------------------------

    @cached_property
    def gpus(self) -> tuple[GpuFact, ...]:
        """The GPUs that a process gets; empty where none is described, or none is left."""
        return gpus(self)

    # -- the driver ------------------------------------------------------------------------------------------------

    @cached_property
    def kernel_driver(self) -> str | None:
        """The release of the kernel module: what decides, where the user-mode libraries differ."""
        driver = self.machine.driver
        return driver.kernel_module_version or driver.version

    @cached_property
    def driver_evidence(self) -> tuple[Evidence, ...]:
        driver = self.machine.driver
        found = []
        if driver.version is not None:
            found.append(self.read("driver.version", driver.version))
        if driver.kernel_module_version not in (None, driver.version):
            found.append(self.read("driver.kernel_module_version", driver.kernel_module_version))
        if driver.cuda is not None:
            found.append(self.read("driver.cuda", driver.cuda))
        return tuple(found)

    @cached_property
    def driver_cuda(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """The highest CUDA that the driver offers, as read or by the matrix."""
        driver = self.machine.driver
        if driver.cuda is not None:
            return driver.cuda, (self.read("driver.cuda", driver.cuda),)
        if driver.version is None or self.is_jetson:  # whose releases are numbered apart, by L4T
            return None
        found = [self.matrix.cuda.offered_by(driver.version, system) for system in self.driver_systems]
        if any(claim is None for claim in found) or len({claim.value for claim in found if claim}) != 1:
            return None
        claim = found[0]
        assert claim is not None
        said = self.claim(f"driver {driver.version} offers CUDA {claim.value}", claim)
        return claim.value, (said, *self.of_linux, *self.no_jetsons_driver)

    @cached_property
    def least_cuda(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """A CUDA that the driver offers for certain, where it is too new for the matrix to know its highest."""
        driver = self.machine.driver
        if driver.cuda is not None or driver.version is None or self.is_jetson:
            return None
        found = [self.matrix.cuda.offered_at_least(driver.version, system) for system in self.driver_systems]
        claim = found[0] if found else None
        if claim is None or None in found:
            return None
        said = self.claim(f"driver {driver.version} offers CUDA {claim.value} or newer", claim)
        return claim.value, (said, *self.of_linux, *self.no_jetsons_driver)

    @property
    def own_libcuda(self) -> tuple[Evidence, ...]:
        """That nothing stands in the driver's place, where nothing is said of it."""
        if self.machine.libcuda.compat is not None:
            return ()
        return (self.assume("libcuda.compat", "the driver's own libcuda is taken to load, and no cuda-compat"),)

    @cached_property
    def no_jetsons_driver(self) -> tuple[Evidence, ...]:
        """That the driver is no Jetson's, which is judged by its L4T, where nothing that is told excludes one."""
        machine = self.machine
        if self.kernel_driver is None or self.is_jetson:
            return ()
        told = machine.arch == "x86_64" or machine.os == "windows" or machine.environment is not None
        if told or not self.unnamed_gpus:
            return ()
        return (self.assume(", ".join(self.of_no_jetson), "no Jetson, whose driver is of its L4T"),)

    @property
    def of_no_jetson(self) -> tuple[str, ...]:
        """The fields of which nothing is said and any of which would tell a Jetson: its GPU alone does."""
        return ("environment", "jetson", *self.unnamed_gpus)

    @property
    def unnamed_gpus(self) -> tuple[str, ...]:
        """What would tell whose GPUs these are."""
        known, listed = self.matrix.gpus, enumerate(self.machine.gpus or ())
        unnamed = (at for at, gpu in listed if known.find(gpu.name, gpu.pci_id) is None and not known.chips(gpu.name))
        return tuple(f"gpus[{at}].name" for at in unnamed) if self.machine.gpus else ("gpus",)

    def outside_wsl(self, ask: Any) -> tuple[Evidence, ...]:
        """That it is not WSL 2, where nothing is said of that and ``ask(system)`` is answered otherwise there."""
        if self.machine.environment is not None or self.systems == ("windows",) or ask("linux") == ask("windows"):
            return ()
        return (self.assume("environment", "no WSL 2, whose driver is that of Windows"),)

    def of_system(self, ask: Any) -> tuple[Evidence, ...]:
        """What tells the driver's system, and what is taken to be so of it, where ``ask(system)`` hangs on that."""
        return (*(self.of_linux if ask("linux") != ask("windows") else ()), *self.outside_wsl(ask))

    def agree(self, ask: Any) -> Any:
        """The answer of ``ask(system)`` where all systems that the driver can be of give the same one, else None."""
        answers = [ask(system) for system in self.driver_systems]
        return answers[0] if all(answer == answers[0] for answer in answers) else None
