"""Asks NVML, in a child process with a time limit: a driver in trouble can hang the process that asks it."""

from __future__ import annotations

import json
import re
import sys
from importlib.machinery import PathFinder
from typing import Any

from compat.machine import Gpu
from compat.probe.host import Failure, Host, Unreadable
from compat.records import dataclass

TIMEOUT = 8.0
"""Seconds. A healthy driver answers in well under one, one that has to start eight GPUs in a few."""

_CHILD = "nvml_child.py"


@dataclass(frozen=True, slots=True)
class Answer:
    """What NVML said; `errors` maps a call that failed to the reason."""

    driver: str | None = None
    cuda: str | None = None
    gpus: tuple[Gpu, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


def ask(host: Host, timeout: float = TIMEOUT, child: str | None = None) -> Answer:
    """NVML's answer; empty, with the reason in `errors` and in ``host.trouble``, where there is none.

    `child` is the program that asks, for tests; it prints one JSON object.
    """
    spec = PathFinder.find_spec("pynvml")
    origin = spec.origin if spec and spec.origin else ""
    program = child or f"{__file__.replace(chr(92), '/').rpartition('/')[0]}/{_CHILD}"
    done = host.run([sys.executable, "-I", program, origin], timeout)
    if isinstance(done, Failure):
        return _failed(host, done.reason)
    try:
        answer = _answer(json.loads(done.stdout))
    except (ValueError, TypeError, KeyError, AttributeError):
        last = done.stderr.strip().splitlines()[-1:]
        return _failed(host, f"exit status {done.status}" + "".join(f": {line}" for line in last))
    host.trouble.extend(Unreadable(f"NVML {call}", reason) for call, reason in answer.errors)
    return answer


def _failed(host: Host, reason: str) -> Answer:
    host.trouble.append(Unreadable("NVML", reason))
    return Answer(errors=(("child", reason),))


def _answer(told: dict[str, Any]) -> Answer:
    """Checks the child's words: its library may be of any age."""
    cuda, driver = told.get("cuda"), _string(told.get("driver"))
    gpus = tuple(
        Gpu(
            name=_string(entry.get("name")),
            compute_capability=_capability(entry.get("compute_capability")),
            mig=False if entry.get("mig") is False else _string(entry.get("mig")),
            pci_id=_string(entry.get("pci_id")),
        )
        for entry in told.get("gpus", ())
    )
    return Answer(
        driver=driver if driver and re.fullmatch(r"\d+(?:\.\d+)+", driver) else None,
        # nvmlSystemGetCudaDriverVersion: major * 1000 + minor * 10 (nvml.h)
        cuda=f"{cuda // 1000}.{cuda % 1000 // 10}" if isinstance(cuda, int) and cuda >= 1000 else None,
        gpus=gpus,
        errors=tuple((str(call), str(reason)) for call, reason in told.get("errors", {}).items()),
    )


def _capability(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"\d+\.\d", value) else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
