"""The command line: click, one file a command, no logic of its own."""

import os
import sys


def main() -> None:
    """Run compatcheck. Exit status: 0 compatible or unknown, 1 incompatible, 2 wrong usage or input, 3 own failure."""
    import gc

    gc.set_threshold(100_000, 50, 50)  # what a start makes is kept: to look through it at every turn finds nothing
    if sys.argv[1:2] == ["guard"]:
        from compat.guard import command

        done = command.run(sys.argv[2:])
        if done is not None:
            sys.stderr.flush()
            os._exit(done)  # the installer has ended: nobody waits for the interpreter to take itself apart
    from compat.cli.later import import_click

    import_click()
    from compat.cli.app import run

    status = run(sys.argv[1:])
    gc.freeze()  # the interpreter, ending, need not look through all that was made for cycles: a tenth of `check`
    sys.exit(status)
