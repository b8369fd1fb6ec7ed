"""What the numbers in TensorRT's messages about an engine say: what is installed here, and what the file has.

Messages without numbers are rows of matrix/symptom.toml.

Wording and direction ("expecting" and "Current" are the runtime, "got" and "Serialized" the file) are those of the
public threads that docs/artifacts.md lists; the tags' releases are in the matrix.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from compat.convert.remedies import Advice
from compat.literals import tail

if TYPE_CHECKING:
    from compat.matrix import Matrix

_LIBRARY = re.compile(r"expecting library version ([0-9.]+[0-9]) got ([0-9.]+[0-9])", re.IGNORECASE)
_TAGS = re.compile(r"Current Version: ?(\d{1,9}),? *Serialized Engine Version: ?(\d{1,9})", re.IGNORECASE)
_COMPUTE = re.compile(r"expecting compute (\d+\.\d) got compute (\d+\.\d)", re.IGNORECASE)


def read(text: str, matrix: "Matrix") -> tuple[Advice, ...]:
    """What the messages in a text say and what to do; empty where there is none of them."""
    excerpt = tail(text)
    found: list[Advice] = []
    for pattern, explain in _READERS:
        match = pattern.search(excerpt)
        if match is not None:
            found.append(explain(match, matrix))
    return tuple(found)


def _library(match: "re.Match[str]", matrix: "Matrix") -> Advice:
    here, built = match.groups()
    if built.strip("0.") == "":
        return Advice(
            f"The runtime is TensorRT {here}; the file states no release, so it is no engine of a known form."
        )
    return Advice(
        f"The runtime is TensorRT {here}, the engine is of {built}; all four numbers have to be equal. Install "
        f"TensorRT {built}, or build the engine again with {here}."
    )


def _tags(match: "re.Match[str]", matrix: "Matrix") -> Advice:
    here, built = match.groups()
    if here == "0" and built != "0":
        return Advice(
            f"The runtime is TensorRT 8.2 or newer, the engine (tag {built}: {releases_of(built, matrix)}) is of "
            "8.0 or older. Build it again, or run the release that built it."
        )
    return Advice(
        f"The runtime has tag {here} ({releases_of(here, matrix)}), the engine {built} "
        f"({releases_of(built, matrix)}). Build it again, or run the release that built it; releases that share "
        "a tag do not load each other's engines either."
    )


def releases_of(tag: str, matrix: "Matrix") -> str:
    """The releases that write a serialization tag, as a span; tags do not rise with the version, and are reused."""
    known = [row["version"] for row in matrix.packages.releases("tensorrt") if row.get("serialization") == tag]
    if not known:
        return "a release that the matrix does not know"
    return f"TensorRT {known[0]}" if len(known) == 1 else f"TensorRT {known[0]} to {known[-1]}"


def _compute(match: "re.Match[str]", matrix: "Matrix") -> Advice:
    here, built = match.groups()
    return Advice(
        f"The GPU here has compute capability {here}, the engine was built on {built}. Build it again on this GPU; "
        "from TensorRT 8.6 on an engine can be built for every GPU of 8.0 and newer (trtexec "
        "--hardwareCompatibilityLevel=ampere+), at some cost in speed."
    )


_READERS: tuple[tuple["re.Pattern[str]", Callable[["re.Match[str]", "Matrix"], Advice]], ...] = (
    (_LIBRARY, _library),
    (_TAGS, _tags),
    (_COMPUTE, _compute),
)
