"""``compatcheck facts``."""

import json

import click

from compat.cli import common


@click.command("facts")
@click.option("--sources", is_flag=True, help="Add where each value was read.")
@click.option("--redact", is_flag=True, help="Leave out what names the user, the computer or a single device.")
@common.machine_options
def command(sources: bool, redact: bool, root: str, pythons: tuple[str, ...]) -> None:
    """Write the description of this machine as JSON.

    Only files, sysfs, procfs and NVML are read; nothing of the inspected environment is imported or run. With several
    --python one description a line is written.
    """
    from compat.description import to_dict

    machines = common.read_machines(root, pythons, redact)
    for machine in machines:
        click.echo(json.dumps(to_dict(machine, sources), ensure_ascii=False, indent=2 if len(machines) == 1 else None))
