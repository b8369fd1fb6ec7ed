"""The command line: click, one file a command, no logic of its own."""

import sys


def main() -> None:
    """Run compatcheck. Exit status: 0 compatible or unknown, 1 incompatible, 2 wrong usage or input, 3 own failure."""
    from compat.cli.later import postpone_inspect

    postpone_inspect()
    from compat.cli.app import run

    sys.exit(run(sys.argv[1:]))
