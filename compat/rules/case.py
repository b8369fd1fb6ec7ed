"""A case: one machine, one goal, the matrix, and what several rules derive of the software that the goal runs."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from compat.goals import Goal
from compat.machine import Library, Machine
from compat.matrix.packages import normal
from compat.records import replace
from compat.rules.base import Evidence, Finding
from compat.rules.candidates import JETSON, find, matching
from compat.rules.origin import no_condas, public_index
from compat.rules.platform import Platform
from compat.rules.runtimes import Runtime, runtimes
from compat.rules.standing import parts_of
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


class Case(Platform):
    """What a rule is asked of. Derived facts are computed once and shared by the rules."""

    def __init__(
        self, machine: Machine, goal: Goal, matrix: "Matrix", assumed: "Mapping[str, tuple[Row, ...]] | None" = None
    ) -> None:
        """``assumed``: published builds that a component is taken to be, where its version leaves several."""
        super().__init__(machine, matrix)
        self.goal = goal
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

    # -- packages --------------------------------------------------------------------------------------------------

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """The components that the goal runs, the main one first.

        Those of the goal, and what the main one says that it runs with: the matrix, or the torch of its own version.
        """
        from compat.rules.packages.extensions import torch_of

        named = list(self.goal.subjects)
        if self.goal.verb != "install" and not self.matrix.packages.about(named[0] if named else ""):
            # named by a distribution or a module (use:tensorflow-gpu, import:cv2) it is about the component that it is
            named[:1] = [self.matrix.packages.meant(one) or one for one in named[:1]]
        for component in named[:1]:
            beside = self.matrix.packages.about(component).get("runs_with", ())
            named += beside or ["torch"] * (torch_of(self.subject(component).version) is not None)
            named += () if self.matrix.packages.about(component) else parts_of(self, self.subject(component))
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

    def package(self, subject: Subject) -> tuple[Evidence, ...]:
        """The package as it is described, for a finding none of whose claims speaks of it."""
        kind = subject.path.partition(".")[0]
        if subject.distribution in (getattr(self.machine, kind) or {}):
            return (self.read(subject.path, subject.version),)
        build = f"builds.{subject.distribution}"
        if subject.facts.cuda is not None:
            return (self.read(f"{build}.cuda", subject.facts.cuda),)
        return (self.read(build, "installed"),) if subject.state == "installed" else ()

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

    # -- CUDA runtimes ---------------------------------------------------------------------------------------------

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
        index = (*no_condas(self, subject), *public_index(self, subject))
        return (*pinned, *outside, *index, *self.no_jetson(subject.component))

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
        return (self.assume(", ".join(("arch", *self.of_no_jetson)), "no Jetson, which has builds of its own"),)

    @cached_property
    def compiler(self) -> tuple[str, tuple[Evidence, ...]] | None:
        """The highest CUDA whose PTX is compiled here, and the evidence: that of the libcuda that loads.

        cuda-compat brings a compiler of its own CUDA beside its libcuda (libnvidia-ptxjitcompiler).
        """
        from compat.rules.cuda.jit import compiler

        return compiler(self)
