"""Jetson: wheels are made for one JetPack, its CUDA and its Python."""

from collections.abc import Iterator
from typing import Any

from compat import versions
from compat.capability import Capability
from compat.rules.base import Evidence, Finding, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.subject import Subject


@rule("jetson-build-mismatch")
def jetson_build_mismatch(case: Case) -> Iterator[Outcome]:
    """The wheel is not made for this JetPack or module.

    Jetson's GPU is integrated and its driver comes with L4T, so frameworks need builds of their own, made for one
    JetPack:
    its CUDA, its cuDNN, its Python (JetPack 4: 3.6, JetPack 5: 3.8, JetPack 6: 3.10). A generic aarch64 wheel of the
    public
    index is CPU-only or made for servers (sm_90), and lacks the module's sm_53, sm_62, sm_72 or sm_87.

    Remedy: the wheel that NVIDIA (or jetson-ai-lab) made for this JetPack, with JetPack's own Python, or its container.
    """
    if not case.is_jetson or case.goal.verb not in ("use", "import", "install"):
        return
    main = case.main
    if main is None or main.state in ("absent", "unknown"):
        return
    jetpack = _jetpack(case)
    if case.goal.runs_on_gpu and _is_for_servers(case, main):
        yield Finding(
            "jetson-build-mismatch",
            main.component,
            f"{main.label} is a generic aarch64 build; {case.gpus[0].name} needs NVIDIA's wheel for its JetPack.",
            (*case.gpus[0].evidence, Evidence(f"{main.label} is from {main.facts.source}", main.path)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for this JetPack"),),
        )
        return
    if jetpack is None:
        yield Untold("jetson-build-mismatch", main.component, ("jetson.jetpack", "jetson.l4t"))
        return
    row, facts = jetpack
    wanted = row.get("python")
    python = case.machine.python
    tag = main.facts.python_tag
    for told, path in ((_tag_line(tag), f"builds.{main.distribution}.python_tag"),):
        if told is not None and python is not None and told != versions.major_minor(python):
            yield Finding(
                "jetson-build-mismatch",
                main.component,
                f"The wheel is made for Python {told} of JetPack {row['jetpack']}, not for Python {python}.",
                (*facts, case.read(path, tag), case.read("python", python)),
                (Remedy(f"use Python {told}, which JetPack {row['jetpack']} has", "python"),),
            )
            return
    if main.facts.cuda is False and wanted is not None:
        yield Finding(
            "jetson-build-mismatch",
            main.component,
            f"{main.label} is a generic build without CUDA; JetPack {row['jetpack']} needs NVIDIA's wheel "
            f"(Python {wanted}).",
            (*facts, case.read(f"builds.{main.distribution}.cuda", False)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),),
        )
        return
    cuda = main.field("cuda").known
    if cuda and row.get("cuda") and versions.same_line(cuda, row["cuda"], 1) is False:
        yield Finding(
            "jetson-build-mismatch",
            main.component,
            f"{main.label} is built for CUDA {cuda}; JetPack {row['jetpack']} has CUDA {row['cuda']}.",
            (*facts, Evidence(f"{main.label} has CUDA {cuda}", main.field("cuda").source)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),),
        )


def _is_for_servers(case: Case, main: Subject) -> bool:
    """Is it a build of the public indexes on a module older than Orin, whose JetPacks all need builds of their own?"""
    capability = case.gpus[0].capability if case.gpus else None
    return main.facts.source in ("pypi", "pytorch") and capability is not None and capability < Capability(8, 7)


def _jetpack(case: Case) -> "tuple[dict[str, Any], tuple[Evidence, ...]] | None":
    """The JetPack of this module: by its own number, else the newest that is not newer than the L4T release."""
    jetson = case.machine.jetson
    rows = case.matrix.rows("jetpack", "jetpack")
    if jetson.jetpack is not None:
        stated = versions.parse(jetson.jetpack)
        for row in rows:
            if stated.covers(versions.parse(row["jetpack"])) or versions.parse(row["jetpack"]).same_as(stated):
                return row, (
                    case.read("jetson.jetpack", jetson.jetpack),
                    case.cite(f"JetPack {row['jetpack']}: CUDA {row.get('cuda')}, Python {row.get('python')}", row),
                )
    if jetson.l4t is not None:
        l4t = versions.parse(jetson.l4t)
        fitting = [
            row for row in rows if versions.parse(row["l4t"]).major == l4t.major and versions.parse(row["l4t"]) <= l4t
        ]
        if fitting:
            row = max(fitting, key=lambda row: versions.parse(row["l4t"]).key())
            return row, (
                case.read("jetson.l4t", jetson.l4t),
                case.cite(f"L4T {row['l4t']} is JetPack {row['jetpack']}", row),
            )
    return None


def _tag_line(tag: str | None) -> str | None:
    return f"{tag[2]}.{tag[3:]}" if tag is not None and tag.startswith("cp") and tag[2:].isdigit() else None
