"""JAX releases that were published as source archives only: what setup.py of their tags requires, read from a clone.

    python -m scripts.harvest.jax_setup GIT_DIRECTORY

prints the sources and the `[[build]]` rows of `matrix/jax.toml`. Nothing of setup.py is run: its lists and f-strings
are read out of the syntax tree. Taken are releases whose extras draw CUDA as packages (`cuda11_pip`, `cuda12_pip`).
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys

from packaging.version import Version

EXTRAS = ("cuda11_pip", "cuda12_pip", "minimum-jaxlib")
LAST = Version("0.4.15")
"""Wheels of jax itself begin with the next release."""


def git(directory: str, *words: str) -> str:
    """What git says."""
    return subprocess.run(("git", "--git-dir", directory, *words), capture_output=True, text=True, check=True).stdout


def assigned(tree: ast.Module, known: dict[str, str]) -> dict[str, str]:
    """The texts that module-level names stand for."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = value(node.value, known)
            if text is not None:
                known[node.targets[0].id] = text
    return known


def value(node: ast.expr, known: dict[str, str]) -> str | None:
    """A text that is written out, with the names in it that are known."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
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
    extras: dict[str, list[str]] = {}
    table = said["extras_require"]
    for key, lines in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
        name = value(key, known) if key is not None else None
        if name in EXTRAS and isinstance(lines, ast.List):
            extras[name] = [f"{text} ; extra == '{name}'" for one in lines.elts if (text := value(one, known))]
    required = said["install_requires"]
    requires = [text for one in required.elts if (text := value(one, known))] if isinstance(required, ast.List) else []
    named = said["classifiers"]
    classifiers = [value(one, known) or "" for one in named.elts] if isinstance(named, ast.List) else []
    lines = [text.rpartition(" ")[2] for text in classifiers if "Python :: 3." in text]
    return {"python": value(said["python_requires"], known), "pythons": lines, "requires": requires, "extras": extras}


def main(directory: str) -> None:
    """Print the rows."""
    tags = git(directory, "tag", "--list", "jax-v0.4.*").split()
    found = sorted((Version(tag[5:]), tag) for tag in tags if "-rc" not in tag)
    for version, tag in found:
        if version > LAST:
            break
        made = arguments(git(directory, "show", f"{tag}:setup.py"), git(directory, "show", f"{tag}:jax/version.py"))
        extras = made["extras"]
        if not isinstance(extras, dict) or "cuda11_pip" not in extras:
            continue
        name, day = f"setup-{str(version).replace('.', '-')}", git(directory, "log", "-1", "--format=%cs", tag).strip()
        print(f'\n[source.{name}]\ntitle = "JAX {version}: setup.py and jax/version.py of its tag"')
        print(f'where = "https://github.com/jax-ml/jax/blob/{tag}/setup.py"\ndate = {day}\nlevel = "declared"')
        print(f'\n[[build]]\npackage = "jax"\nversion = "{version}"\nos = "any"\narch = "any"')
        print('index = "pypi"\nvariant = ""')
        print(f"python = {json.dumps(made['pythons'])}\nrequires_python = {json.dumps(made['python'])}")
        print(f'requires = {json.dumps(made["requires"])}\nsource = "{name}"')
        print("[build.extras]")
        for extra, lines in extras.items():
            print(f"{json.dumps(extra)} = {json.dumps(lines)}")


if __name__ == "__main__":
    main(sys.argv[1])
