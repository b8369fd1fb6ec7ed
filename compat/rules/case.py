"""A case: one machine, one goal, the matrix, and what several rules derive from them."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from compat.goals import Goal
from compat.machine import Library, Machine
from compat.matrix.packages import normal
from compat.records import replace
from compat.rules.base import Evidence, Finding
from compat.rules.candidates import JETSON, find, matching
from compat.rules.gpus import GpuFact, gpus
from compat.rules.implied import of_every_jetson
from compat.rules.origin import no_condas
from compat.rules.runtimes import Runtime, runtimes
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.matrix.claim import Claim


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
        mine = vars(self)
        for name, value in vars(other).items():
            if name not in mine:
                mine[name] = dict(value) if isinstance(value, dict) else value

    @cached_property
    def known_parts(self) -> dict[tuple[str, str | None], list[Subject]]:
        """The GPU parts of a component in a release, as far as they were looked for (runtimes.gpu_parts)."""
        return {}

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

    def package(self, subject: Subject) -> tuple[Evidence, ...]:
        """The package as it is described, for a finding none of whose claims speaks of it."""
        kind = subject.path.partition(".")[0]
        if subject.distribution in (getattr(self.machine, kind) or {}):
            return (self.read(subject.path, subject.version),)
        build = f"builds.{subject.distribution}"
        if subject.facts.cuda is not None:
            return (self.read(f"{build}.cuda", subject.facts.cuda),)
        return (self.read(build, "installed"),) if subject.state == "installed" else ()

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
        return self.machine.is_jetson or any(gpu.kind == "jetson" for gpu in self.gpus)

    @property
    def board(self) -> tuple[Evidence, ...]:
        """What tells that it is a Jetson, and which."""
        jetson = self.machine.jetson
        told = [(f"jetson.{name}", getattr(jetson, name)) for name in ("module", "jetpack", "l4t")]
        told += [("environment", "jetson")] if self.environment("jetson") else []
        of_gpus = () if self.machine.is_jetson else (fact for gpu in self.gpus for fact in gpu.evidence)
        return (*(self.read(field, value) for field, value in told if value is not None), *of_gpus)

    # -- GPUs ------------------------------------------------------------------------------------------------------

    @cached_property
    def gpus(self) -> tuple[GpuFact, ...]:
        """The GPUs that the goal uses; empty where none is described, or none is left."""
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

    @cached_property
    def compiler(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """The highest CUDA whose PTX is compiled here, and the evidence: that of the libcuda that loads.

        cuda-compat brings a compiler of its own CUDA beside its libcuda (libnvidia-ptxjitcompiler).
        """
        from compat.rules.cuda.jit import compiler

        return compiler(self)

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
        others = bool(self.gpus) and all(gpu.kind is not None or gpu.chips for gpu in self.gpus)
        if machine.arch == "x86_64" or machine.os == "windows" or others or machine.environment is not None:
            return ()
        fields = ", ".join(("environment", "jetson", *self.unnamed_gpus))
        return (self.assume(fields, "no Jetson, whose driver is of its L4T"),)

    @property
    def unnamed_gpus(self) -> tuple[str, ...]:
        """What would tell whose GPUs these are."""
        return tuple(f"{gpu.path}.name" for gpu in self.gpus if gpu.row is None) or (() if self.gpus else ("gpus",))

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
            taken = self.assumed.get(component)
            known[component] = found if taken is None else replace(found, candidates=taken)
        return known[component]

    @property
    def main(self) -> Subject | None:
        """The component that the goal is named for; None for goals about the machine itself."""
        return self.subjects[0] if self.subjects else None

    @cached_property
    def packages(self) -> dict[str, str | Literal[False] | None]:
        """What is spoken of as installed or not, by normalised name; of several spellings the first."""
        packages: dict[str, str | Literal[False] | None] = {}
        for name, version in (self.machine.packages or {}).items():
            packages.setdefault(normal(name), version)
        return packages

    def version_of(self, distribution: str) -> str | None:
        """Installed version of a distribution; None if it is not installed or its version is unknown."""
        return self.packages.get(normal(distribution)) or None

    def has(self, distribution: str) -> bool | None:
        """Is it installed? None where the packages are unknown or it is not spoken of."""
        version = self.packages.get(normal(distribution), "unspoken")
        return None if version == "unspoken" else version is not False

    # -- libraries -------------------------------------------------------------------------------------------------

    def libraries(self, name: str) -> tuple[tuple[str, Library], ...]:
        """(field path, copy) of every known copy of a library."""
        if not self.machine.libraries:
            return ()
        copies, wanted = enumerate(self.machine.libraries), name.lower()
        return tuple((f"libraries[{index}]", one) for index, one in copies if one.name.lower() == wanted)

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
        copies = self.usable(name)
        seen = self.seen(name, self.main.component if self.main else "") if copies else []
        if seen:
            return seen[0] if len(seen) == 1 else None
        return copies[0] if len(copies) == 1 and copies[0][1].loaded_by is None else None

    def of_whom(self, name: str) -> tuple[Evidence, ...]:
        """Of each copy of a library of which nobody says who loads it: that it is whichever package does."""
        text = "which package loads it is not told: what is said holds for all"
        return tuple(self.assume(f"{place}.loaded_by", text) for place, one in self.usable(name) if not one.loaded_by)

    def of_copies(self, found: Finding) -> Finding:
        """The finding with the same of the copies that tell the release of a package it speaks of, where the package's
        library does so and not its metadata."""
        known: dict[str, Subject] = self.__dict__.get("_known_subjects", {})
        said = (found.message, *(one.fact for one in found.evidence))
        taken = [
            fact
            for one in known.values()
            if one.version is not None and one.state == "installed" and self.version_of(one.distribution) is None
            if one.component == found.component or any(one.label in text for text in said)
            for fact in self.of_whom(one.component)
            if fact not in found.evidence
        ]
        return replace(found, evidence=(*found.evidence, *taken)) if taken else found

    @cached_property
    def runtimes(self) -> tuple[Runtime, ...]:
        """CUDA runtimes that the goal's process starts, as far as they are known."""
        return tuple(runtimes(self))

    def started(self, runtime: Runtime) -> tuple[Evidence, ...]:
        """Evidence that the goal's process starts this runtime."""
        told = self.says(runtime.source, runtime.cuda, f"{runtime.of} is built for CUDA {runtime.cuda}")
        taken = (self.assume(field, f"{runtime.of} is taken to be used") for field in runtime.assumed)
        if runtime.component == "cuda":
            return (*told, *taken, *(self.package(self.main) if self.main is not None else ()))
        subject = self.subject(runtime.component)
        by_pin = subject.pinned_cuda is not None and runtime.source == subject.pinned_cuda[1]
        named = self.package(subject) if by_pin else ()
        return tuple(dict.fromkeys((*told, *named, *taken, *self.which_build(subject))))

    def which_build(self, subject: Subject) -> tuple[Evidence, ...]:
        """What tells which of its builds a package is, beside itself, and what is taken to be so."""
        field = subject.pinned_cuda[1] if subject.pinned_cuda is not None else ""
        pinned = (self.read(field, None),) if field.startswith("packages.") else ()
        text = f"{subject.label} is of no image, which may have another CUDA's"
        outside = (self.assume("environment", text),) if subject.of_image is None else ()
        return (*pinned, *outside, *no_condas(self, subject), *self.no_jetson(subject.component))

    @property
    def of_jetsons(self) -> tuple[Evidence, ...]:
        """The platform, where nothing but its being a Jetson tells it."""
        return tuple(self.read(name, getattr(self.machine, name)) for name in of_every_jetson(self.machine))

    def no_jetson(self, component: str) -> tuple[Evidence, ...]:
        """That it is no Jetson, of a release that was built for those as well, where the processor is not told."""
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

    def of_system(self, ask: Any) -> tuple[Evidence, ...]:
        """What tells the driver's system, and what is taken to be so of it, where ``ask(system)`` hangs on that."""
        return (*(self.of_linux if ask("linux") != ask("windows") else ()), *self.outside_wsl(ask))

    def agree(self, ask: Any) -> Any:
        """The answer of ``ask(system)`` where all systems that the driver can be of give the same one, else None."""
        answers = [ask(system) for system in self.driver_systems]
        return answers[0] if all(answer == answers[0] for answer in answers) else None
