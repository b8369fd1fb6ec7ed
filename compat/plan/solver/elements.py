"""What an impossibility is made of: rules, each asked of one component or of several together, and requests."""

from compat.plan.model import Reason
from compat.records import dataclass

REQUEST = "request"
# The system's C and C++ libraries, which only an image has others of.
_OF_SYSTEM = frozenset(("glibc-too-old", "libstdcxx-too-old"))
# What no move changes: the GPU stays, and so do the machine code in the builds and the system's libraries. Only with
# an image are the last two others.
FIXED = frozenset(
    (
        "cpu-only-build",
        "cuda-older-than-gpu",
        "gpu-missing",
        "gpu-not-in-build",
        "gpu-unsupported-by-tensorrt",
        "no-gpu-build-for-platform",
        *_OF_SYSTEM,
    )
)


def element(one: Reason, component: str = "") -> str:
    """What a reason is an instance of."""
    return f"{one.rule}:{component}" if component else one.rule


def of_request(component: str) -> str:
    """The element that a request is."""
    return f"{REQUEST}:{component}"


def can_move(one: str) -> bool:
    """Can a move have a say in it?"""
    return one.partition(":")[0] not in (REQUEST, *FIXED)


def of_system(one: str) -> bool:
    """Is it about the system that an image has another of?"""
    return one.partition(":")[0] in _OF_SYSTEM


@dataclass(frozen=True)
class Ignored:
    """Elements that reject nothing: all but the ``kept`` ones, or with ``movable`` every rule that a move can have a
    say in; without either none."""

    kept: frozenset[str] | None = None
    movable: bool = False

    def __contains__(self, one: object) -> bool:
        if self.kept is not None:
            return one not in self.kept
        return self.movable and can_move(str(one))

    def __bool__(self) -> bool:
        return self.movable or self.kept is not None

    def spares(self, component: str) -> bool:
        """Is everything ignored that may be said of one component alone?"""
        return self.kept is not None and not any(one.endswith(f":{component}") for one in self.kept)

    def meets(self, some: frozenset[str]) -> bool:
        """Is one of these elements ignored?"""
        return any(one in self for one in some)


NOTHING = Ignored()
MOVABLE = Ignored(movable=True)
