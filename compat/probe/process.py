"""Runs one child process within a time and an output limit; only `host.py` calls this."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping

from compat.probe.host import Completed, Failure

TIME_LIMIT = "time limit"
OUTPUT_LIMIT = "output limit"

_GRACE = 1.0
"""Seconds to wait for a killed child: one that hangs inside a driver call cannot be killed and is left."""


def run(
    words: tuple[str, ...], program: str, environ: Mapping[str, str], timeout: float, limit: int
) -> Completed | Failure:
    """Run `program` with the arguments `words[1:]`; see `Host.run`."""
    try:
        child = subprocess.Popen(
            words,
            executable=program,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Failure(words, f"cannot start: {error}")
    output: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
    deadline = time.monotonic() + timeout
    reason = _collect(child, output, deadline, limit)
    if reason is None:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            reason = TIME_LIMIT
    if reason is not None:
        _stop(child)
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
    if reason is not None:
        return Failure(words, reason)
    out, err = (bytes(data).decode("utf-8", "surrogateescape") for data in output.values())
    return Completed(words, child.returncode, out, err)


def _collect(child: subprocess.Popen[bytes], output: dict[str, bytearray], deadline: float, limit: int) -> str | None:
    """Read both pipes until they end, or the child has ended and they are empty; the limit passed, if any."""
    with selectors.DefaultSelector() as waiting:
        for name, pipe in (("stdout", child.stdout), ("stderr", child.stderr)):
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ, output[name])
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return TIME_LIMIT
            ended = child.poll() is not None
            ready = waiting.select(0 if ended else min(left, 0.2))
            if ended and not ready:
                return None  # a grandchild still holds the pipes
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    waiting.unregister(key.fileobj)
                key.data.extend(data)
            if sum(map(len, output.values())) > limit:
                return OUTPUT_LIMIT
    return None


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole process group, and collect the child."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.returncode = -signal.SIGKILL
