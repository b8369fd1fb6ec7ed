"""Descriptions and plans: machines as TOML and JSON, plan files, error texts."""

import json

from scripts.fuzz.mutate import words
from scripts.fuzz.target import ROOT, Files, Target, matrix


def _described(path: str) -> object:
    from compat.description import load, to_dict
    from compat.shapes import BadDescription

    try:
        return [to_dict(machine) for machine in load(path)]
    except BadDescription as error:
        return str(error)


def _machines(pattern: str) -> list[bytes]:
    found = sorted((ROOT / "compat" / "examples").glob(pattern)) + sorted((ROOT / "tests" / "machines").glob(pattern))
    return [data for path in found[:12] if len(data := path.read_bytes()) < 1 << 16]


def _plan_file(path: str) -> object:
    from compat.install.errors import BadPlan
    from compat.install.known import names
    from compat.install.planfile import load

    try:
        return load(path, names(matrix()))
    except BadPlan as error:
        return str(error)


_PLAN: dict[str, object] = {
    "schema": "compatcheck.plan/1",
    "outcome": "planned",
    "machine": None,
    "request": {},
    "goal": "use:torch-cuda",
    "steps": [],
    "result": {"os": "linux"},
    "conflict": [],
}


def _explained(data: bytes) -> object:
    from compat import explain
    from compat.convert import messages

    text = data.decode("utf-8", "replace")
    return explain.read(text, matrix()), messages.read(text, matrix())


def _texts() -> list[bytes]:
    return [text.encode() for row in matrix().every("symptom") for text in row.get("examples", ())]


TARGETS = (
    Target(
        "machine-toml",
        lambda: _machines("*.toml"),
        Files("m.toml", {}, _described),
        words("[[gpus]]", "[driver]", 'version = "1"', "true", "=", "[packages]", '"torch"'),
        long=False,
    ),
    Target(
        "machine-json",
        lambda: [*_machines("*.json"), b'{"os": "linux", "gpus": [{"name": "A10"}]}'],
        Files("m.json", {}, _described),
        words('"gpus"', "{", "}", "[", "null", '"driver"'),
        long=False,
    ),
    Target("error-text", _texts, _explained, words("error", "CUDA", "version", "12.4", "0x", "expecting "), long=False),
    Target(
        "plan-file",
        lambda: [json.dumps(_PLAN).encode()],
        Files("plan.json", {}, _plan_file),
        words('"steps"', '"argv"', "{", "}", "[", '"result"'),
        long=False,
    ),
)
