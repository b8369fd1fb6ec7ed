"""The facts of an engine for people: release, GPU, device, platform, portability."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from compat.artifacts import Artifact
from compat.matrix.gpus import read_capability

if TYPE_CHECKING:
    from compat.matrix import Matrix

_MOST_NAMES = 8
_TAGS = {"rtrt": "Linux x86-64", "utrt": "Jetson"}


def rows(artifact: Artifact, matrix: "Matrix") -> Iterator[tuple[str, str]]:
    """(name, value) of what the header says."""
    facts, engine = artifact.facts, artifact.engine
    if engine is None:
        return
    more = [str(facts[key]) for key in ("container", "archive") if key in facts]
    more += [f"serialization tag {engine.serialization}"] if engine.serialization else []
    release = engine.tensorrt or "unknown"
    yield "TensorRT", f"{release} ({', '.join(more)})" if more else release
    yield "built on", f"compute capability {engine.compute_capability or 'unknown'}{_candidates(artifact, matrix)}"
    if "device" in facts:
        yield "device", device(facts["device"])
    if engine.platform:
        yield "platform", f"{engine.platform} ({_TAGS.get(engine.platform, 'unknown which')})"
    yield "other GPUs", _flag(engine.hardware_compatible, "hardware-compatible")
    yield "other releases", _flag(engine.version_compatible, "version-compatible")
    yield "whole", artifact.damaged or "yes, as far as header and end tell"
    if isinstance(facts.get("made"), Mapping):
        yield "made", made(facts["made"])


def device(found: Mapping[str, int]) -> str:
    """The properties of the GPU that built it."""
    parts = [f"{found['sm_count']} SMs"] if "sm_count" in found else []
    if "total_global_mem" in found:
        parts.append(f"{found['total_global_mem'] / 2**30:.1f} GiB")
    if "memory_bus_bits" in found:
        parts.append(f"{found['memory_bus_bits']} bit")
    if "clock_khz" in found:
        parts.append(f"{found['clock_khz'] // 1000} MHz")
    return ", ".join(parts)


def _candidates(artifact: Artifact, matrix: "Matrix") -> str:
    """The products that it can be: by the name in the file (5.0), else by capability and whether it is integrated."""
    engine = artifact.engine
    capability = read_capability(engine.compute_capability) if engine else None
    if engine is not None and engine.gpu:
        return f" ({engine.gpu})"
    if capability is None:
        return ""
    integrated = artifact.facts.get("device", {}).get("integrated")
    names = [
        row["name"].removeprefix("NVIDIA ")
        for row in matrix.rows("gpu", "gpu")
        if read_capability(row["capability"]) == capability
        and row["class"] not in ("grid", "mining")
        and integrated in (None, int(row["class"] == "jetson"))
    ]
    shown = ", ".join(names[:_MOST_NAMES])
    return f" ({shown}{f' or {len(names) - _MOST_NAMES} others' if len(names) > _MOST_NAMES else ''})" if names else ""


def _flag(value: bool | None, name: str) -> str:
    return {True: f"yes, built {name}", False: f"no, not built {name}", None: "the header does not tell for certain"}[
        value
    ]


def made(found: Mapping[str, Any]) -> str:
    """What the side file says of its making."""
    parts = [f"{key} {found[key]}" for key in ("gpu", "driver", "cuda", "tensorrt", "precision") if found.get(key)]
    return f"on {found.get('date', 'an unknown day')}: {', '.join(parts)}"
