"""The facts of a model for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from compat.artifacts import Artifact
from compat.convert import releases

if TYPE_CHECKING:
    from compat.convert.releases import Answer

_MOST = 12


def rows(artifact: Artifact) -> Iterator[tuple[str, str]]:
    """(name, value) of what the file says."""
    facts = artifact.facts
    if artifact.format != "onnx":
        for name, value in facts.items():
            if value not in ([], {}, None):
                yield name.replace("_", " "), _short(value)
        return
    writer = artifact.model.writer if artifact.model else None
    if writer:
        yield "written by", writer
    yield "IR version", str(facts.get("ir_version", "unknown"))
    yield "opsets", ", ".join(f"{name} {number}" for name, number in facts.get("opsets", {}).items()) or "unknown"
    yield "operators", _counted(facts.get("operators", {}))
    yield "weights", _counted(facts.get("initializer_types", {})) or "none"
    for name in ("inputs", "outputs"):
        yield name, ", ".join(_value(one) for one in facts.get(name, [])[:_MOST]) or "none"
    if facts.get("quantized"):
        yield "quantized", "has Q/DQ nodes"
    if "external_data" in facts:
        yield "external data", ", ".join(sorted(facts["external_data"])[:_MOST])
    if "functions" in facts:
        yield "functions", ", ".join(facts["functions"][:_MOST])


def _counted(found: dict[str, int]) -> str:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    rest = f" and {len(ranked) - _MOST} other kinds" if len(ranked) > _MOST else ""
    return ", ".join(f"{count} {name}" for name, count in ranked[:_MOST]) + rest


def _value(one: dict[str, Any]) -> str:
    shape = one.get("shape")
    dims = "?" if shape is None else ", ".join("?" if dim is None else str(dim) for dim in shape)
    return f"{one['name']} {one['type']}[{dims}]"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return (
            _counted(value)
            if all(isinstance(one, int) for one in value.values())
            else ", ".join(f"{key} {one}" for key, one in list(value.items())[:_MOST])
        )
    return ", ".join(map(str, value[:_MOST])) if isinstance(value, list) else str(value)


def readers(found: "tuple[Answer, ...]") -> Iterator[tuple[str, str]]:
    """(what, releases) for one reader: those that take the model, those that refuse it and why, those unknown."""
    yield "take it as it is", releases.spans(found, True) or "none known"
    refused = releases.spans(found, False)
    if refused:
        newest = next(one for one in reversed(found) if one.takes is False)
        yield "refuse it", f"{refused} ({newest.release}: {newest.reasons[0].rstrip('.')})"
    unknown = releases.spans(found, None)
    if unknown:
        yield "cannot be told", unknown
