"""The command line: click, one file a command, no logic of its own."""

import sys


def main() -> None:
    """Run compatcheck. Exit status: 0 compatible or unknown, 1 incompatible, 2 wrong usage or input, 3 own failure."""
    import gc

    from compat.cli.later import postpone

    gc.set_threshold(100_000, 50, 50)  # what a start makes is kept: to look through it at every turn finds nothing
    postpone()
    from compat.cli.app import run

    status = run(sys.argv[1:])
    gc.freeze()  # the interpreter, ending, need not look through all that was made for cycles: a tenth of `check`
    sys.exit(status)
