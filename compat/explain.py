"""From a rule's name, or an error text, to causes, how to tell them apart, and remedies."""

import re
from collections.abc import Sequence

from compat.check import Report
from compat.literals import needed, tail
from compat.matrix import Matrix, Row, Source
from compat.records import dataclass
from compat.rules import family_of
from compat.rules.base import REGISTRY, Rule


@dataclass(frozen=True)
class Symptom:
    """An error text that was recognised."""

    row: Row
    says: str
    found: dict[str, str]  # what the text itself names: soname, versions, capability
    rules: tuple[Rule, ...]
    source: Source


def rule_page(name: str) -> tuple[Rule, str] | None:
    """The rule of this name with its family, or None."""
    entry = REGISTRY.get(name)
    return None if entry is None else (entry, family_of(name))


def read(text: str, matrix: Matrix) -> tuple[Symptom, ...]:
    """The symptoms in a text, the most specific first; several may stand in one log."""
    excerpt = tail(text)
    small = excerpt.lower()
    piece = " ".join(small.split())
    numbers = _NUMBER.findall(excerpt)
    hits: list[tuple[int, Symptom]] = []
    for row in matrix.every("symptom"):
        match = _match(row["pattern"], excerpt, small)
        weight = match.end() - match.start() if match else _part_of_example(row, piece) or _by_number(row, numbers)
        if not weight:
            continue
        named = {key: value for key, value in match.groupdict().items() if value} if match else {}
        rules = tuple(REGISTRY[name] for name in row["rules"] if name in REGISTRY)
        hits.append((weight, Symptom(row, row["says"], named, rules, matrix.source(row))))
    hits.sort(key=lambda hit: (bool(hit[1].row.get("harmless")), -hit[0]))
    return tuple(symptom for _, symptom in hits)


def _match(pattern: str, text: str, small: str) -> "re.Match[str] | None":
    """The pattern's place in a text; most are ruled out by the text that they need, without being compiled."""
    texts = needed(pattern)
    if texts is not None and not any(one in small for one in texts):
        return None
    return re.search(pattern, text, re.IGNORECASE | re.MULTILINE)


def _part_of_example(row: Row, piece: str) -> int:
    """People paste half a line: a piece of a known text of some length counts as that text."""
    if len(piece) < 15:
        return 0
    examples = (example for example in row.get("examples", ()) if len(example) >= len(piece))
    return len(piece) if any(piece in " ".join(example.lower().split()) for example in examples) else 0


_NUMBER = re.compile(r"\b(cuinit|cuda\w*|cudart|error|nvml\w*|xid|status)\b\D{0,40}?\b(\d{1,3})\b", re.IGNORECASE)


def _by_number(row: Row, numbers: Sequence[tuple[str, str]]) -> int:
    """A bare error number, such as `cuInit 803` or `NVML 18`; NVML counts its own numbers."""
    code = row.get("code")
    of_nvml = "nvml" in row["id"] or row.get("component") == "nvml"
    return int(any(number == code and of_nvml == word.lower().startswith("nvml") for word, number in numbers))


def on_this_machine(symptom: Symptom, reports: Sequence[Report]) -> tuple[list[str], list[str], list[str]]:
    """Of the symptom's rules: those violated here, those that hold here, and those that cannot be told."""
    violated, held, untold = [], [], []
    for entry in symptom.rules:
        if any(
            found.rule == entry.name and found.severity == "error" for report in reports for found in report.findings
        ):
            violated.append(entry.name)
        elif any(one.rule == entry.name for report in reports for one in report.holds):
            held.append(entry.name)
        else:
            untold.append(entry.name)
    return violated, held, untold


def close_names(name: str) -> list[str]:
    """Rule names that look like this one."""
    from difflib import get_close_matches

    return get_close_matches(name, REGISTRY, 3, 0.6)
