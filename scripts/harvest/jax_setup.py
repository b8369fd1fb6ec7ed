"""JAX releases that were published as source archives only: what setup.py of their tags requires, read from a clone.

    python -m scripts.harvest.jax_setup GIT_DIRECTORY

prints the source and the `[[build]]` rows of `matrix/jax.toml`. Nothing of setup.py is run: its lists and f-strings
are read out of the syntax tree. Taken are the extras that draw CUDA: as packages (`cuda11_pip`, `cuda12_pip`), or as a
jaxlib of JAX's own page (`cuda`, `cuda111`, `cuda11_cudnn82`).
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator

from packaging.version import Version

EXTRAS = re.compile(r"cuda|minimum-jaxlib")
FIRST = Version("0.2.17")
"""The first whose extras draw a jaxlib with CUDA."""
CLASSIFIED = Version("0.4.7")
"""From this release on the classifiers name every Python that jaxlib has wheels for; before, they lag behind."""
LAST = Version("0.4.15")
"""Wheels of jax itself begin with the next release."""


def git(directory: str, *words: str) -> str:
    """What git says."""
    return subprocess.run(("git", "--git-dir", directory, *words), capture_output=True, text=True, check=True).stdout


Known = dict[str, str | list[str]]


def assigned(tree: ast.Module, known: Known) -> Known:
    """The texts, and the lists of texts, that module-level names stand for."""
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        found = texts(node.value, known) if isinstance(node.value, ast.List) else value(node.value, known)
        if found is not None:
            known[node.targets[0].id] = found
    return known


def texts(node: ast.expr, known: Known) -> list[str]:
    """The texts of a list that are written out, or the one that stands in its place."""
    items = node.elts if isinstance(node, ast.List) else [node]
    return [text for one in items if (text := value(one, known))]


def value(node: ast.expr, known: Known) -> str | None:
    """A text that is written out, with the names in it that are known."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        named = known.get(node.id)
        return named if isinstance(named, str) else None
    if isinstance(node, ast.FormattedValue):
        return value(node.value, known)
    if isinstance(node, ast.JoinedStr):
        parts = [value(part, known) for part in node.values]
        return None if None in parts else "".join(part for part in parts if part is not None)
    return None


def arguments(setup: str, version: str) -> dict[str, object]:
    """`python` (a range), `pythons` (of its classifiers, as jaxlib has wheels), `requires` and `extras` of the call of
    setup()."""
    tree = ast.parse(setup)
    known = assigned(tree, assigned(ast.parse(version), {}))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    call = next(node for node in calls if getattr(node.func, "id", "") == "setup")
    said = {word.arg: word.value for word in call.keywords}
    extras = {
        name: [f"{line} ; extra == '{name}'" for line in lines]
        for name, lines in entries(said["extras_require"], known)
        if EXTRAS.match(name)
    }
    required = said["install_requires"]
    requires = texts(required, known)
    lines = [text.rpartition(" ")[2] for text in texts(said["classifiers"], known) if "Python :: 3." in text]
    return {"python": value(said["python_requires"], known), "pythons": lines, "requires": requires, "extras": extras}


def entries(table: ast.expr, known: Known) -> Iterator[tuple[str, list[str]]]:
    """Name and lines of each entry of a mapping, those that a loop over known lists makes in it included."""
    for key, lines in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
        if key is not None:
            yield value(key, known) or "", texts(lines, known)
        elif isinstance(lines, ast.DictComp):
            names = [loop.target.id for loop in lines.generators if isinstance(loop.target, ast.Name)]
            over = [known.get(getattr(loop.iter, "id", ""), []) for loop in lines.generators]
            for chosen in itertools.product(*over):
                here = {**known, **dict(zip(names, chosen, strict=True))}
                yield value(lines.key, here) or "", texts(lines.value, here)


def main(directory: str) -> None:
    """Print the rows."""
    tags = git(directory, "tag", "--list", "jax-v0.[234].*").split()
    found = sorted((Version(tag[5:]), tag) for tag in tags if "-rc" not in tag)
    taken = [(version, tag) for version, tag in found if FIRST <= version <= LAST]
    last = taken[-1][1]
    print(f'[source.setup]\ntitle = "JAX {FIRST} to {LAST}: setup.py and jax/version.py of each tag"')
    print(f'where = "https://github.com/jax-ml/jax/blob/{last}/setup.py"')
    print(f'date = {git(directory, "log", "-1", "--format=%cs", last).strip()}\nlevel = "declared"')
    for version, tag in taken:
        made = arguments(git(directory, "show", f"{tag}:setup.py"), git(directory, "show", f"{tag}:jax/version.py"))
        extras = made["extras"]
        print(f'\n[[build]]\npackage = "jax"\nversion = "{version}"\nos = "any"\narch = "any"')
        print('index = "pypi"\nvariant = ""')
        if version >= CLASSIFIED:
            print(f"python = {json.dumps(made['pythons'])}")
        print(f"requires_python = {json.dumps(made['python'])}")
        print(f'requires = {json.dumps(made["requires"])}\nsource = "setup"')
        print("[build.extras]")
        for extra, lines in extras.items() if isinstance(extras, dict) else ():
            print(f"{json.dumps(extra)} = {json.dumps(lines)}")


if __name__ == "__main__":
    main(sys.argv[1])
