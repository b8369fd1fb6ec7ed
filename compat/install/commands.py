"""The argument list that carries an action out in the chosen environment."""

import os
import shutil
import sys

from compat.install.errors import InstallError
from compat.install.target import Target
from compat.install.templates import (
    Action,
    Conda,
    Create,
    Fetch,
    Install,
    Start,
    System,
    Uninstall,
    Workspace,
)
from compat.plan.commands import python as installers

_PIP = ("-I", "-m", "pip", "--disable-pip-version-check", "--no-input")


def pick_installer(target: Target, wanted: str, action: Action) -> str:
    """conda for its own packages; for others pip where the environment has it, else uv. Raises InstallError."""
    if isinstance(action, Conda):
        return "conda"
    if wanted != "auto":
        return wanted
    if target.has_pip:
        return "pip"
    if shutil.which("uv"):
        return "uv"
    raise InstallError(
        f"{target.prefix}: has no pip, and uv is not on PATH", f"add pip to it: {target.interpreter} -m ensurepip"
    )


def argv_of(action: Action, target: Target, installer: str, wheels: str | None) -> tuple[str, ...]:
    """The command for one action. ``wheels`` is a folder of wheels, used instead of any index."""
    if isinstance(action, Conda):
        parts = (f"{name}={text}" for name, text in action.parts)
        beside = ("--channel", action.channel) if action.channel else ()
        return (conda(), "install", "--yes", "--prefix", target.prefix, "--channel", "conda-forge", *beside, *parts)
    if isinstance(action, System | Create | Start | Workspace):
        raise InstallError("this step does not work on packages of the environment")
    uv = installer == "uv"
    if isinstance(action, Uninstall):
        return (
            (*_uv("uninstall", target), *action.names)
            if uv
            else (target.interpreter, *_PIP, "uninstall", "--yes", *action.names)
        )
    wanted = (action.url,) if isinstance(action, Fetch) else action.requirements
    if wheels is not None and isinstance(action, Fetch):
        wanted = (os.path.join(wheels, action.url.rpartition("/")[2]),)
    options = _sources(action, uv, wheels)
    if uv:
        return (*_uv("install", target), *wanted, *options)
    return (
        target.interpreter,
        *_PIP,
        *(("--isolated",) if wheels else ()),
        "install",
        "--progress-bar",
        "off",
        *wanted,
        *options,
    )


def _uv(verb: str, target: Target) -> tuple[str, ...]:
    return ("uv", "pip", verb, "--python", target.interpreter)


def _sources(action: Install | Fetch, uv: bool, wheels: str | None) -> tuple[str, ...]:
    if wheels is not None:
        return ("--no-index", "--find-links", wheels)
    if isinstance(action, Fetch):
        return ()
    if action.compiled:
        return ("--no-build-isolation",)
    return installers.places(action.index, action.extra, uv)


def create(line: str | None, base: str | None, folder: str, installer: str) -> tuple[str, ...]:
    """The command that makes a new environment with a Python line (None: the one that is there).

    The first of these that can: the interpreter at hand, a ``pythonX.Y`` on PATH, uv, conda. Raises InstallError.
    """
    if installer == "uv" and shutil.which("uv"):
        return ("uv", "venv", *(("--python", line) if line else ()), "--seed", folder)
    if installer == "conda":
        return (conda(), "create", "--yes", "--prefix", folder, f"python={line}" if line else "python", "pip")
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = base if base and line is None else sys.executable if line in (None, own) else shutil.which(f"python{line}")
    if python:
        return (python, "-I", "-m", "venv", folder)
    if shutil.which("uv"):
        return ("uv", "venv", "--python", str(line), "--seed", folder)
    if shutil.which("conda"):
        return (conda(), "create", "--yes", "--prefix", folder, f"python={line}", "pip")
    raise InstallError(
        f"no Python {line} is there, and neither uv nor conda that could fetch it", f"install python{line}, or uv"
    )


def conda() -> str:
    """conda's own program; an activated shell names it. Raises InstallError."""
    found = os.environ.get("CONDA_EXE") or shutil.which("conda")
    if not found or not os.path.isabs(found) or not os.access(found, os.X_OK):
        raise InstallError("conda is not on PATH", "activate the conda environment, or choose another installer")
    return found
