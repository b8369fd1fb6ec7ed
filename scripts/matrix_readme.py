"""Writes the parts of `matrix/README.md` that follow from the data: coverage and disagreements.

python -m scripts.matrix_readme            # write
python -m scripts.matrix_readme --check    # exit 1 where the file says something else
python -m scripts.matrix_readme --holes    # print what is not told of releases, builds and images whose like has it
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from compat import versions
from compat.matrix.canonical import version_key
from compat.matrix.claims import Subject, collect
from compat.matrix.pages import brief

MATRIX = Path(__file__).resolve().parents[1] / "matrix"
SHOWN = 8  # disagreements of one kind that are written out

COUNTED = {
    "toolkit": "CUDA toolkits",
    "major": "CUDA majors",
    "branch": "driver branches",
    "forward": "cuda-compat releases",
    "packaged": "distributions' own driver branches",
    "interpreters": "distributions' Pythons",
    "carried": "channels' CUDA",
    "architecture": "GPU generations",
    "capability": "compute capabilities",
    "gpu": "GPUs",
    "soname": "shared objects",
    "jetpack": "JetPack releases",
    "container": "container images",
    "pair": "package pairs",
    "break": "known breaks",
    "name": "dead or renamed distributions",
    "symptom": "error texts",
    "operator": "ONNX operators of TensorRT",
    "precision": "precisions of libraries",
    "condapackage": "conda names",
}

FACTS = {  # what rules read of a subject of the table
    "build": ("cuda", "cudnn", "nccl", "sass", "ptx", "python", "glibc", "glibcxx", "needs", "requires"),
    "release": (
        *("python", "cuda", "cudnn", "cudnn_minimum", "driver_linux", "driver_windows", "opset", "glibc", "torch"),
        *("capabilities", "capability_minimum", "numpy", "protobuf"),
    ),
    "container": ("cuda", "driver", "cudnn", "tensorrt", "python", "ubuntu", "framework", "capability_minimum"),
    "toolkit": ("driver_linux", "driver_windows", "ptx", "capabilities", "gcc", "components"),
    "branch": ("cuda", "ptx", "architectures"),
    "jetpack": ("cuda", "cudnn", "tensorrt", "python", "glibc"),
}
OF_LINUX = ("nccl", "glibc", "glibcxx")
USUAL = 0.25  # of the subjects of one kind have the fact: of the others it is missing, not senseless


def coverage(subjects: Iterable[Subject]) -> Iterator[str]:
    """A line for each package or library with its releases and builds, and one for each other table."""
    releases: dict[str, set[str]] = defaultdict(set)
    builds: dict[str, list[Subject]] = defaultdict(list)
    others: dict[str, int] = defaultdict(int)
    for subject in subjects:
        if subject.table == "release":
            releases[subject.owner].add(subject.version or "")
        elif subject.table == "build":
            builds[subject.owner].append(subject)
        else:
            others[subject.table] += 1
    yield "| component or distribution | releases | builds | from | to | indexes of the builds |"
    yield "|---|---:|---:|---|---|---|"
    for name in sorted({*releases, *builds}):
        known = releases[name] | {subject.version or "" for subject in builds[name]}
        order = sorted(filter(versions.try_parse, known), key=lambda text: versions.parse(text).key())
        indexes = sorted({dict(subject.key)["index"] for subject in builds[name]})
        yield (
            f"| {name} | {len(releases[name]) or ''} | {len(builds[name]) or ''} | {order[0]} | {order[-1]} | "
            f"{', '.join(indexes)} |"
        )
    yield ""
    yield "Besides: " + ", ".join(f"{others[table]} {words}" for table, words in COUNTED.items() if others[table]) + "."


def disagreements(subjects: Iterable[Subject]) -> Iterator[str]:
    """What sources say differently, by table, component and field; the value that is used comes first."""
    groups: dict[tuple[str, str, str], list[Subject]] = defaultdict(list)
    for subject in subjects:
        for field in subject.disputed:
            groups[subject.table, subject.owner, field].append(subject)
    for (table, owner, field), found in sorted(groups.items()):
        yield f"- `{table}` of {owner}, `{field}`: {len(found)}"
        for subject in found[:SHOWN]:
            said = "; ".join(
                f"{brief(value)} ({statement.level}: {statement.sources[0].title})"
                for value, statement in subject.fields[field]
            )
            yield f"  - {' '.join(value for _, value in subject.key if value)}: {said}"
        if len(found) > SHOWN:
            yield f"  - and {len(found) - SHOWN} more"


def holes(subjects: Iterable[Subject]) -> Iterator[str]:
    """By kind and place: how many lack a fact that others of the kind have, and from which release to which.

    A kind is a distribution's builds, a component's releases, the tags of an image. What is built without CUDA has no
    facts of CUDA to be told.
    """
    kinds: dict[tuple[str, str], dict[str, list[Subject]]] = defaultdict(lambda: defaultdict(list))
    for subject in subjects:
        key = dict(subject.key)
        if subject.table in FACTS and key.get("os") != "macos" and subject.merged.get("cuda") is not False:
            place = " ".join(key[name] for name in ("os", "index") if name in key)
            kinds[subject.table, key.get("image", subject.owner)][place].append(subject)
    for (table, owner), places in sorted(kinds.items()):
        every = [subject for found in places.values() for subject in found]
        usual = [fact for fact in FACTS[table] if sum(fact in one.fields for one in every) >= USUAL * len(every)]
        for place, found in sorted(places.items()):
            asked = [fact for fact in usual if not (place.startswith("windows") and fact in OF_LINUX)]
            missing = {fact: [one for one in found if fact not in one.fields] for fact in asked}
            told = ", ".join(f"{fact} {len(those)} ({_span(those)})" for fact, those in missing.items() if those)
            if told:
                yield f"{' '.join(filter(None, (table, owner, place)))} of {len(found)}: {told}"


def _span(subjects: Iterable[Subject]) -> str:
    known = sorted({subject.version or "" for subject in subjects}, key=version_key)
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def filled(text: str, name: str, lines: Iterable[str]) -> str:
    """The text with the part from `<!-- NAME -->` to `<!-- end of NAME -->` replaced. Raises ValueError without it."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"matrix/README.md has no part {name!r}")
    body = "".join(f"{line}\n" for line in lines)
    return pattern.sub(lambda match: f"{match[1]}{body}{match[2]}", text)


def main(arguments: list[str]) -> int:
    """Exit status: 0 written or the same, 1 with `--check` where it is not the same."""
    subjects = list(collect(str(MATRIX)).values())
    if "--holes" in arguments:
        print(*holes(subjects), sep="\n")
        return 0
    readme = MATRIX / "README.md"
    text = readme.read_text(encoding="utf-8")
    made = filled(filled(text, "coverage", coverage(subjects)), "disagreements", disagreements(subjects))
    if "--check" in arguments:
        if made != text:
            print("matrix/README.md is not current: run python -m scripts.matrix_readme")
        return 0 if made == text else 1
    readme.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
