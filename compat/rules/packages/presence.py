"""Is the package that a goal names installed, and known?"""

from collections.abc import Iterator

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.standing import framework
from compat.rules.subject import Subject


@rule("package-missing", reads=OF_BUILD, says="nothing")
def package_missing(case: Case) -> Iterator[Outcome]:
    """The package that the goal is named for is not installed, or one that it runs with and requires.

    Reported only where the description says so (`"tensorflow": false`, as the probe writes it of frameworks that the
    inspected environment does not have); a package that is not mentioned is unknown. What the goal's process runs
    beside it (jaxlib for JAX, torch for vLLM) is missed where the metadata of every build that it can be requires it,
    or the vendor names the release of it that goes with this one. A conversion, or the run of a model, is as impossible
    where what does it is said not to be there, as a package or a library.

    Remedy: `compatcheck plan` for it.
    """
    main = case.main
    if case.goal.verb not in ("use", "import", "convert", "run") or main is None:
        return
    if case.goal.verb in ("convert", "run") and main.state != "absent":
        return  # which tool does it, and from where, is open; what is said not to be there does nothing
    library = next(iter(case.usable("tensorrt")), None) if main.component == "tensorrt" else None
    if main.state == "installed":
        named = main.path if case.has(main.distribution) else f"builds.{main.distribution}"
        yield Holds("package-missing", main.component, f"{main.label} is installed", (case.read(named, main.label),))
        yield from _companions(case)
    elif library is not None:
        fact = case.read(library[0], f"tensorrt {library[1].version or ''}".strip())
        yield Holds("package-missing", main.component, "TensorRT's library is there", (fact,))
    elif main.state == "absent":
        others = [name for name in case.matrix.packages.distributions(main.component) if case.has(name) is None]
        places = "packages, libraries" if main.component == "tensorrt" else "packages"
        wanted = f"--{main.component}" if case.goal.verb in ("use", "import") else f"--goal {case.goal}"
        taken = [case.assume(places, f"nothing else that brings it is there: {', '.join(others)}")]
        yield Finding(
            "package-missing",
            main.component,
            f"{main.distribution} is not installed in this environment.",
            (case.read(f"packages.{main.distribution}", False), *(taken if others else ())),
            (Remedy(f"install it; `compatcheck plan {wanted}` says which release fits"),),
        )
    elif main.state == "unknown":
        yield Untold("package-missing", main.component, (f"packages.{main.distribution}",))


def _companions(case: Case) -> Iterator[Outcome]:
    """What the goal runs, a package of it requires, and the description says is not there."""
    there = [subject for subject in case.subjects if subject.state == "installed"]
    for other in case.subjects[1:]:
        name = normal(other.distribution)
        if other.state != "absent" or case.has(name) is not False or case.usable(other.component):
            continue
        for subject in there:
            found = _requirement(case, subject, name)
            if isinstance(found, tuple):
                yield Untold("package-missing", name, found)
            elif found is not None:
                taken = case.assume(subject.path, "one of the releases that the matrix lists")
                listed = [taken] if subject.version is None else []
                if case.machine.libraries is None and other.component == "tensorrt":
                    listed.append(case.assume("libraries", "no TensorRT that came otherwise"))
                yield Finding(
                    "package-missing",
                    other.component,
                    f"{subject.label} requires {name}, which is not installed in this environment.",
                    (case.read(subject.path, subject.version), case.read(f"packages.{name}", False), found, *listed),
                    (Remedy(f"install {name}, or {subject.distribution} again with what it requires"),),
                )
                break


def _requirement(case: Case, subject: Subject, name: str) -> Evidence | tuple[str, ...] | None:
    """That the package requires this one; the facts that its conditions ask for where they are not told."""
    pinned = [
        [marker for asked, _, marker in case.matrix.packages.pins(row) if asked == name] for row in subject.candidates
    ]
    if pinned and all(pinned):
        unsaid = [field for field in ("os", "arch", "python") if getattr(case.machine, field) is None]
        if unsaid and not all("" in markers for markers in pinned):
            return tuple(unsaid)
        from compat.markers import applies

        if all(any(applies(marker, case.machine) for marker in markers) for markers in pinned):
            return case.cite(f"{subject.label} requires {name}", subject.candidates[0], "requires")
        return None
    for row in case.matrix.packages.pairs.get(normal(subject.distribution), ()):
        told = subject.version is None or versions.parse_range(row["range"]).admits(subject.version)
        if row["other"] == name and told:
            return case.cite(f"{subject.distribution} {row['range']} goes with {name} {row['fits']}", row)
    return None


@rule("package-unknown", reads=OF_BUILD, says="nothing", leaves="cuda")
def package_unknown(case: Case) -> Iterator[Outcome]:
    """The matrix knows nothing of the package that the goal is named for.

    Only what does not depend on the package is judged: the GPU, the driver, the container. A verdict about the package
    itself is not to be had. Of some it is known which framework computes for them (diffusers: torch): that is judged.

    Remedy: `compatcheck matrix list` shows what the matrix knows; a new package is one file in `matrix/`.
    """
    main = case.main
    if main is None:
        return
    rows = case.matrix.packages
    if (
        rows.about(main.component)
        or rows.builds(main.distribution)
        or rows.component(main.distribution) is not None
        or main.component in case.matrix.components("release")
        or any(row["image"] == main.component for row in case.matrix.rows("container", "container"))
    ):
        fact = Evidence(f"rows about {main.component}", f"matrix, {case.matrix.date}")
        yield Holds("package-unknown", main.component, f"the matrix has rows about {main.component}", (fact,))
        return
    on = framework(case, main)
    if on is not None:
        yield Finding(
            "package-unknown",
            main.component,
            f"Of {main.distribution} the matrix knows that it computes with {on['value']}: that is judged, not its own "
            "releases.",
            (case.cite(f"{main.distribution} {on['range']} computes with {on['value']}", on),),
            severity="note",
        )
    else:
        yield Finding(
            "package-unknown",
            main.component,
            f"The matrix knows nothing of {main.distribution}: only what it does not depend on is judged.",
            (Evidence("no rows about it", f"matrix, {case.matrix.date}"),),
            (Remedy("see `compatcheck matrix list` for what is known"),),
            "note",
        )
