"""PEP 751, pylock.toml: https://packaging.python.org/en/latest/specifications/pylock-toml/.

Every package once, with the files that fit the one target that was resolved for, which ``requires-python`` and
``environments`` name: an installer elsewhere refuses the file instead of installing something else.
"""

import json
from collections.abc import Iterator

from compat.lock import MADE_BY, File, Locked, NoLock, Package
from compat.lock.wanted import Wanted
from compat.plan.model import Plan


def render(locked: Locked, wanted: Wanted, plan: Plan, matrix_date: str) -> Iterator[str]:
    """The lines of the file. Raises NoLock for a file without a hash."""
    yield 'lock-version = "1.0"'
    if wanted.target.os:
        yield f"environments = [{_text(_environment(wanted))}]"
    if wanted.line:
        yield f"requires-python = {_text(f'=={wanted.line}.*')}"
    yield f"created-by = {_text(MADE_BY)}"
    for package in sorted(locked.packages, key=lambda one: one.name):
        yield ""
        yield from _package(package)
    yield ""
    yield "[tool.compatcheck]"
    yield f"resolver = {_text(locked.resolver)}"
    yield f"matrix = {_text(matrix_date)}"
    yield f"goals = [{', '.join(_text(str(goal)) for goal in plan.goals)}]"


def _environment(wanted: Wanted) -> str:
    system = {"windows": "win32", "macos": "darwin"}.get(wanted.target.os or "", wanted.target.os or "")
    arch = {("windows", "x86_64"): "AMD64", ("windows", "aarch64"): "ARM64"}.get(
        (wanted.target.os or "", wanted.target.arch or ""), wanted.target.arch
    )
    machine = f" and platform_machine == '{arch}'" if arch else ""
    return f"sys_platform == '{system}'{machine}"


def _package(package: Package) -> Iterator[str]:
    yield "[[packages]]"
    yield f"name = {_text(package.name)}"
    if package.version:
        yield f"version = {_text(package.version)}"
    if package.requires_python:
        yield f"requires-python = {_text(package.requires_python)}"
    wheels = [one for one in package.files if one.is_wheel]
    if package.direct and len(package.files) == 1:
        yield f"archive = {_file(package.files[0], package, named=False)}"
    elif wheels:
        yield "wheels = ["
        for one in sorted(wheels, key=lambda file: file.name):
            yield f"    {_file(one, package)},"
        yield "]"
    elif package.files:
        yield f"sdist = {_file(package.files[0], package)}"


def _file(file: File, package: Package, named: bool = True) -> str:
    if not file.hashes:
        raise NoLock(
            f"{package.name} {package.version}: the index gives no hash of {file.name}",
            "lock with --installer pip, which downloads such a file and computes it",
        )
    # The specification asks for the name where the address does not end in it.
    parts = [f"name = {_text(file.name)}"] if named and not file.url.endswith(f"/{file.name}") else []
    local = file.url.startswith("file://")
    parts.append(f"path = {_text(file.url.removeprefix('file://'))}" if local else f"url = {_text(file.url)}")
    if file.size is not None:
        parts.append(f"size = {file.size}")
    parts.append(f"hashes = {{ {', '.join(f'{_key(name)} = {_text(digest)}' for name, digest in file.hashes)} }}")
    return f"{{ {', '.join(parts)} }}"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)


def _text(text: str) -> str:
    """A basic string of TOML: JSON's escapes are a part of TOML's, DEL apart."""
    return json.dumps(text).replace("\x7f", "\\u007f")
