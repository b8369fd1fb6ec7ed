"""The command group: finds each command's module when it is asked for, and turns failures into exit statuses."""

import os
import sys

import click

from compat import __version__

# Command -> (module, one-line help). The help of the group is shown without importing any command.
COMMANDS: dict[str, tuple[str, str]] = {
    "doctor": ("compat.cli.doctor", "Read this machine and judge every goal that it suggests."),
    "check": ("compat.cli.check", "Judge a described machine (or this one) for a goal."),
    "facts": ("compat.cli.facts", "Write the description of this machine."),
    "plan": ("compat.cli.plan", "The least change that makes a request work."),
    "model": ("compat.cli.model", "What a model file is, and which TensorRT and ONNX Runtime releases take it."),
    "convert": ("compat.cli.convert", "The steps from a model to a TensorRT engine here, and the build itself."),
    "engine": ("compat.cli.engine", "What a TensorRT engine file is, and whether it loads here."),
    "guard": ("compat.cli.guard", "Judge an installation before it happens: pip, uv, apt, constraints."),
    "install": ("compat.cli.install", "Carry a plan out, with a record and a way back."),
    "rollback": ("compat.cli.rollback", "Put an environment back as it was before the last install."),
    "bundle": ("compat.cli.bundle", "Download what a plan installs, for a machine without a network."),
    "verify": ("compat.cli.verify", "Prove by running it that a goal works here."),
    "explain": ("compat.cli.explain", "Explain a finding, or an error text."),
    "matrix": ("compat.cli.matrix", "Look into the compatibility matrix."),
}


class Commands(click.Group):
    """A group that names the command that a mistyped one is near to, and hears every word that a command is given."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            said = error.format_message()
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            if near and near[0] not in said:  # click says so itself of late, but knows no command that is not imported
                said += f" Did you mean {near[0]!r}?"
            raise click.UsageError(said, ctx) from None
        if command is not None:
            _refuse_twice(click.Context(command, ctx, name), rest)
        return name, command, rest


def _refuse_twice(ctx: click.Context, words: list[str]) -> None:
    """click takes the last value of an option that is given twice; the first would go unheard."""
    given = [word.partition("=")[0] for word in words[: words.index("--") if "--" in words else None]]
    if len(given) == len(set(given)):
        return
    for one in ctx.command.params:
        single = isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count)
        if single and sum(map(given.count, one.opts)) > 1:
            ctx.fail(f"Option {one.opts[0]!r} is given twice, and takes one value.")


class Group(Commands):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="compatcheck", message="%(prog)s %(version)s")
def app() -> None:
    """Says whether driver, CUDA, cuDNN, TensorRT and the frameworks on this NVIDIA machine fit together, why not, and
    how to fix it, before a model is converted. Nothing is imported, run or changed unless a command is asked to.

    Exit status: 0 compatible, unknown, or planned; 1 incompatible, or no plan; 2 wrong usage or unreadable input;
    3 compatcheck itself failed.
    """


class InputError(Exception):
    """Wrong input: what is wrong, and a hint; exit status 2."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit status."""
    try:
        # click takes colours out where standard output is no terminal, unless it is told that they are wanted.
        forced = True if os.environ.get("FORCE_COLOR") else None
        result = app.main(arguments, prog_name="compatcheck", standalone_mode=False, color=forced)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # so click asks since 8.2; its text is the help
            print(error.format_message(), file=sys.stderr)
            return 2
        return _complain(" ".join(error.format_message().split()), _usage_hint(error))
    except click.Abort:
        return _complain("stopped", "", 130)
    except InputError as error:
        return _complain(str(error), error.hint)
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as stop:
        if "PacifyFlushWrapper" in type(sys.stdout).__name__:  # so click says that the reader has gone away
            return _reader_gone()
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 3
    except Exception as error:
        if os.environ.get("COMPATCHECK_DEBUG"):
            raise
        return _complain(
            f"compatcheck itself failed: {type(error).__name__}: {error}",
            "please report it; COMPATCHECK_DEBUG=1 shows where",
            3,
        )


def _reader_gone() -> int:
    """What a program returns that SIGPIPE ended; nothing more is written, also not when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context is not None else 'compatcheck'} --help shows the options"


def plain(text: str) -> str:
    """The text as it may be shown: what a file, its name or an argument holds does not steer the terminal."""
    return text if text.isprintable() else "".join(map(_character, text))


def _character(one: str) -> str:
    return one if one.isprintable() or one == "\n" else f"\\x{ord(one):02x}"


def _complain(message: str, hint: str, status: int = 2) -> int:
    print(f"error: {plain(message)}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return status
