"""docs/rules.md: every rule, the facts that it reads, and where they are read on a machine.

``python -m scripts.rulebook`` writes it, ``--check`` says whether it is current (exit 1 if not). The pages are the
rules' own, and so is what each reads, which tests/rules/test_rulebook.py holds against what really decides.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from compat.machine import Machine
from compat.probe.assemble import LAYERS
from compat.records import fields
from compat.rules import FAMILIES, every_rule, family_of
from compat.rules.base import OF_BUILD, OF_DRIVER, OF_RUNTIME, OF_SYSTEM

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"

DESCRIBED = {
    "request": "described: what shall be installed is the user's to say (`guard` reads it from pip's command line)",
    "model": "described, or read from the file by `check FILE` and `model FILE` (ONNX, Keras, HDF5)",
    "model.precision": "described: the precision that a run is to use is the user's to say",
    "model.device": "described: whether the GPU or a DLA is to run it is the user's to say",
    "model.target": "described: the target that code is to be compiled for is the user's to say",
    "engine": "described, or read from the plan's header by `check FILE` and `engine FILE`",
}
"""What no layer of the probe reads: no machine tells it, or none can be asked."""


def _where() -> dict[str, str]:
    """Fact -> where it is read, as its layer says it, in the order of the description's fields."""
    said = dict(DESCRIBED)
    for layer in LAYERS:
        said |= import_module(f"compat.probe.layers.{layer}").WHERE
    places = [one.name for one in fields(Machine)]
    return dict(sorted(said.items(), key=lambda item: places.index(item[0].partition(".")[0])))


WHERE = _where()
SHARED = {*OF_SYSTEM, *OF_DRIVER, *OF_RUNTIME}  # groups that are listed as a whole

OF_JETSONS = ("gpus.name", "jetson", "environment")  # what tells a Jetson, and with it the platform
READS = {entry.name: entry.reads for entry in every_rule()}

# Rules that this machine alone never triggers, and why.
ONLY_ASKED = {
    "package-removed": "is about what shall be installed: `plan`, `guard` and `check -r` say what is asked for",
    "precision-unsupported": "the precision of a run is the user's intention (`check FILE` reads a model's own)",
    "onnx-version-unsupported": "is about a model: `check FILE`, `model` and `convert` read the file",
    "engine-unreadable": "is about a file: `check FILE` and `engine` read it",
    "engine-from-other-gpu": "is about a file: `check FILE` and `engine` read its header",
    "engine-from-other-tensorrt": "is about a file: `check FILE` and `engine` read its header",
    "engine-from-other-os": "is about a file: `check FILE` and `engine` read its header",
    "toolkit-mismatch-for-build": "is asked with the goal build:cuda-extension; its facts are read",
    "ptx-newer-than-driver": "with run:cuda-binary the builder's toolkit is named; for packages the facts are read",
}


def _listed(facts: Iterable[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in dict.fromkeys(facts))


def page() -> str:
    """The text of docs/rules.md."""
    lines = [
        "# Rules",
        "",
        "Written by `python -m scripts.rulebook` from the rules themselves; do not edit.",
        "",
        "A rule holds, is violated, or cannot be told for lack of a fact; it never concludes from what is unknown",
        "([docs/machine.md](machine.md#less-is-never-worse) says what that means).",
        "Where a version leaves open which published build is installed, a finding needs that every one of them fails.",
        "",
        "## What each rule reads",
        "",
        f"*The build* stands for what tells which published build is installed: {_listed(OF_BUILD)}.",
        f"Of a Jetson `os` and `arch` follow from {_listed(OF_JETSONS)} where they are not stated.",
        "",
        "| rule | family | facts |",
        "|---|---|---|",
    ]
    for entry in every_rule():
        facts = READS[entry.name]
        builds = set(OF_BUILD) <= set(facts)
        told = _listed(fact for fact in facts if not builds or fact not in OF_BUILD)
        shown = ", ".join(filter(None, (told, "*the build*" if builds else "")))
        lines.append(f"| [`{entry.name}`](#{entry.name}) | {family_of(entry.name)} | {shown} |")
    lines += [
        "",
        "## Where the facts are read",
        "",
        "`compatcheck facts --sources` shows for one machine where each value was read.",
        "",
        "| fact | read from |",
        "|---|---|",
    ]
    lines += [f"| `{fact}` | {place} |" for fact, place in WHERE.items()]
    lines += ["", "## Rules that `doctor` alone does not trigger", "", "| rule | why |", "|---|---|"]
    lines += [f"| `{name}` | {why} |" for name, why in ONLY_ASKED.items()]
    for family in FAMILIES:
        lines += ["", f"## {family[0].upper()}{family[1:]}"]
        for entry in every_rule():
            if family_of(entry.name) == family:
                lines += ["", f"### {entry.name}", "", entry.page]
                if entry.masks:
                    lines += [
                        "",
                        "Violated, it is the cause of, and reported in place of: "
                        + ", ".join(f"`{name}`" for name in entry.masks)
                        + ".",
                    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page()
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            print("docs/rules.md is not current: run python -m scripts.rulebook")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
