"""Run by the target's own interpreter (``python -c``, 3.8 or newer): pip, held between its answer and its work.

pip writes its report (``--report``) after it has resolved and before it changes anything. Whatever it does next with
a file raises an audit event (PEP 578): there it waits for the guard's word on a pipe. ``y`` lets it go on, ``w`` says
that the report is not whole yet, and anything else, or the guard's death, ends it on the spot.

Arguments: the report's path, the two ends of the pipes, then pip's own words.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    first = sys.path.pop(0)  # the working folder, which `python -m pip` does not import from either
    import runpy

    sys.path.insert(0, first)
    report, ask, hear = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if not hasattr(sys, "addaudithook"):
        os.write(ask, b"n")
        os._exit(0)
    state = "resolving"

    def hook(event: str, arguments: tuple) -> None:  # type: ignore[type-arg]
        """Called for every audit event of the process."""
        global state
        if state == "resolving":
            if event == "open" and arguments[0] == report:
                state = "written"
        elif state == "written":
            try:
                os.write(ask, b"?")
                word = os.read(hear, 1)
            except BaseException:
                os._exit(130)
            if word == b"y":
                state = "let go"
            elif word != b"w":
                os._exit(1)

    sys.addaudithook(hook)
    sys.argv[:] = ["pip", *sys.argv[4:]]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
