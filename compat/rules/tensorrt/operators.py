"""The operators of an ONNX model: taken by a reader, given by its plugins, or refused, and the types that it casts.

Loaded where a model is told; ``models`` has the rule.
"""

from collections.abc import Iterable, Iterator

from compat import versions
from compat.matrix import Row
from compat.rules.base import Finding, Holds, Outcome, Remedy, Untold
from compat.rules.case import Case
from compat.rules.tensorrt import operator_limits
from compat.rules.tensorrt.models import RULE, of_model
from compat.rules.tensorrt.release import installed, used

# Domains of which ONNX Runtime itself has kernels.
_RUNTIME_DOMAINS = (
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.microsoft.experimental",
    "com.ms.internal.nhwc",
    "org.pytorch.aten",
)


def judge(case: Case, reader: str, version: str, path: str) -> Iterator[Outcome]:
    """What a release of the reader (``tensorrt``, ``onnxruntime``) makes of the operators and types of the model."""
    yield from _operators(case, reader, version, path)
    if reader == "tensorrt":
        yield from operator_limits.judge(case, RULE, version, path, operator_rows(case, "tensorrt"))
        yield from _cast_down(case, version, path)


def operator_rows(case: Case, reader: str) -> dict[str, Row]:
    """Operator -> its row, for a reader (``tensorrt``, its plugins, the DLA) or the standard itself (``onnx``)."""
    return {
        row["operator"]: row
        for component in case.matrix.components("operator")
        for row in case.matrix.rows("operator", component)
        if row["reader"] == reader
    }


def changed_between(case: Case, operators: Iterable[str], known: int, opset: int) -> list[str]:
    """Those that are new or changed in an opset after ``known`` and up to ``opset``."""
    rows = operator_rows(case, "onnx")
    opsets = {name: (rows[name]["since"], *rows[name].get("changed", ())) for name in operators if name in rows}
    return [name for name, its in opsets.items() if any(known < int(one) <= opset for one in its)]


def _operators(case: Case, name: str, version: str, path: str) -> Iterator[Outcome]:
    wanted = case.machine.model.operators
    if wanted is None:
        return
    table = operator_rows(case, "tensorrt") if name == "tensorrt" else {}
    standard = operator_rows(case, "onnx")
    for operator in dict.fromkeys(wanted):
        domain, _, plain = operator.rpartition("::")
        if domain or (standard and plain not in standard and plain not in table):
            yield from _custom(case, name, domain, plain, operator)
        elif name == "tensorrt" and plain in table:
            yield from _taken(case, table[plain], plain, version, path)
        elif name == "tensorrt" and plain in standard:
            yield _never_taken(case, standard[plain], plain, version, path)


def _taken(case: Case, row: Row, operator: str, version: str, path: str) -> Iterator[Outcome]:
    known = versions.at_least(version, row["since"])
    facts = (
        of_model(case, "operators", operator),
        *used(case, version, path),
        case.cite(f"{operator}: TensorRT {row['since']} and newer", row, "since"),
    )
    if known is False:
        yield Finding(
            RULE,
            "tensorrt",
            f"TensorRT {version} does not read {operator}: {row['since']} is the first.",
            facts,
            (
                Remedy(f"install TensorRT {row['since']} or newer"),
                Remedy("export with an opset that decomposes the operator"),
            ),
        )
    elif known:
        yield Holds(RULE, "tensorrt", f"TensorRT {version} reads {operator}", facts)


def _never_taken(case: Case, row: Row, operator: str, version: str, path: str) -> Outcome:
    if operator_limits.is_listed(case, version) is not True:
        return Untold(RULE, "tensorrt", (path,))
    last = operator_limits.last_list(case)
    facts = (
        of_model(case, "operators", operator),
        *used(case, version, path),
        case.cite(f"{operator} is an operator of ONNX; no TensorRT up to {last} lists it", row),
    )
    return Finding(
        RULE,
        "tensorrt",
        f"TensorRT {version} does not read {operator}.",
        facts,
        (
            Remedy("replace the operator in the exported graph, or give TensorRT a plugin of that name"),
            Remedy("run the model in ONNX Runtime, which gives such nodes to another provider"),
        ),
    )


def _custom(case: Case, reader: str, domain: str, plain: str, operator: str) -> Iterator[Outcome]:
    """An operator of no standard: whether its plugin or library is at hand is not to be seen from here."""
    if reader == "onnxruntime" and domain in _RUNTIME_DOMAINS:
        return
    if reader == "tensorrt":
        shipped = operator_rows(case, "tensorrt-plugin").get(plain)
        if shipped is not None:
            yield from _plugin(case, shipped, operator, plain)
            return
    kind = "a plugin" if reader == "tensorrt" else "a custom operator library"
    yield Finding(
        RULE,
        reader,
        f"{operator} is no operator of ONNX itself: {reader} needs {kind} that has {plain}.",
        (of_model(case, "operators", operator),),
        (Remedy(f"load {kind} with {plain}, or export the model without it"),),
        "warning",
    )
    yield Untold(RULE, reader, (f"{kind} for {plain}",))


def _plugin(case: Case, row: Row, operator: str, plain: str) -> Iterator[Outcome]:
    """A plugin that TensorRT's own plugin library holds, or held: the parser goes by its name, whatever its domain."""
    found = installed(case)
    version = found[0] if found else row["since"]
    span = f"{row['since']}{' to ' + row['until'] if 'until' in row else ' and newer'}"
    facts = (
        of_model(case, "operators", operator),
        case.cite(f"{plain}: in the plugin library of TensorRT {span}", row, "since"),
    )
    gone = "until" in row and operator_limits.is_beyond(version, row["until"])
    if gone is None:
        yield Untold(RULE, "tensorrt", ("packages.tensorrt",))
        return
    if not gone and versions.at_least(version, row["since"]) is not False:
        yield Holds(RULE, "tensorrt", f"TensorRT {version} has the plugin {plain}", facts)
        return
    listed = min((one["since"] for one in operator_rows(case, "tensorrt-plugin").values()), key=versions.parse)
    lacks = "no longer has" if gone else "may lack" if row["since"] == listed else "lacks"
    message = f"{operator} is a plugin of TensorRT {span}; {version}'s own library {lacks} it."
    remedy = Remedy(f"use TensorRT {row.get('until', row['since'])}, or load a plugin library that has {plain}")
    if found is not None and not gone and row["since"] != listed:  # the lists begin there: what is in it may be older
        own = case.assume("libraries", f"no plugin library of one's own has {plain}")
        yield Finding(RULE, "tensorrt", message, (*facts, *used(case, *found), own), (remedy,))
        return
    yield Finding(RULE, "tensorrt", message, facts, (remedy,), "warning")
    yield Untold(RULE, "tensorrt", (f"a plugin library with {plain}",))


def _cast_down(case: Case, version: str, path: str) -> Iterator[Outcome]:
    """Types that TensorRT takes only by casting them: DOUBLE always, INT64 in old releases (operator lists, notes)."""
    types = case.machine.model.types or ()
    for kind, into in (("double", "FLOAT"), ("int64", "INT32")):
        if kind in types and (kind == "double" or case.matrix.traits.holds("tensorrt", kind, version) is False):
            yield Finding(
                RULE,
                "tensorrt",
                f"The model holds {kind.upper()}; TensorRT {version} casts it down to {into} and "
                "clamps what does not fit.",
                (of_model(case, "types", kind), *used(case, version, path)),
                (),
                "note",
            )
