"""Triton's server: the GPUs that a release serves, by the image that it runs in or by its own number."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import parse as parse_capability
from compat.rules.base import Finding, Holds, Outcome, Remedy, Untold
from compat.rules.runtimes import image_row

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.base import Evidence
    from compat.rules.case import Case

RULE = "gpu-not-in-build"
_LEAST = "capability_minimum"


def served(case: "Case") -> Iterator[Outcome]:
    """Triton leaves out the GPUs below the capability that it is made for, and has no code for them."""
    if case.goal.object != "tritonserver":
        return
    release, facts = _released(case)
    row = image_row(case, _LEAST)
    rows = [row] if row is not None else _around(case, release)
    if not rows:
        return
    least, most = (pick((one[_LEAST] for one in rows), key=parse_capability) for pick in (min, max))
    for gpu in case.gpus:
        if gpu.capability is None:
            continue
        told = (*gpu.evidence, *facts, *(_said(case, one) for one in rows))
        if gpu.capability >= parse_capability(most):
            yield Holds(RULE, "tritonserver", f"Triton serves {gpu.name} ({gpu.capability})", told)
        elif gpu.capability < parse_capability(least):
            serves = f"Triton of {release} serves compute capability {least} or newer"
            message = f"{serves}; {gpu.name} has {gpu.capability}."
            yield Finding(RULE, "tritonserver", message, told, (Remedy("use an older release of Triton"),))
        else:
            yield Untold(RULE, "tritonserver", ("container.image",))


def _said(case: "Case", row: "Row") -> "Evidence":
    return case.cite(f"{row['image']}:{row['tag']} serves {row[_LEAST]} or newer", row, _LEAST)


def _released(case: "Case") -> "tuple[str, tuple[Evidence, ...]]":
    """Its release by the month (22.06), as its image or its own number (2.23.0) tells it; an empty text for none."""
    image = case.machine.container.image
    row = image_row(case, "framework") or image_row(case, "cuda")
    if image is not None and row is not None:
        return row["tag"], (case.read("container.image", image),)
    number = case.version_of("tritonserver") if image is None else None
    months = [row for row in _months(case) if number and "framework" in row and _is(row["framework"], number)]
    if number is None or not months:
        return "", ()
    named = case.cite(f"Triton {months[0]['framework']} is release {months[0]['tag']}", months[0], "framework")
    return months[0]["tag"], (case.read("packages.tritonserver", number), named)


def _is(framework: str, number: str) -> bool:
    return versions.parse(framework).same_as(versions.parse(number))


def _months(case: "Case") -> "list[Row]":
    """Its releases by the month, without the images for TensorRT-LLM and vLLM."""
    rows = case.matrix.rows("container", "container")
    return [row for row in rows if row["image"] == "tritonserver" and "llm" not in row["tag"]]


def _around(case: "Case", release: str) -> "list[Row]":
    """What is said of the release, else of those before and after it: what both serve it serves."""
    asked = versions.parse(release) if release and "llm" not in release else None
    if asked is None:
        return []
    told = sorted((row for row in _months(case) if _LEAST in row), key=lambda row: versions.parse(row["tag"]).key())
    same = [row for row in told if row["tag"] == release]
    before = [row for row in told if versions.parse(row["tag"]).key() < asked.key()]
    after = [row for row in told if versions.parse(row["tag"]).key() > asked.key()]
    if same or not before or not after:
        return same[:1]
    return [before[-1], after[0]]
