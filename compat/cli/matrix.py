"""``compatcheck matrix``."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from compat.cli import common
from compat.cli.app import Commands, InputError

if TYPE_CHECKING:
    from compat.matrix.claims import Subject

FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group("matrix", cls=Commands)
def command() -> None:
    """Look into the compatibility matrix: what it holds, and which source says so."""


def _write(form: str, data: Any, lines: Iterable[str]) -> None:
    """The data as JSON or the lines as text."""
    if form == "json":
        json.dump(data, sys.stdout, ensure_ascii=False, indent=1)
        click.echo()
        return
    for line in lines:
        click.echo(line)


def _collect() -> "dict[tuple[str, str, tuple[str, ...]], Subject]":
    from compat.compiled import data_folder, overlay_folder
    from compat.matrix.claims import collect
    from compat.matrix.overlay import sound_files

    data = data_folder()
    return collect(data, sound_files(overlay_folder(), data))


def _find(text: str) -> "list[Subject]":
    """The subjects that an argument such as ``torch==2.11.0`` means."""
    from compat.matrix.claims import matching

    name, equals, version = (part.strip() for part in text.partition("=="))
    if not name or (equals and not version):
        raise InputError(
            f"not a subject: {text!r}", "write NAME or NAME==VERSION, such as torch==2.11.0, cuda==12.4, 'NVIDIA L4'"
        )
    subjects = _collect()
    found = list(matching(subjects, name, version or None))
    if found:
        return found
    if equals and (known := list(matching(subjects, name))):
        raise InputError(f"the matrix knows no {name} {version}", _last_known(known))
    from difflib import get_close_matches

    near = get_close_matches(name, sorted({subject.owner for subject in subjects.values()}), 1, 0.6)
    raise InputError(
        f"the matrix knows nothing of {name!r}",
        f"did you mean {near[0]}?" if near else "`compatcheck matrix list` shows what it knows",
    )


def _last_known(subjects: "list[Subject]") -> str:
    from compat import versions

    parsed = {
        version: versions.parse(version)
        for subject in subjects
        if (version := subject.version) and versions.try_parse(version)
    }
    last = sorted(parsed, key=lambda text: parsed[text].key())[-5:]
    return f"the newest it knows: {', '.join(last)}" if last else "`compatcheck matrix list` shows what it knows"


@command.command("status")
@FORMAT
def status_command(form: str) -> None:
    """Version, date, what is in it, and whether it is old."""
    from compat.matrix import pages
    from compat.matrix.status import status

    told = status(common.load_matrix())
    _write(form, told, pages.status(told))


@command.command("list")
@click.argument("component", required=False)
@FORMAT
def list_command(component: str | None, form: str) -> None:
    """The components, or the releases and builds of one."""
    from compat.matrix import pages
    from compat.matrix.export import described

    if component is None:
        from compat.matrix.status import components

        told = components(common.load_matrix())
        _write(form, told, pages.components(told))
        return
    found = _find(component)
    _write(
        form,
        [
            {name: value for name, value in described(subject).items() if name in ("component", "key")}
            for subject in found
        ],
        pages.versions_of(found),
    )


@command.command("show")
@click.argument("subject")
@FORMAT
def show_command(subject: str, form: str) -> None:
    """Everything known of SUBJECT, such as torch==2.11.0, cuda==12.4, driver==580 or 'NVIDIA L4'."""
    from compat.matrix import pages
    from compat.matrix.export import described

    found = _find(subject)
    _write(form, [described(one) for one in found], pages.show(found))


@command.command("why")
@click.argument("subject")
@click.argument("field", required=False)
@FORMAT
def why_command(subject: str, field: str | None, form: str) -> None:
    """The claims behind a statement, with source, level and date: why torch==2.11.0 cuda."""
    from compat.matrix import pages
    from compat.matrix.export import as_source, described

    found = _find(subject)
    known = sorted({name for one in found for name in one.fields})
    if field is not None and not any(name == field or name.startswith(f"{field}_") for name in known):
        raise InputError(f"the matrix says nothing of {field!r} for {subject}", f"it says: {', '.join(known)}")
    sources = {source.id: as_source(source) for one in found for said in one.statements for source in said.sources}
    _write(
        form,
        {"field": field, "sources": sources, "subjects": [described(one) for one in found]},
        pages.why(found, field),
    )


@command.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@FORMAT
def diff_command(old: str, new: str | None, form: str) -> None:
    """What changed from OLD to NEW: matrix folders or git revisions; NEW is by default this installation's matrix."""
    from compat import toml
    from compat.compiled import data_folder
    from compat.matrix import pages
    from compat.matrix.claims import collect
    from compat.matrix.diff import NoSuchState, diff, folder_of

    data = data_folder()
    try:
        with folder_of(old, data) as one, folder_of(new or data, data) as two:
            changes = list(diff(collect(one), collect(two)))
    except NoSuchState as error:
        raise InputError(str(error), "give a folder with schema.toml in it, or a revision such as HEAD~10") from None
    except (OSError, toml.TOMLDecodeError, KeyError, ValueError) as error:
        raise InputError(
            f"one of the two cannot be read: {error}", "`compatcheck matrix validate --folder` says what is wrong"
        ) from None
    told = [
        {
            "change": change.kind,
            "table": change.subject.table,
            "component": change.subject.owner,
            "key": dict(change.subject.key),
            "fields": {name: [was, now] for name, was, now in change.fields},
        }
        for change in changes
    ]
    _write(form, told, pages.diff(changes))


@command.command("export")
@click.option("--format", "form", type=click.Choice(["json"]), default="json", show_default=True)
def export_command(form: str) -> None:
    """The whole matrix as one JSON document: every subject with its values and all claims (docs/matrix-export.md)."""
    from compat.matrix.export import export

    json.dump(export(common.load_matrix(), _collect().values()), sys.stdout, ensure_ascii=False, separators=(",", ":"))
    click.echo()


@command.command("validate")
@click.option("--folder", metavar="DIR", type=click.Path(), help="Matrix folder; default: this installation's.")
@click.option("--fix", "do_fix", is_flag=True, help="Write the canonical form first.")
def validate_command(folder: str | None, do_fix: bool) -> int:
    """Hold every file against the schema and against each other. Exit status 1 where something is wrong."""
    import os

    from compat.compiled import data_folder
    from compat.matrix.validate import check_folder, fix

    place = folder or data_folder()
    if not os.path.isfile(os.path.join(place, "schema.toml")):
        raise InputError(f"{place}: no matrix folder", "it has to hold schema.toml")
    for path in fix(place) if do_fix else ():
        click.echo(f"{os.path.relpath(path)}: written in canonical form", err=True)
    problems = check_folder(place)
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{len(problems)} problem{'s' * (len(problems) > 1)}" if problems else "the matrix is sound", err=True)
    return 1 if problems else 0


@command.command("update")
@click.argument("packages", nargs=-1)
def update_command(packages: tuple[str, ...]) -> int:
    """Look for newer releases on the package index that pip is configured with, and keep them as an overlay.

    The overlay lies in the user's data folder and only adds builds; what was reviewed is never touched. Exit status 1
    where the index cannot be reached: nothing is lost then.
    """
    from compat.compiled import data_folder, overlay_folder, shipped_folder
    from compat.matrix import Matrix, age
    from compat.matrix.index.client import Index, cache_folder
    from compat.matrix.packages import normal
    from compat.matrix.update import Unreachable, update
    from compat.matrix.update import packages as known

    shipped = Matrix(folder=shipped_folder(data_folder()))
    wanted = [normal(name) for name in packages]
    if unknown := sorted(set(wanted) - set(known(shipped))):
        raise InputError(
            f"the matrix has no builds of {', '.join(unknown)}", "`compatcheck matrix list` shows what it knows"
        )
    status, found, folder = 0, 0, overlay_folder()
    index = Index(cache=cache_folder("update"), refresh=True, tries=2)
    try:
        for number, outcome in enumerate(update(shipped, index, folder, age.today(), wanted), 1):
            if sys.stderr.isatty():
                click.echo(f"\r{number} packages asked, the last {outcome.package:30}\r", nl=False, err=True)
            if outcome.failed:
                status = 1
                click.echo(f"warning: {outcome.package}: {outcome.failed}", err=True)
            elif outcome.newer:
                found += len(outcome.newer)
                click.echo(f"{outcome.package}: {', '.join(outcome.newer)} (newest known {outcome.known})")
    except Unreachable as error:
        click.echo(f"warning: the package index cannot be reached ({error}); the matrix stays as it is", err=True)
        return 1
    except OSError as error:
        raise InputError(
            f"{folder}: {error.strerror or error}", "the overlay needs a folder that can be written"
        ) from None
    click.echo(f"{found} newer releases" if found else "nothing newer on the index", err=True)
    return status
