"""Runs compatcheck and kills it at the n-th journal entry: ``killed.py N before|torn|after ARGUMENTS``."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from compat.install.journal import Journal


def main() -> None:
    wanted, moment = int(sys.argv[1]), sys.argv[2]
    write = Journal.write
    count = 0

    def counted(self: Journal, entry: str, **said: Any) -> None:
        nonlocal count
        count += 1
        if count == wanted and moment == "torn":
            with open(self.path, "ab") as file:
                file.write(b'{"entry": "' + entry.encode()[:3])
        if count == wanted and moment != "after":
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, entry, **said)
        if count == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.write = counted  # type: ignore[method-assign]
    from compat.cli.app import run

    sys.exit(run(sys.argv[3:]))


if __name__ == "__main__":
    main()
