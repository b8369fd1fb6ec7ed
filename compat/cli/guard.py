"""``compatcheck guard``."""

import click

from compat.cli import common
from compat.cli.app import InputError

_ANY = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": ["--help"]}


class _Installers(click.Group):
    """pip3, python -m pip and their like are commands too; of others the guard says what to do instead."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = super().get_command(ctx, cmd_name)
        return known if known is not None or cmd_name.startswith("-") else _other(cmd_name)


@click.group("guard", cls=_Installers)
def command() -> None:
    """Judge an installation before it happens: pip, uv and apt; a constraints file for this machine."""


def _options(wrapped: "click.decorators.FC") -> "click.decorators.FC":
    for option in reversed(
        (
            click.option(
                "--python",
                "python",
                metavar="PATH",
                help="Interpreter to install for; default: the active environment.",
            ),
            click.option(
                "--machine", metavar="FILE", help="Judge for this described machine (with what is installed here)."
            ),
            click.option("--dry-run", is_flag=True, help="Judge only; install nothing."),
            click.option("--yes-anyway", is_flag=True, help="Say what would break, then install all the same."),
        )
    ):
        wrapped = option(wrapped)
    return wrapped


@command.command("pip", context_settings=_ANY)
@_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def pip(words: tuple[str, ...], **options: object) -> int:
    """Run pip if what it would install breaks nothing. The guard's own options come before pip's verb.

    Exit status: pip's own if it ran; 1 if the installation was stopped; 2 wrong usage.
    """
    return _gate(("pip", *words), **options)


@command.command("uv", context_settings=_ANY)
@_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def uv(words: tuple[str, ...], **options: object) -> int:
    """Run `uv pip install` (or sync) if what it would install breaks nothing. Exit status as of guard pip."""
    return _gate(("uv", *words), **options)


def _other(name: str) -> click.Command:
    """Another installer's name, or another spelling of pip's."""

    @click.command(name, context_settings=_ANY, hidden=True)
    @_options
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def other(words: tuple[str, ...], **options: object) -> int:
        return _gate((name, *words), **options)

    return other


def _gate(
    words: tuple[str, ...],
    python: object = None,
    machine: object = None,
    dry_run: object = False,
    yes_anyway: object = False,
) -> int:
    from compat.guard.command import judge_and_run
    from compat.guard.gate import Gate
    from compat.guard.invocation import BadCommand
    from compat.guard.invocation import read as understand

    try:
        invocation = understand(words, str(python) if python else None)
    except BadCommand as error:
        raise InputError(str(error), error.hint) from None
    described = next(common.load_machines(str(machine)), None) if machine else None
    gate = Gate(invocation, common.load_matrix, described, bool(dry_run))
    return judge_and_run(gate, lambda line: click.echo(line, err=True), bool(yes_anyway))


@command.command("constraints")
@click.option("--machine", metavar="FILE", help="For this described machine instead of this one.")
@click.option(
    "--output", "-o", metavar="FILE", type=click.Path(dir_okay=False), help="Write here instead of standard output."
)
@common.machine_options
def constraints(machine: str | None, output: str | None, root: str, pythons: tuple[str, ...]) -> None:
    """Write a constraints file for this machine: PIP_CONSTRAINT, UV_CONSTRAINT, pip install -c.

    Only what this machine's GPU, driver, Python and C library rule out is in it, each line with its rule and source.
    """
    from compat.guard.constraints import lines

    if machine:
        common.other_machine("--machine", root, pythons)
    described = list(common.load_machines(machine)) if machine else common.read_machines(root, pythons)
    if not described:
        raise InputError("no machine is described", "give a description in JSON, TOML or .jsonl")
    text = "\n".join(lines(described[0], common.load_matrix())) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{output}: {error.strerror or error}", "give a file that can be written") from None


@command.command("apt")
@click.argument("action", type=click.Choice(["install", "remove", "check"]))
@click.option("--root", metavar="DIR", type=click.Path(file_okay=False), default="/", help="Another system's root.")
@click.option("--program", metavar="PATH", help="The compatcheck that apt is to call; default: this one.")
@click.option(
    "--python", "pythons", metavar="PATH", multiple=True, help="An environment to watch over; several allowed."
)
def apt(action: str, root: str, program: str | None, pythons: tuple[str, ...]) -> int:
    """Let apt ask compatcheck before it unpacks anything (DPkg::Pre-Install-Pkgs).

    install and remove write and delete one file below /etc/apt/apt.conf.d. check is what apt calls: it reads the
    transaction from standard input and stops it (exit status 10) where it would split the driver from its kernel module
    or take libraries away from an installed framework. If compatcheck itself fails, the transaction goes on and the log
    says so.
    """
    from compat.guard.apt import hook

    if action == "check":
        return hook.check(root, pythons)
    try:
        for line in hook.install(root, program, pythons) if action == "install" else hook.remove(root):
            click.echo(line)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror or error}", "run it as root") from None
    except ValueError as error:
        raise InputError(
            str(error), "link the program or environment to a path of letters, digits and /._+~-"
        ) from None
    return 0
