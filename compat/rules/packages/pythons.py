"""For which Pythons a package is published: its own builds, and those of what a request pulls in with it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.matrix.packages import fits_platform, takes_python
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.candidates import JETSON, matching, of_extras, same_local
from compat.rules.case import Case
from compat.rules.origin import no_condas
from compat.rules.packages.bindings import of_jetpack
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule("python-unsupported", reads=("builds.python_tag", "toolkits", *OF_BUILD, *OF_GPUS), of="files")
def python_unsupported(case: Case) -> Iterator[Outcome]:
    """No build for this Python.

    A compiled package has one file for each Python release that it supports. For any other, the installer finds nothing
    ("No matching distribution found"), or takes an older release without a word.

    Remedy: a Python that the release has builds for, or a release that has builds for this Python.
    """
    main = case.main
    if case.goal.verb not in ("install", "import", "use") or main is None:
        return
    of_its_own = of_jetpack(case, main)
    if of_its_own is not None:
        yield of_its_own
    if of_its_own is not None or main.state in ("absent", "unknown"):
        return
    if case.goal.verb != "use":
        yield from _for_python(case, main)
        yield from _asked_beside(case)
    elif case.machine.python is not None and (main.facts.python_tag or not _made_elsewhere(case, main)):
        # That there is a build for this Python does not tell that it works; that there is none does, and its own tag.
        yield from (one for one in _for_python(case, main) if isinstance(one, Finding))


def _asked_beside(case: Case) -> Iterator[Finding]:
    """What is asked for beside it and has no wheels in the matrix, but the releases that each Python takes: NumPy."""
    asked = case.machine.request or {}
    if case.machine.python is None or case.goal.verb != "install" or len(asked) < 2:
        return
    line = versions.major_minor(case.machine.python)
    for name, spec in sorted(asked.items()):
        known = case.matrix.packages.component(name) is not None
        row = None if known else case.matrix.traits.row(name, "takes-python", line)
        if row is None or versions.parse_range(spec).meets(versions.parse_range(row["range"])):
            continue
        yield Finding(
            "python-unsupported",
            "python",
            f"{name}{spec} has no release that is made for Python {line}: that takes {name} {row['range']}.",
            (
                case.read("python", case.machine.python),
                case.read(f"request.{name}", spec),
                case.cite(f"Python {line} takes {name} {row['range']}", row),
            ),
            (Remedy(f"ask for {name} {row['range']}"), Remedy("use a Python of its time", "python")),
        )


def _made_elsewhere(case: Case, subject: Subject) -> bool:
    """Are there files of it that no index lists in full: a Jetson's, those of a publisher's own archive?"""
    return case.is_jetson or any(row["index"] in ("archive", "apt", *JETSON) for row in subject.candidates)


def _for_python(case: Case, main: Subject) -> Iterator[Outcome]:
    """Of the package, and of what a request pulls in with it: is there a build for the goal's Python?"""
    python = case.machine.python
    if python is None:
        yield Untold("python-unsupported", "python", ("python",))
        return
    line = versions.major_minor(python)
    stated = main.facts.python_tag
    if stated is not None:
        fits = _tag_admits(stated, line)
        facts = (case.read("python", python), case.read(f"builds.{main.distribution}.python_tag", stated))
        yield _python(main, line, fits, facts, [])
        return
    if main.state == "installed" and main.version is None:
        yield Untold("python-unsupported", "python", (main.path,))
        return
    for subject in (main, *pulled_in(case, main)):
        rows = [row for row in subject.candidates if _answers(row, line) and not row.get("stub")]
        ends = _blind_alleys(case, subject, rows, line) if subject is main else {}
        answers = {takes_python(_pythons(row), line) for row in rows if id(row) not in ends}
        fits = True in answers
        if not fits and None in answers:
            yield Untold("python-unsupported", "python", ("python",))
            continue
        if not rows:
            rows = _of_other_indexes(case, subject)
            if not rows or any(takes_python(row["python"], line) is not False for row in rows):
                continue  # whether that index is asked is not told
        shown = ", ".join(_pythons(rows[0])) or rows[0]["requires_python"]
        evidence = case.cite(f"{subject.distribution} {rows[0]['version']}: Python {shown}", rows[0], "python")
        offered = {one for row in rows if fits or id(row) not in ends for one in _pythons(row)}
        ordered = sorted(offered, key=lambda text: (versions.parse(text.rstrip("t")).key(), text))
        open_ = [name for name in ("os", "arch") if getattr(case.machine, name) is None]
        where = (
            [case.assume(", ".join([*open_, *case.of_no_jetson]), "a platform that it is published for")]
            if open_
            else _no_jetson(case)
        )
        unlisted = [row for row in subject.candidates if not _answers(row, line)]
        if subject.facts.source is None and (subject.facts.cuda is not None or unlisted):
            fields = [f"builds.{subject.distribution}.{name}" for name in ("source", "cuda")]
            fields = fields if subject.facts.cuda is None else fields[:1]
            fields += [subject.path] if {row["version"] for row in unlisted} - {row["version"] for row in rows} else []
            where.append(case.assume(", ".join(fields), "one of the builds whose Pythons are published"))
        wanted = "" if subject.version else (case.machine.request or {}).get(subject.distribution, "")
        along = () if subject is main else brought(case, subject)
        along += () if fits else tuple(dict.fromkeys(fact for facts in ends.values() for fact in facts))
        told = (case.read("python", python), *where, *case.of_jetsons, evidence, *no_condas(case, subject), *along)
        yield _python(subject, line, fits, told, ordered, wanted)


def _answers(row: "Row", line: str) -> bool:
    """Does the build tell whether it is for this Python: by its files, or by a Requires-Python that leaves it out?"""
    wanted = row.get("requires_python")
    return "python" in row or (bool(wanted) and versions.parse_range(wanted).admits(line.rstrip("t")) is False)


def _pythons(row: "Row") -> list[str]:
    """Those that it has files for."""
    return list(row.get("python", ()))


def _blind_alleys(case: Case, subject: Subject, rows: "list[Row]", line: str) -> dict[int, tuple[Evidence, ...]]:
    """Of a range that is asked for, the builds (by identity) that take this Python and pin a package which has no build
    for it, with what tells so: an installer that looks back to them ends there. None where some build is without one.
    """
    if subject.state != "requested" or subject.version is not None:
        return {}  # of one release ``pulled_in`` tells
    ends = {}
    for row in reversed(rows):
        if takes_python(_pythons(row), line):
            told = _pins_without(case, row, line)
            if not told:
                return {}
            ends[id(row)] = told
    return ends


def _pins_without(case: Case, row: "Row", line: str) -> tuple[Evidence, ...]:
    """That a build pins another package that has no build for the Python. Empty where it pins none of the kind."""
    from compat.markers import applies

    built_for = Machine(os=row["os"], arch=row["arch"], python=line)
    for name, spec, marker in case.matrix.packages.pins(row):
        if not spec.startswith("==") or case.has(name) is True or not applies(marker, built_for):
            continue
        here = [one for one in _asked_for(case, name, spec) if fits_platform(one, case.machine.os, case.machine.arch)]
        if here and all(takes_python(one.get("python", [line]), line) is False for one in here):
            said = f"{row['package']} {row['version']} requires {name} {spec}, which has no build for Python {line}"
            along = Subject(name, name, None, "requested", Build(), (), case.matrix)
            return (case.cite(said, row, "requires"), *brought(case, along))
    return ()


def _no_jetson(case: Case) -> list[Evidence]:
    """That it is no Jetson, whose files no index lists in full (`_made_elsewhere`), on a processor that they have."""
    if case.goal.verb != "use" or case.machine.os != "linux" or case.machine.arch != "aarch64":
        return []
    places = ["jetson", *(["environment"] if case.machine.environment is None else [])]
    return [case.assume(", ".join(places), "no Jetson, whose builds no index lists in full")]


def _of_other_indexes(case: Case, subject: Subject) -> "list[Row]":
    """Builds for this platform of a release that is asked for and that the default index has not, or of which it has an
    archive alone that fetches them (then of the newest, with which an installer ends); none where it is open for which
    Pythons one of them is."""
    if subject.state != "requested" or not all(row.get("stub") for row in subject.candidates):
        return []
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    rows = [
        row
        for row in matching(case.matrix, subject.distribution, subject.version, wanted)
        if fits_platform(row, case.machine.os, case.machine.arch) and row["index"] not in JETSON
    ]
    if subject.candidates:
        newest = max((row["version"] for row in rows), key=lambda text: versions.parse(text).key(), default="")
        rows = [row for row in rows if row["version"] == newest and not row.get("stub")]
    return rows if all("python" in row for row in rows) else []


def _python(
    subject: Subject, line: str, fits: bool, evidence: tuple[Evidence, ...], offered: list[str], wanted: str = ""
) -> Outcome:
    """``wanted``: the range of a request, of which alone it is said."""
    label = f"{subject.label} {wanted.removeprefix('==')}" if wanted not in ("", "*") else subject.label
    if fits:
        return Holds("python-unsupported", subject.component, f"{label} has a build for Python {line}", evidence)
    choice = f" It has builds for Python {', '.join(offered)}." if offered else ""
    return Finding(
        "python-unsupported",
        "python",
        f"{label} has no build for Python {line}.{choice}",
        evidence,
        (
            Remedy(f"use Python {offered[-1]}" if offered else "use the Python that the build was made for", "python"),
            Remedy(f"choose a release of {subject.distribution} with a build for Python {line}"),
        ),
    )


def _tag_admits(tag: str, line: str) -> bool:
    return tag.startswith("py") or tag == "cp" + line.replace(".", "")


def pulled_in(case: Case, main: Subject) -> Iterator[Subject]:
    """GPU packages that come with what is asked for: those that its release or the requested extra pins.

    Such as tensorrt of tensorflow[and-cuda], torch of vllm. What holds on some systems only (a marker) is left out.
    """
    asked = next(iter(case.machine.request or {}), "")
    one_release = len({row["version"] for row in main.candidates}) == 1
    for row in main.candidates[:1]:
        own = row.get("requires", ()) if one_release and case.goal.verb == "install" else ()
        pins = of_extras(case.matrix, row, asked) + [
            (name, spec, marker)
            for name, spec, marker in case.matrix.packages.pins({"requires": own})
            if spec.startswith("==") and not marker and case.has(name) is not True
        ]
        for name, spec, _ in pins:
            found = tuple(
                one for one in _asked_for(case, name, spec) if fits_platform(one, case.machine.os, case.machine.arch)
            )
            if found and spec != "*":
                version = spec.lstrip("=") if spec.startswith("==") else None
                yield Subject(name, name, version, "requested", main.facts, found, case.matrix)


def brought(case: Case, subject: Subject) -> tuple[Evidence, ...]:
    """That what is pulled in is not there yet, where nobody says so: one of an unknown release may fit."""
    if case.has(subject.distribution) is False:
        return (case.read(f"packages.{subject.distribution}", False),)
    return (case.assume(f"packages.{subject.distribution}", "not there yet, so that it comes with what is asked for"),)


def _asked_for(case: Case, name: str, spec: str) -> "Iterator[Row]":
    """Builds that a requirement takes: those of the indexes that pip asks, or of any the one named (``+cuda12``)."""
    release, _, local = spec.lstrip("=").partition("+")
    if local:
        yield from (one for one in matching(case.matrix, name, release) if same_local(one, local))
        return
    yield from (one for one in matching(case.matrix, name, None, spec) if one["index"] in ("pypi", "nvidia"))
