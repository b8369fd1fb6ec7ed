"""What the planner works with and what it answers (docs/plan.md). Everything is frozen."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from compat.goals import Goal
from compat.machine import Build, Machine
from compat.records import dataclass, field

PREFERENCES = ("installed", "tested", "newest")  # what comes first of answers that change equally little

Outcome = Literal["nothing-to-do", "planned", "impossible"]
Kind = Literal["package", "environment", "python", "driver", "container", "system", "setting"]


@dataclass(frozen=True)
class Reason:
    """Why a step is needed, or why something does not fit: a rule, what it says, the source of the claim.

    ``role`` in a step: ``needed`` made it necessary, ``passed over`` says why not a newer release, ``holds`` that the
    new one fits, ``how`` where the command is from.
    """

    rule: str
    message: str
    source: str = ""
    role: str = "needed"


@dataclass(frozen=True)
class Pin:
    """What the metadata of a build demands of another package.

    ``unread``: it demands one release, and the matrix does not know which. ``soft``: kept where that is possible.
    """

    name: str
    range: str
    by: str
    source: str = ""
    unread: bool = False
    soft: bool = False


@dataclass(frozen=True)
class Request:
    """One component that is asked for. ``text`` is a range (``==2.15.*``), ``*`` for any release."""

    component: str
    text: str
    said: str = ""  # as the user wrote it
    where: str = "request"
    build: str = ""  # the build that is demanded: cu118, cpu
    near: str = ""  # of one release the build that is preferred: that of PyTorch's index beside which it is asked for
    limits: tuple[Pin, ...] = ()  # what its file demands of packages that builds share (numpy<1.24)
    name: str = ""  # the distribution that its file names, where only one is
    pythons: str = "*"  # the Pythons that its files admit, where another one is chosen
    among: frozenset[str] | None = None  # labels of the only builds that may be chosen
    since: str = ""  # the first release that is looked for, where older ones are left for when nothing else does


@dataclass(frozen=True)
class Choice:
    """One published build of a component, and how it is installed.

    ``brings`` are packages that come with it in an exact release, ``pins`` those that it shares with others and that
    have to suit all, ``parts`` those that no metadata asks for.
    """

    component: str
    distribution: str
    version: str  # as it will be installed: 2.6.0+cu124
    index: str = "pypi"
    variant: str = ""
    extras: tuple[str, ...] = ()
    build: Build = Build()
    brings: tuple[tuple[str, str], ...] = ()
    pins: tuple[Pin, ...] = ()
    parts: tuple[str, ...] = ()  # CUDA packages that have to be named beside it
    extra_index: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    installed: bool = False  # the version is empty where it is not known
    mended: bool = False  # installed, and what it shares with others is put right around it
    tested: bool = True
    library_path: bool = False  # its CUDA parts are found only with LD_LIBRARY_PATH
    preload: str = ""  # the call that finds them too, made before anything else
    default: bool = True  # what a plain install of the release from the public index yields
    libraries: tuple[tuple[str, str], ...] = ()  # (library, version) that its process loads
    conda: tuple[tuple[str, str], ...] = ()  # parts that come from conda-forge
    channel: str = ""  # the channel of conda beside it that has them

    @cached_property
    def _key(self) -> tuple[object, ...]:
        """What tells builds apart; the rest follows from it."""
        return (
            self.component,
            self.distribution,
            self.version,
            self.index,
            self.extras,
            self.parts,
            self.conda,
            self.installed,
            self.mended,
        )

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Choice) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @cached_property
    def kinds(self) -> dict[tuple[object, ...], int]:
        """Numbers for what rules read of it (solver/kinds.py)."""
        return {}

    @property
    def public(self) -> str:
        """The version without its local part."""
        return self.version.partition("+")[0]

    @property
    def label(self) -> str:
        return f"{self.distribution} {self.version}" if self.version else self.distribution

    @property
    def stays(self) -> bool:
        """Is it installed, with everything around it as it is?"""
        return self.installed and not self.mended


def quoted_for_windows(argv: tuple[str, ...]) -> str:
    """Double quotes around whatever is more than a name, a version or a path: both shells of Windows take them."""
    import re

    return " ".join(word if re.fullmatch(r"[\w@+=:,./\\-]+", word) else f'"{word}"' for word in argv)


@dataclass(frozen=True)
class Command:
    """A command as an argument list; ``installer`` is the program's family, ``windows`` the system it is for."""

    installer: str
    argv: tuple[str, ...]
    windows: bool = False

    @property
    def shell(self) -> str:
        """The same, quoted for reading and pasting: into a POSIX shell, on Windows into its prompt or PowerShell."""
        import shlex

        return quoted_for_windows(self.argv) if self.windows else shlex.join(self.argv)


@dataclass(frozen=True)
class Step:
    """One change, in the order in which it is made."""

    kind: Kind
    component: str
    before: str | None
    after: str
    why: tuple[Reason, ...] = ()
    commands: tuple[Command, ...] = ()
    needs_root: bool = False
    reversible: bool = True


@dataclass(frozen=True)
class Lift:
    """What would have to be allowed to move, and what it would take."""

    allow: tuple[str, ...]
    needs: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The answer for one machine (or for several that are to share one)."""

    outcome: Outcome
    machine: Machine
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    steps: tuple[Step, ...] = ()
    result: Machine = Machine()
    conflict: tuple[Reason, ...] = ()
    lifts: tuple[Lift, ...] = ()
    alternatives: "tuple[Plan, ...]" = ()
    choices: tuple[Choice, ...] = ()
    proven: bool = True  # False: impossible as far as was tried; a search was cut short
    advised: bool = True  # False: not all that may lift the impossibility was tried
    untold: tuple[str, ...] = ()  # what stays in a build of which neither release nor CUDA is known
