"""The matrix as text: lines for `compatcheck matrix status`, `list`, `show`, `why` and `diff`."""

from collections.abc import Iterable, Iterator
from typing import Any

from compat.matrix.claims import Subject
from compat.matrix.diff import Change


def status(told: dict[str, Any]) -> Iterator[str]:
    """`matrix status`."""
    yield f"matrix {told['version']} of {told['date']}, {told['subjects']} subjects"
    if told["updated"]:
        yield f"releases newer than that were looked for on {told['updated']} (overlay)"
    yield ""
    for table, owners in told["tables"].items():
        largest = sorted(owners.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{owner} {number}" for owner, number in largest[:4])
        rest = f" and {len(largest) - 4} more" if len(largest) > 4 else ""
        yield f"  {table:13} {sum(owners.values()):6}   {shown}{rest}"
    yield ""
    yield "newest release known, and the day of its files:"
    for package, newest in told["newest"].items():
        yield f"  {package:28} {newest['version']:16} {newest['date'] or ''}"
    if told["stale"]:
        yield ""
        yield f"stale: {told['age_months']} months old; `{told['refresh']}` looks for newer releases"


_PLATFORM = ("os", "arch", "index", "variant")


def components(told: dict[str, dict[str, int]]) -> Iterator[str]:
    """`matrix list`."""
    for name, tables in told.items():
        yield f"{name:28} " + ", ".join(f"{number} {table}" for table, number in tables.items())


def versions_of(subjects: Iterable[Subject]) -> Iterator[str]:
    """`matrix list COMPONENT`: a line for each release or other subject."""
    builds: dict[tuple[str, str], list[Subject]] = {}
    for subject in subjects:
        if subject.table == "build":
            builds.setdefault((subject.owner, subject.version or ""), []).append(subject)
        else:
            yield subject.name
    for (package, version), found in builds.items():
        kinds = sorted({" ".join(value for name, value in one.key if name in _PLATFORM and value) for one in found})
        yield f"build {package}=={version}: {'; '.join(kinds)}"


def show(subjects: Iterable[Subject]) -> Iterator[str]:
    """`matrix show`: every field that wins."""
    for number, subject in enumerate(subjects):
        if number:
            yield ""
        yield subject.name
        key = dict(subject.key)
        for name, value in subject.merged.items():
            if name not in key:
                yield f"  {name:20} {brief(value)}"
        winner = subject.ranked[0]
        yield f"  {'source':20} " + "; ".join(str(source) for source in winner.sources)
        if subject.disputed:
            yield f"  {'disputed':20} {', '.join(sorted(subject.disputed))} (see `compatcheck matrix why`)"


def why(subjects: Iterable[Subject], field: str | None) -> Iterator[str]:
    """`matrix why`: every claim on a field (or on all fields), the one that wins first."""
    for subject in subjects:
        key = dict(subject.key)
        for name, said in subject.fields.items():
            if name in key and name != field:
                continue
            if field is not None and name != field and not name.startswith(f"{field}_"):
                continue
            yield f"{subject.name}: {name}"
            for place, (value, statement) in enumerate(said):
                mark = "=" if place == 0 else " "
                yield f"  {mark} {brief(value)}   [{statement.level}, {statement.file}]"
                for source in statement.sources:
                    yield f"      {source.title}, {source.date}, {source.level}: {source.where}"
                if "note" in statement.row:
                    yield f"      note: {statement.row['note']}"
            if len(said) > 1:
                yield f"  {_verdict(subject, name)}"


def _verdict(subject: Subject, name: str) -> str:
    said = subject.fields[name]
    if name not in subject.disputed:
        return "the claims agree"
    if said[0][1].level != said[1][1].level:
        return f"the claims differ: {said[0][1].level} is stronger than {said[1][1].level}"
    return f"the claims differ at the same level ({said[0][1].level}): the later one is taken"


def diff(changes: Iterable[Change]) -> Iterator[str]:
    """`matrix diff`."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.kind] = counts.get(change.kind, 0) + 1
        yield f"{ {'added': '+', 'removed': '-', 'changed': '~'}[change.kind] } {change.subject.name}"
        for name, old, new in change.fields:
            yield f"    {name}: {brief(old)} -> {brief(new)}"
    yield ", ".join(f"{counts.get(kind, 0)} {kind}" for kind in ("added", "removed", "changed"))


def brief(value: Any) -> str:
    """A value as a person writes it."""
    if value is None:
        return "(unknown)"
    if value is False:
        return "no"
    if value is True:
        return "yes"
    if isinstance(value, list):
        words = [str(item) for item in value]
        between = "; " if any("," in word or " " in word for word in words) else " "
        return between.join(words) or "(none)"
    if isinstance(value, dict):
        return ", ".join(f"{name} {brief(item)}" for name, item in value.items()) or "(none)"
    return str(value)
