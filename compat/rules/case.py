"""A case: one machine, one goal, the matrix, and what several rules derive from them."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from compat import versions
from compat.capability import Capability
from compat.goals import Goal
from compat.machine import Library, Machine
from compat.matrix.gpus import read_capability
from compat.records import dataclass, replace
from compat.rules.base import Evidence, Untold
from compat.rules.subject import Subject, find

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.matrix.claim import Claim
    from compat.rules.base import Outcome


@dataclass(frozen=True)
class GpuFact:
    """A GPU with what the matrix says of it."""

    path: str  # gpus[0]
    name: str
    capability: Capability | None
    row: "Row | None"
    evidence: tuple[Evidence, ...]
    chips: "tuple[GpuFact, ...]" = ()  # where its name stands for chips of several capabilities: each as a GPU

    @property
    def kind(self) -> str | None:
        """Its class: datacenter, workstation, geforce, jetson ..."""
        return self.row["class"] if self.row else None


def each_chip(gpu: GpuFact, judge: "Callable[[GpuFact], Outcome | None]") -> "Iterator[Outcome]":
    """What a rule says of a GPU. Of a name that several chips have (GT 730) it is said if each of them gives the same.

    Such a GPU has no capability of its own, so that ``judge`` answers with what is missing.
    """
    told = [judge(chip) for chip in gpu.chips]
    agreed = told and not isinstance(told[0], Untold) and len({type(one) for one in told}) == 1
    outcome = told[0] if agreed else judge(gpu)
    if outcome is not None:
        yield outcome


@dataclass(frozen=True)
class Runtime:
    """A CUDA runtime that the goal's process starts."""

    cuda: str
    of: str  # torch 2.11.0, toolkit, container image
    source: str
    component: str
    assumed: tuple[str, ...] = ()  # fields that leave it open whether something else brings its CUDA


_OF_JETSONS = "every Jetson's"


def implied(machine: Machine) -> Machine:
    """With what the rest of the description leaves no choice of: a Jetson runs Linux on aarch64.

    And the driver's release where Windows' number of it stands: 526.86 for 31.0.15.2686.
    """
    release = versions.of_device_manager(machine.driver.version or "")
    if release is not None:
        machine = replace(machine, driver=replace(machine.driver, version=release))
    named = [index for index, gpu in enumerate(machine.gpus or ()) if (gpu.name or "").startswith("Jetson ")]
    if not (named or machine.is_jetson):
        return machine
    missing = [name for name in ("os", "arch") if getattr(machine, name) is None]
    if not missing:
        return machine
    told = f"gpus[{named[0]}].name" if named else "environment" if machine.in_environment("jetson") else "jetson"
    sources = {**machine.sources, **dict.fromkeys(missing, f"{_OF_JETSONS} ({told})")}
    return replace(machine, os=machine.os or "linux", arch=machine.arch or "aarch64", sources=sources)


class Case:
    """What a rule is asked of. Derived facts are computed once and shared by the rules."""

    def __init__(
        self, machine: Machine, goal: Goal, matrix: "Matrix", assumed: "Mapping[str, tuple[Row, ...]] | None" = None
    ) -> None:
        """``assumed``: published builds that a component is taken to be, where its version leaves several."""
        self.machine = machine
        self.goal = goal
        self.matrix = matrix
        self.assumed = assumed or {}

    def learn(self, other: "Case") -> None:
        """Take over what was derived of the same machine, for the same goal, from fewer of its facts."""
        for name, value in vars(other).items():
            if name not in ("machine", "goal", "matrix", "assumed"):
                self.__dict__.setdefault(name, dict(value) if isinstance(value, dict) else value)

    # -- where a fact was read -------------------------------------------------------------------------------------

    def read(self, path: str, value: Any) -> Evidence:
        """Evidence for a fact of the machine. A version is shown as it stands, whatever was derived from it."""
        kind, _, name = path.partition(".")
        if kind in ("packages", "request"):
            value = (getattr(self.machine, kind) or {}).get(name, value)
        sources = self.machine.sources
        where = sources.get(path) or sources.get(path.rpartition(".")[0]) or "machine description"
        return Evidence(f"{path} = {value}", where)

    def assume(self, path: str, text: str) -> Evidence:
        """Evidence of what is taken to be so where the description leaves it open (docs/machine.md, Defaults)."""
        return Evidence(f"not stated, {path}: {text}", "default")

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
    def is_windows(self) -> bool | None:
        if self.machine.os is None:
            return None if len(self.systems) > 1 else False
        return self.machine.os == "windows"

    def environment(self, *kinds: str) -> bool | None:
        """Is it one of these environments (docker, wsl2, jetson ...)?"""
        return self.machine.in_environment(*kinds)

    @property
    def is_jetson(self) -> bool:
        return self.machine.is_jetson

    # -- GPUs ------------------------------------------------------------------------------------------------------

    @cached_property
    def gpus(self) -> tuple[GpuFact, ...]:
        """The GPUs that the goal uses; empty where none is described, or none is left."""
        found = tuple(
            self._gpu(f"gpus[{index}]", gpu.name, gpu.compute_capability, gpu.pci_id)
            for index, gpu in enumerate(self.machine.gpus or ())
        )
        module = self.machine.jetson.module
        if not found and module is not None:
            return (self._gpu("jetson.module", f"Jetson {module}", None, None),)
        if len(found) > 1:
            from compat.rules.selection import selected

            return selected(self, found)
        return found

    def _gpu(self, path: str, name: str | None, stated: str | None, pci_id: str | None) -> GpuFact:
        row = self.matrix.gpus.find(name, pci_id)
        evidence = [self.read(f"{path}.name" if path.startswith("gpus") else path, name)] if name else []
        capability = read_capability(stated)
        if capability is not None:
            evidence.append(self.read(f"{path}.compute_capability", stated))
        elif row is not None:
            capability = read_capability(row["capability"])
            evidence.append(self.cite(f"{row['name']} has compute capability {row['capability']}", row, "capability"))
        known = GpuFact(path, name or (row["name"] if row else path), capability, row, tuple(evidence))
        chips = self.matrix.gpus.chips(name) if capability is None else []
        return replace(known, chips=tuple(self._chip(known, chips, chip) for chip in chips)) if chips else known

    def _chip(self, gpu: GpuFact, chips: "list[Row]", row: "Row") -> GpuFact:
        """The GPU, if it is this chip of those that its name stands for."""
        every = ", ".join(f"{chip['name']}: {chip['capability']}" for chip in chips)
        evidence = (*gpu.evidence, self.cite(f"{gpu.name} is one of several chips ({every})", row, "capability"))
        return replace(gpu, capability=read_capability(row["capability"]), row=row, evidence=evidence)

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
        if driver.cuda is not None:
            found.append(self.read("driver.cuda", driver.cuda))
        return tuple(found)

    @cached_property
    def driver_cuda(self) -> tuple[str, Evidence] | None:
        """The highest CUDA that the driver offers, as read or by the matrix."""
        driver = self.machine.driver
        if driver.cuda is not None:
            return driver.cuda, self.read("driver.cuda", driver.cuda)
        if driver.version is None:
            return None
        found = [self.matrix.cuda.offered_by(driver.version, system) for system in self.driver_systems]
        if any(claim is None for claim in found) or len({claim.value for claim in found if claim}) != 1:
            return None
        claim = found[0]
        assert claim is not None
        return claim.value, self.claim(f"driver {driver.version} offers CUDA {claim.value}", claim)

    @cached_property
    def least_cuda(self) -> tuple[str, Evidence] | None:
        """A CUDA that the driver offers for certain, where it is too new for the matrix to know its highest."""
        driver = self.machine.driver
        if driver.cuda is not None or driver.version is None:
            return None
        found = [self.matrix.cuda.offered_at_least(driver.version, system) for system in self.driver_systems]
        claim = found[0] if found else None
        if claim is None or None in found:
            return None
        return claim.value, self.claim(f"driver {driver.version} offers CUDA {claim.value} or newer", claim)

    @cached_property
    def compiler(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """The highest CUDA whose PTX is compiled here, and the evidence: that of the libcuda that loads.

        cuda-compat brings a compiler of its own CUDA beside its libcuda (libnvidia-ptxjitcompiler).
        """
        libcuda = self.machine.libcuda
        if not libcuda.compat:
            return (self.driver_cuda[0], (self.driver_cuda[1], *self.own_libcuda)) if self.driver_cuda else None
        claim = self.matrix.cuda.offered_by(libcuda.version, "linux") if libcuda.version else None
        if claim is None or libcuda.version is None:
            return None
        offered = self.claim(f"cuda-compat {libcuda.version} offers CUDA {claim.value}", claim)
        return claim.value, (self.read("libcuda.version", libcuda.version), offered)

    @property
    def own_libcuda(self) -> tuple[Evidence, ...]:
        """That nothing stands in the driver's place, where nothing is said of it."""
        if self.machine.libcuda.compat is not None:
            return ()
        return (self.assume("libcuda.compat", "the driver's own libcuda is taken to load, and no cuda-compat"),)

    # -- packages --------------------------------------------------------------------------------------------------

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """The components that the goal runs, the main one first.

        Those of the goal, and what the main one says that it runs with: the matrix, or the torch of its own version.
        """
        from compat.rules.packages.extensions import torch_of

        named = list(self.goal.subjects)
        if self.goal.verb != "install" and not self.matrix.packages.about(named[0] if named else ""):
            # a goal named by a distribution (use:tensorflow-gpu, import:pytorch) is about the component that it is
            named[:1] = [self.matrix.packages.component(one) or one for one in named[:1]]
        for component in named[:1]:
            beside = self.matrix.packages.about(component).get("runs_with", ())
            named += beside or ["torch"] * (torch_of(self.subject(component).version) is not None)
        return tuple(self.subject(component) for component in dict.fromkeys(named))

    def subject(self, component: str) -> Subject:
        """One component, whether the goal runs it or not."""
        known: dict[str, Subject] = self.__dict__.setdefault("_known_subjects", {})
        if component not in known:
            found = find(self.machine, component, self.matrix, self.goal.subjects)
            known[component] = replace(found, candidates=self.assumed.get(component, found.candidates))
        return known[component]

    @property
    def main(self) -> Subject | None:
        """The component that the goal is named for; None for goals about the machine itself."""
        return self.subjects[0] if self.subjects else None

    @cached_property
    def packages(self) -> dict[str, str | Literal[False] | None]:
        """What is spoken of as installed or not, by normalised name; of several spellings the first."""
        from compat.matrix.packages import normal

        packages: dict[str, str | Literal[False] | None] = {}
        for name, version in (self.machine.packages or {}).items():
            packages.setdefault(normal(name), version)
        return packages

    def version_of(self, distribution: str) -> str | None:
        """Installed version of a distribution; None if it is not installed or its version is unknown."""
        from compat.matrix.packages import normal

        return self.packages.get(normal(distribution)) or None

    def has(self, distribution: str) -> bool | None:
        """Is it installed? None where the packages are unknown or it is not spoken of."""
        from compat.matrix.packages import normal

        version = self.packages.get(normal(distribution), "unspoken")
        return None if version == "unspoken" else version is not False

    # -- libraries -------------------------------------------------------------------------------------------------

    def libraries(self, name: str) -> tuple[tuple[str, Library], ...]:
        """(field path, copy) of every known copy of a library."""
        return tuple(
            (f"libraries[{index}]", library)
            for index, library in enumerate(self.machine.libraries or ())
            if library.name.lower() == name.lower()
        )

    def usable(self, name: str) -> tuple[tuple[str, Library], ...]:
        """The copies that the goal's process can get: all that are not said to stay unused, or to be others' alone."""
        return tuple(one for one in self.libraries(name) if self.may_load(one[1]))

    def may_load(self, copy: Library) -> bool:
        """Can the goal's process get it? Who loads a copy is told as a whole: nobody else gets it."""
        if copy.loaded is False or copy.loaded_by is None or not self.subjects:
            return copy.loaded is not False
        return any(one.component in copy.loaded_by or one.distribution in copy.loaded_by for one in self.subjects)

    def seen(self, name: str, component: str) -> list[tuple[str, Library]]:
        """The copies that are said to load in a component's process, else those that load in whichever."""
        copies = self.usable(name)
        own = [one for one in copies if one[1].loaded_by is not None and component in one[1].loaded_by]
        return own or [one for one in copies if one[1].loaded and one[1].loaded_by is None]

    def loaded(self, name: str) -> tuple[str, Library] | None:
        """The copy that the goal's process gets: marked as loaded, or the only one there is and of unknown use."""
        seen, copies = self.seen(name, self.main.component if self.main else ""), self.usable(name)
        if seen:
            return seen[0] if len(seen) == 1 else None
        return copies[0] if len(copies) == 1 and copies[0][1].loaded_by is None else None

    def of_whom(self, path: str, copy: Library) -> tuple[Evidence, ...]:
        """That a copy is the one which the goal's process gets, where nobody says who loads it."""
        if copy.loaded_by is not None:
            return ()
        return (self.assume(f"{path}.loaded_by", "which package loads it is not told: what is said holds for all"),)

    @cached_property
    def runtimes(self) -> tuple[Runtime, ...]:
        """CUDA runtimes that the goal's process starts, as far as they are known."""
        from compat.rules.runtimes import runtimes

        return tuple(runtimes(self))

    def started(self, runtime: Runtime) -> tuple[Evidence, ...]:
        """Evidence that the goal's process starts this runtime."""
        fields = ("builds.", "packages.", "request.", "toolkits[", "container.")
        told = f"{runtime.of} is built for CUDA {runtime.cuda}"
        stated = runtime.source.startswith(fields)
        fact = self.read(runtime.source, runtime.cuda) if stated else Evidence(told, runtime.source)
        taken = (self.assume(field, f"{runtime.of} is taken to be used") for field in runtime.assumed)
        return (fact, *taken, *self.no_jetson(runtime.component))

    @property
    def of_jetsons(self) -> tuple[Evidence, ...]:
        """The platform, where nothing but its being a Jetson tells it."""
        told = [name for name in ("os", "arch") if self.machine.sources.get(name, "").startswith(_OF_JETSONS)]
        return tuple(self.read(name, getattr(self.machine, name)) for name in told)

    def no_jetson(self, component: str) -> tuple[Evidence, ...]:
        """That it is no Jetson, of a release that was built for those as well, where the processor is not told."""
        from compat.rules.subject import JETSON, matching

        if self.machine.arch is not None or component not in [one.component for one in self.subjects]:
            return ()
        subject = self.subject(component)
        releases = self.matrix.packages.builds(subject.distribution)
        every = (row for rows in releases.values() for row in rows)  # any that it can be
        rows = matching(self.matrix, subject.distribution, subject.version) if subject.version else every
        if not any(row["index"] in JETSON for row in rows):
            return ()
        return (self.assume("arch, jetson, environment", "no Jetson, which has builds of its own"),)

    def outside_wsl(self, ask: Any) -> tuple[Evidence, ...]:
        """That it is not WSL 2, where nothing is said of that and ``ask(system)`` is answered otherwise there."""
        if self.machine.environment is not None or self.systems == ("windows",) or ask("linux") == ask("windows"):
            return ()
        return (self.assume("environment", "no WSL 2, whose driver is that of Windows"),)

    def agree(self, ask: Any) -> Any:
        """The answer of ``ask(system)`` where all systems that the driver can be of give the same one, else None."""
        answers = [ask(system) for system in self.driver_systems]
        return answers[0] if all(answer == answers[0] for answer in answers) else None
