"""The environment that is worked on: found by reading, refused where it belongs to the operating system."""

import os

from compat import versions
from compat.install.errors import InstallError
from compat.machine import Build, Machine
from compat.probe.host import Host
from compat.probe.layers import distributions
from compat.probe.layers.python import Interpreter, describe, find
from compat.records import dataclass, replace

EVERYTHING = ("",)
_SYSTEM_FOLDERS = ("bin", "include", "share", "etc", "man")


@dataclass(frozen=True)
class Target:
    """A Python environment. ``roots`` are the folders below ``prefix`` that installers write to ("" is all of it)."""

    prefix: str
    interpreter: str
    kind: str  # venv, conda, system
    line: str | None
    sites: tuple[str, ...]
    roots: tuple[str, ...]

    @property
    def home(self) -> str:
        """Where the journal and the record of what was are kept: beside the environment, on the same file system."""
        return home_of(self.prefix)

    @property
    def has_pip(self) -> bool:
        return any(os.path.isdir(os.path.join(site, "pip")) for site in self.sites)

    def installed(self) -> dict[str, str | None]:
        """Distribution -> version, as it is on the disk now."""
        found = distributions.find(Host(), self.sites)
        return {name: one.version for name, one in found.winners.items()}


def home_of(prefix: str) -> str:
    """The folder of journal and backup that goes with an environment."""
    return f"{prefix.rstrip('/') or '/root-prefix'}.compatcheck"


def choose(given: str | None) -> Target:
    """The environment at a path, else the active one. Raises InstallError where nothing may be installed there."""
    host = Host()
    found = find(host, given)
    if not isinstance(found, Interpreter) or found.kind == "folder" or found.executable is None:
        raise InstallError(
            f"{given or 'python3'}: no Python environment", "give an environment with --python, or --into DIR"
        )
    return of_interpreter(found)


def of_interpreter(found: Interpreter) -> Target:
    """The target that an interpreter's files describe. Raises InstallError for one that is externally managed."""
    prefix = os.path.realpath(found.prefix)
    sites = tuple(site for site in found.path if os.path.realpath(site).startswith(prefix.rstrip("/") + "/"))
    sites = tuple(site for site in sites if site.endswith(("site-packages", "dist-packages")) and os.path.isdir(site))
    marker = _externally_managed(found, prefix)
    if marker is not None:
        raise InstallError(
            f"{found.executable} belongs to the operating system ({marker})",
            "make an environment of your own: --into DIR",
        )
    if not sites:
        raise InstallError(f"{prefix}: no site-packages of its own", "make an environment of your own: --into DIR")
    roots: tuple[str, ...] = EVERYTHING
    if found.kind == "system":
        relative = [os.path.relpath(os.path.realpath(site), prefix) for site in sites]
        roots = tuple(dict.fromkeys((*relative, *_SYSTEM_FOLDERS)))
    # Where the prefix is reached through a link, the name that was given stays in what is run: venv scripts hold it.
    return Target(prefix, found.executable or "", found.kind, found.line, sites, roots)


def _externally_managed(found: Interpreter, prefix: str) -> str | None:
    """PEP 668: a file in the standard library's folder; a virtual environment is not affected."""
    if found.kind == "venv":
        return None
    for folder in ("lib", "lib64"):
        path = f"{prefix}/{folder}/python{found.line}/EXTERNALLY-MANAGED"
        if os.path.exists(path):
            return path
    return None


def at(prefix: str) -> Target:
    """The environment in a folder that was just made."""
    host = Host()
    found = find(host, prefix)
    if not isinstance(found, Interpreter) or os.path.realpath(found.prefix) != os.path.realpath(prefix):
        raise InstallError(f"{prefix}: the new environment holds no Python")
    return of_interpreter(describe(host, found.prefix, found.executable))


def writable(target: Target) -> None:
    """Raises InstallError where this user cannot write: found out before anything is changed."""
    parent = os.path.dirname(target.prefix)
    for folder in (*target.sites, target.prefix, parent):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InstallError(
                f"{folder}: cannot be written by this user", "make an environment of your own: --into DIR"
            )


def matches(plan_python: str | None, line: str | None) -> bool:
    """Is the environment's Python of the line that the plan is for?"""
    if plan_python is None or line is None:
        return True
    return versions.major_minor(plan_python) == line


def is_this_machine(result: Machine) -> bool:
    """Could the plan be for this machine, as far as its result tells: operating system and architecture?"""
    import platform
    import sys

    system = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform)
    arch = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return result.os in (None, system) and result.arch in (None, arch)


def carried_to(machine: Machine, here: Machine) -> Machine:
    """The machine that a plan describes with the environment that was installed here: an image is built where there is
    no GPU, for a machine that has one. What is not found on this machine's loader path says nothing of that one."""
    builds = {
        name: replace(build, missing=machine.builds.get(name, Build()).missing) for name, build in here.builds.items()
    }
    return replace(
        machine,
        python=here.python or machine.python,
        packages=here.packages,
        builds=builds,
        duplicates=here.duplicates,
        damaged=here.damaged,
        interpreter=here.interpreter,
    )
