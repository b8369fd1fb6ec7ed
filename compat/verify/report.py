"""Proofs as text and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from compat.explain import Symptom
from compat.report.style import Style
from compat.verify.prove import Proof

SCHEMA = "compatcheck.verify/1"
_MARKS = {
    "verified": "ok",
    "failed": "error",
    "absent": "none",
    "stopped": "error",
    "cpu": "unknown",
    "unproven": "unknown",
}
_TAIL = 12  # lines of a failed library's own words that are shown


def as_data(interpreter: str, proofs: Sequence[Proof], symptoms: Sequence[Sequence[Symptom]]) -> dict[str, Any]:
    """The whole answer as plain data."""
    return {
        "schema": SCHEMA,
        "interpreter": interpreter,
        "results": [
            {
                "goal": str(proof.goal),
                "verdict": proof.verdict,
                "message": proof.message,
                **proof.data,
                "output": proof.text[-4000:] if proof.verdict != "verified" else "",
                "means": [{"says": one.says, "rules": [rule.name for rule in one.rules]} for one in meanings],
            }
            for proof, meanings in zip(proofs, symptoms, strict=True)
        ],
    }


def as_json(interpreter: str, proofs: Sequence[Proof], symptoms: Sequence[Sequence[Symptom]]) -> str:
    """The same as text."""
    return json.dumps(as_data(interpreter, proofs, symptoms), ensure_ascii=False, indent=2)


def lines(proof: Proof, symptoms: Sequence[Symptom], style: Style) -> Iterator[str]:
    """One goal: verdict, each computation with its error, or what was said and what it means."""
    kind = _MARKS[proof.verdict]
    word = {"cpu": "not verified"}.get(proof.verdict, proof.verdict)
    colour = kind if kind != "none" else "dim"
    yield from style.wrap(f"{style.paint(word, colour)}: {proof.message}", "    ", f"{style.mark(kind)} {proof.goal}: ")
    for one in proof.data.get("computations", ()):
        timed = f", {one['seconds'] * 1e6:.0f} µs" if "seconds" in one else ""
        yield f"    - {one['name']}, {one['precision']}: error {one['error']:.2g} (at most {one['bound']:.2g}){timed}"
    if proof.data.get("speed_up") is not None:
        yield f"    - {proof.data['speed_up']} times as fast as {proof.data['framework']}"
    for note in [proof.data.get("note"), *proof.data.get("notes", ())]:
        if note:
            yield from style.wrap(str(note), "      ", "    note: ")
    if proof.verdict in ("failed", "stopped"):
        for line in [line for line in proof.text.splitlines() if line.strip()][-_TAIL:]:
            yield f"    | {''.join(character if character.isprintable() else ' ' for character in line)}"
    for symptom in symptoms:
        yield from style.wrap(symptom.says, "      ", "    means: ")
