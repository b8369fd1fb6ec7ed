"""Has the build CUDA at all? Many packages publish builds without it under the same name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import fits_platform, normal
from compat.records import replace
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.candidates import matching
from compat.rules.case import Case
from compat.rules.packages.builds import compiled_with_cuda
from compat.rules.packages.doubles import written_twice
from compat.rules.packages.extensions import misses_its_own, needs_none
from compat.rules.packages.extras import lacked
from compat.rules.runtimes import gpu_parts, reaches, since
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule("cpu-only-build", reads=("builds.python_tag", *OF_GPUS, *OF_BUILD), masks=("gpu-not-in-build",))
def cpu_only_build(case: Case) -> Iterator[Outcome]:
    """The installed build has no CUDA.

    Many packages publish builds without CUDA under the same name: torch for Windows and macOS on the public index,
    torch `+cpu`, conda's `cpu_` build strings, onnxruntime beside onnxruntime-gpu, jaxlib without its CUDA plugin. They
    install and import without a word and compute on the CPU.

    Shows as: "Torch not compiled with CUDA enabled", an empty device list, a provider list without CUDA.

    Where a build is only asked for, one without CUDA is a fault if a GPU is there, and else worth a word.

    Remedy: install the GPU build for this platform.
    """
    main = case.main
    if case.goal.verb == "install":
        if main is not None and main.state == "requested" and not main.for_cpu and not needs_none(case, main):
            yield from _asked_without_cuda(case, main)
        return
    if not case.goal.needs_gpu:
        return
    if main is not None and main.state == "unknown" and case.subject("jaxlib").state == "installed":
        main = case.subject("jaxlib") if main.component == "jax" else main  # of JAX it is what has CUDA or not
    if main is None or main.state in ("absent", "unknown"):
        return
    if case.matrix.packages.about(main.component).get("accelerator") == "none":
        return  # no build of it has any: what it runs on is another package's matter (Keras)
    for other in case.subjects[1:]:  # what the main one computes with
        if other.component != "jaxlib" and other.field("cuda").decide(lambda cuda: cuda is False):
            yield _without_cuda(case, other)
    if needs_none(case, main):
        return  # what it computes with was asked
    core = (main, *(other for other in case.subjects[1:] if other.component == "jaxlib"))
    # What is said of a build has its parts in it: without both halves of a plugin the probe says no CUDA of JAX.
    said = next((one for one in core if one.facts.cuda is False and not all(written_twice(case, one))), None)
    if said is not None:
        yield _without_cuda(case, said)
        return
    told = next((outcome for subject in core if (outcome := _told(case, subject)) is not None), None)
    if told is None and _plugin_is_missed(case, main):
        found = _without_cuda(case, main)
        taken = case.assume("packages.jaxlib, builds.jaxlib", "its jaxlib is the published one of this release")
        told = replace(found, evidence=(*found.evidence, taken))
    yield told or Untold("cpu-only-build", main.component, (f"builds.{main.distribution}.cuda",))


def _told(case: Case, subject: Subject) -> Finding | Holds | None:
    """Whether the one package has CUDA; None where it does not tell."""
    gpu, cpu = written_twice(case, subject)
    if gpu and cpu:
        return Finding(
            "cpu-only-build",
            subject.component,
            f"{cpu[0]} has no CUDA, and writes the files of {gpu[0]}.",
            tuple(case.read(f"packages.{name}", None) for name in (*cpu, *gpu)),
            (Remedy(f"uninstall both, then install {gpu[0]} alone"),),
        )
    parts = gpu_parts(case, subject)
    halved = _halved(case, subject, parts)
    if halved is not None:
        return halved
    if parts:
        return Holds("cpu-only-build", subject.component, f"{subject.label} has its CUDA plugin")
    if subject.facts.cuda is None and _parts_unspoken_of(case, subject):
        return None
    verdict = subject.field("cuda")
    answer = verdict.decide(lambda cuda: cuda is False)
    if answer is None:
        return None
    if answer:
        return _without_cuda(case, subject)
    return Holds(
        "cpu-only-build",
        subject.component,
        f"{subject.label} is built with CUDA {verdict.known or ''}".rstrip(),
        (Evidence(f"{subject.label} has CUDA", verdict.source),),
    )


def _halved(case: Case, subject: Subject, parts: list[Subject]) -> Finding | None:
    """Does each plugin that is there lack a part which goes with it? Half a plugin is none."""
    lost = [_lost_half(case, subject, part) for part in parts]
    if not lost or any(one is None for one in lost) or any(one.field("cuda").known for one in case.subjects):
        return None
    facts = [fact for one in lost if one is not None for fact in one]
    there = " and ".join(part.label for part in parts)
    return Finding(
        "cpu-only-build",
        subject.component,
        f"{subject.label} has half of a CUDA plugin, which is none: {there} without what goes with it.",
        (
            *facts,
            *(case.assume(f"packages.{part}", "no other plugin is there") for part in _unspoken(case, subject)),
        ),
        (Remedy(f"install the GPU build: {_gpu_name(case, subject)}"),),
    )


def _lost_half(case: Case, subject: Subject, part: Subject) -> tuple[Evidence, ...] | None:
    """The evidence that another part, which requires this one or is required by it, is said to be absent."""
    mine = normal(part.distribution)
    for name in case.matrix.packages.about(subject.component).get("parts", ()):
        if name == mine or case.has(name) is not False:
            continue
        for asked, rows in ((name, part.candidates), (mine, matching(case.matrix, name, part.version))):
            known = list(rows)
            if known and all(asked in [one for one, _, _ in case.matrix.packages.pins(row)] for row in known):
                return (
                    case.read(f"packages.{mine}", part.version),
                    case.read(f"packages.{name}", False),
                    case.cite(f"{known[0]['package']} requires {asked}", known[0], "requires"),
                )
    return None


def _plugin_is_missed(case: Case, main: Subject) -> bool:
    """Was a plugin looked for in vain, of a release of JAX whose jaxlib, which nobody spoke of, never has CUDA?"""
    if main.component != "jax" or main.version is None or case.subject("jaxlib").state != "unknown":
        return False
    cores = {row.get("cuda") for row in matching(case.matrix, "jaxlib", main.version)}
    return cores == {False} and bool(_plugins(case, main)) and not _parts_unspoken_of(case, main)


def _asked_without_cuda(case: Case, subject: Subject) -> Iterator[Outcome]:
    """What the index has for this platform under that name, and the installer would take."""
    if _plugins(case, subject):
        yield from _extra_is_lacked(case, subject)
        return
    if subject.field("cuda").decide(lambda cuda: cuda is False) is not True:
        return
    if compiled_with_cuda(case, subject):
        return
    found = _without_cuda(case, subject)
    if not case.gpus:
        yield replace(found, severity="warning")
        return
    gpus = (case.read("gpus", len(case.machine.gpus)),) if case.machine.gpus else case.board
    yield replace(found, evidence=(*found.evidence, *gpus))


def _extra_is_lacked(case: Case, subject: Subject) -> Iterator[Outcome]:
    """The extra that would draw in the plugin is of other releases: nothing with CUDA comes (jax[cuda13] 0.6.2)."""
    extra = lacked(case, subject)
    beside = ["jaxlib", *_plugins(case, subject)]
    asked = {normal(name) for name in case.machine.request or ()}
    if extra is None or not extra[2] or not case.gpus or any(case.has(one) or one in asked for one in beside):
        return
    name, row, _, facts = extra
    gone = (case.assume(f"packages.{one}", "not there yet") for one in beside if case.has(one) is None)
    denied = (case.read(f"packages.{one}", False) for one in beside if case.has(one) is False)
    yield Finding(
        "cpu-only-build",
        subject.component,
        f"{row['package']} {row['version']} has no extra {name} to bring its CUDA plugin: it will have no CUDA.",
        (*facts, case.read("gpus", len(case.machine.gpus or ())), *gone, *denied),
        (Remedy(f"ask for an extra that {row['package']} {row['version']} has, or for a release with {name}"),),
    )


def _without_cuda(case: Case, subject: Subject) -> Finding:
    return Finding(
        "cpu-only-build",
        subject.component,
        f"{subject.label} is a build without CUDA.",
        (
            Evidence(f"{subject.label} is built without CUDA", subject.field("cuda").source),
            *(fact for one in case.subjects[:1] if one is not subject for fact in case.package(one)),
            *_not_told(case, subject),
            *misses_its_own(case, subject),
            *(case.read(f"packages.{part}", False) for part in _plugins(case, subject) if case.has(part) is False),
            *case.of_jetsons,
            *(() if subject.facts.cuda is False else case.which_build(subject)),
            *(case.assume(f"packages.{part}", "no other plugin is there") for part in _unspoken(case, subject)),
        ),
        (Remedy(f"install the GPU build: {_gpu_name(case, subject)}"),),
    )


def _not_told(case: Case, subject: Subject) -> tuple[Evidence, ...]:
    """Of what is compiled where it is installed: that nothing had it compiled with CUDA."""
    row = case.matrix.traits.row(subject.component, "cuda-by-variable") if subject.facts.cuda is None else None
    if row is None:
        return ()
    name, said = row["value"], (case.machine.variables or {}).get(row["value"])
    if said is not None:
        return (case.read(f"variables.{name}", said),)
    return (case.assume(f"variables.{name}", "not set: it is compiled as it is by itself"),)


def _plugins(case: Case, subject: Subject) -> list[str]:
    """Distributions that carry the GPU code of this release apart from it; of an unknown release any that ever did."""
    firsts = _first_releases(case, subject)
    return [part for part, first in firsts.items() if subject.version is None or reaches(subject.version, first)]


def _first_releases(case: Case, subject: Subject) -> dict[str, versions.Version]:
    """Of each distribution that carries GPU code apart from it: the first release."""
    parts = case.matrix.packages.about(subject.component).get("parts", ())
    return {part: since(case, part) for part in parts}


def _parts_unspoken_of(case: Case, subject: Subject) -> bool:
    """Can the GPU code lie in a part of which nothing is said? (One that is said to be absent was looked for.)

    Of an unknown release it has to be told for the first that has parts as well: the later ones have more.
    """
    plugins = _plugins(case, subject)
    if subject.version is None and plugins:
        firsts = _first_releases(case, subject)
        plugins = [part for part in plugins if firsts[part] == min(firsts.values())]
    return bool(plugins) and subject.local_cuda is None and not any(case.has(part) is False for part in plugins)


def _unspoken(case: Case, subject: Subject) -> list[str]:
    """Parts of which nothing is said beside one that was looked for in vain."""
    plugins = _plugins(case, subject) if case.goal.verb != "install" else []
    return [part for part in plugins if case.has(part) is None]


def _gpu_name(case: Case, subject: Subject) -> str:
    """The distribution and variants to ask for to get CUDA in this release; of conda, the builds that name it."""
    if subject.conda:
        return f"{subject.distribution}=*=*cuda*"
    listed = case.matrix.packages.about(subject.component).get("distributions", {}).get("pypi", ())
    for name in dict.fromkeys([subject.distribution, *listed]):
        rows = [
            row
            for row in matching(case.matrix, name, subject.version)
            if row.get("cuda") and not row.get("stub") and fits_platform(row, case.machine.os, case.machine.arch)
        ]
        if rows:
            release = f" {versions.parse(subject.version).public}" if subject.version else ""
            elsewhere = "" if any(row["index"] == "pypi" for row in rows) else _variants(rows)
            return f"{name}{release}{elsewhere}"
    return subject.distribution


def _variants(rows: "list[Row]") -> str:
    names = sorted({row["variant"] for row in rows if row["variant"]})
    return f" for {', '.join(names)}" if names else ""
