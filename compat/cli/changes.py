"""What commands that change something share: refusals, signals, and how a failure is told."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import click

from compat.cli import common
from compat.cli.app import InputError

if TYPE_CHECKING:
    from compat.install.errors import InstallError
    from compat.install.progress import Progress

Result = TypeVar("Result")
AS_IT_WAS = "the environment is as it was"
_STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What is refused before anything happens is wrong input."""
    from compat.install.errors import InstallError

    try:
        yield
    except InstallError as error:
        raise InputError(str(error), error.hint) from None


def run(work: "Callable[[Progress], Result]", then: str = AS_IT_WAS) -> Result:
    """Do the work with a progress display. A failure is told with what it means and how things are ``then``."""
    from compat.install.errors import InstallError, StepFailed
    from compat.install.progress import Progress

    progress = Progress()
    before = {number: signal.signal(number, _interrupt) for number in _STOPS}
    try:
        return work(progress)
    except StepFailed as error:
        progress.end()
        _explain(error, then)
        raise click.exceptions.Exit(1) from None
    except InstallError as error:
        raise InputError(str(error), error.hint) from None
    except OSError as error:
        progress.end()
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}; {then}", err=True)
        raise click.exceptions.Exit(1) from None
    except KeyboardInterrupt:
        progress.end()
        click.echo(f"stopped; {then}", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        progress.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    """The first signal stops the run; what follows would only stop it from putting things back."""
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def _explain(error: "InstallError", then: str) -> None:
    from compat import explain

    output = getattr(error, "output", "")
    if output:
        click.echo("\n".join(output.splitlines()[-20:]), err=True)
    click.echo(f"error: {error}; {then}", err=True)
    for symptom in explain.read(output, common.load_matrix())[:1] if output else ():
        click.echo(f"means: {symptom.says}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
