"""The package managers, an entry each: what is typed for each thing that a plan asks of one.

A new manager is one more entry in ``MANAGERS``: `plan --installer` offers it, plans show its commands, and a plan file
with them is read back by the same texts. Where a kind has several templates, the first that can say what is to be done
is taken; a kind without any is one that the manager has no command for.

uv stops at the first index that has a package at all, pip compares all of them: uv is told to do as pip. micromamba
takes mamba's words (https://github.com/mamba-org/mamba, docs/source/user_guide, 2026-07-24). pixi keeps a workspace in
the folder; its solver takes for granted what the workspace says of the platform and not what the machine has, so CUDA
is declared there (``__cuda``, as conda reads it off the driver): https://github.com/prefix-dev/pixi,
docs/workspace/system_requirements.md and docs/reference/cli of 0.77 (2026-08-18).
"""

from compat.plan.commands import template
from compat.plan.model import Command
from compat.records import dataclass

CHANNEL = "conda-forge"
PIP_PLACES = "[--index-url {index}] [--extra-index-url {extra}] [--find-links {page}]"
UV_PLACES = "[--index-url {index}] [--extra-index-url {extra} --index-strategy unsafe-best-match] [--find-links {page}]"
_WHERE = {"index", "extra", "page", "channel"}  # a command that has no place for one of these would look elsewhere


@dataclass(frozen=True)
class Manager:
    """A program's templates (template.py) by what they do. Places: ``python`` (the interpreter that a command is for),
    ``line`` (3.12), ``py`` (the same on Windows), ``folder`` (of the environment; none: the active one)."""

    name: str
    # Of pip's indexes:
    install: tuple[str, ...] = ()  # requirements; index (alone), extra (an index beside it), page (of links)
    compile: tuple[str, ...] = ()  # requirements, built beside what is installed
    fetch: tuple[str, ...] = ()  # one wheel, address
    uninstall: tuple[str, ...] = ()  # names
    create: tuple[str, ...] = ()  # an environment
    # Of conda-forge:
    forge_install: tuple[str, ...] = ()  # parts (pytorch=2.6.0=cuda126*); channel (one beside it)
    forge_remove: tuple[str, ...] = ()  # names
    forge_create: tuple[str, ...] = ()  # an environment; platform (linux-64), cuda (the driver's major)
    # An environment of this kind (docs/machine.md, environment) is this manager's: its commands are shown unasked.
    keeps: bool = False
    # It puts back what its manifest does not say: it serves in workspaces of its own only, and there no other does.
    workspace: bool = False

    def commands(self, kind: str, values: template.Values) -> tuple[Command, ...]:
        """The commands of one kind; none where it has none that says all of it."""
        said = _WHERE & values.keys()
        for text in getattr(self, kind):
            lines = [template.fill(line, values) for line in text.split(" && ")]
            if said <= template.places(text) and all(line is not None for line in lines):
                return tuple(Command(self.name, line) for line in lines if line is not None)
        return ()


KINDS = ("install", "compile", "fetch", "uninstall", "create", "forge_install", "forge_remove", "forge_create")


def _conda(program: str) -> Manager:
    create = (f"{program} create --yes --prefix ./{{folder}} --channel {CHANNEL} python={{line}} pip",)
    return Manager(
        program,
        create=create,
        forge_install=(
            f"{program} install --yes [--prefix ./{{folder}}] --channel {CHANNEL} [--channel {{channel}}] {{parts}}",
        ),
        forge_remove=(f"{program} remove --yes {{names}}",),
        forge_create=create,
    )


MANAGERS = (
    Manager(
        "pip",
        install=(f"{{python}} -m pip install {{requirements}} {PIP_PLACES}",),
        compile=("{python} -m pip install --no-build-isolation {requirements}",),
        fetch=("{python} -m pip install {address}",),
        uninstall=("{python} -m pip uninstall --yes {names}",),
        create=("py -{py} -m venv {folder}", "python{line} -m venv {folder}", "{python} -m venv {folder}"),
    ),
    Manager(
        "uv",
        install=(f"uv pip install --python {{python}} {{requirements}} {UV_PLACES}",),
        compile=("uv pip install --python {python} --no-build-isolation {requirements}",),
        fetch=("uv pip install --python {python} {address}",),
        uninstall=("uv pip uninstall --python {python} {names}",),
        create=("uv venv --python {line} --seed {folder}", "uv venv {folder}"),
        keeps=True,
    ),
    _conda("conda"),
    _conda("mamba"),
    Manager(
        "pixi",
        install=("pixi add --pypi {requirements} [--index {index}]",),
        uninstall=("pixi remove --pypi {names}",),
        forge_install=("pixi add --manifest-path {folder} {parts}",),
        forge_remove=("pixi remove {names}",),
        forge_create=(
            f"pixi init --channel {CHANNEL} --platform {{platform}} {{folder}}"
            " && pixi workspace --manifest-path {folder} platform edit {platform} --cuda {cuda} --no-install"
            " && pixi add --manifest-path {folder} python={line}",
        ),
        keeps=True,
        workspace=True,
    ),
)
BY_NAME = {one.name: one for one in MANAGERS}
OF_FORGE = tuple(one.name for one in MANAGERS if one.forge_install)
