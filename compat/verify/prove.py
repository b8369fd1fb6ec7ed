"""Runs the child for each goal and says what that proves.

This is the only place where something of the target environment is run, and only by ``compatcheck verify``.
"""

import json
import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from compat.goals import Goal
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.probe.host import Completed, Failure, Host
from compat.records import dataclass
from compat.verify.child.main import MODULES

if TYPE_CHECKING:
    from compat.matrix import Matrix

Verdict = Literal["verified", "failed", "absent", "stopped", "cpu", "unproven"]
CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child", "main.py")
_LIMIT = 4 << 20  # bytes of the child's output
_ON_EITHER = ("run:onnx",)  # goals that are reached on the CPU too
# What is not proven by execution, why, and which goals prove the parts that it stands on.
_UNPROVEN = {
    "use:torch-tensorrt": "it compiles a model of its own making; use:torch and use:tensorrt prove its two halves",
    "use:tf-trt": "it needs a saved model; use:tensorflow and use:tensorrt prove its two halves",
    "use:vllm": "it needs a model's weights, which verify does not fetch; use:torch proves what it computes with",
    "use:tritonserver": "it is a server with models of its own; use:tensorrt and use:onnxruntime-cuda prove backends",
    "run:engine": "an engine is judged from its bytes: compatcheck engine FILE",
}


@dataclass(frozen=True)
class Proof:
    """What running one goal's computation gave. ``text`` is what the library said where it failed."""

    goal: Goal
    verdict: Verdict
    message: str
    data: Mapping[str, Any]
    text: str = ""


def goals_of(machine: Machine, matrix: "Matrix") -> tuple[Goal, ...]:
    """Goals with a computation, of what is installed; the driver alone where nothing is."""
    from compat.suggest import goals_of as suggested

    found = [goal for goal in suggested(machine, matrix) if str(goal) in MODULES]
    here = {normal(name) for name, version in (machine.packages or {}).items() if version is not False}
    if here & {"onnxruntime", "onnxruntime-gpu"}:
        found.append(Goal("run", "onnx"))
    if "onnxruntime-gpu" in here and any(name.startswith("tensorrt") for name in here):
        found.append(Goal("use", "onnxruntime-tensorrt"))
    return tuple(dict.fromkeys((Goal("use", "gpu"), *found)))


def prove(goal: Goal, interpreter: str, timeout: float, cpu: bool = False, host: Host | None = None) -> Proof:
    """Run one goal's computation with the target's interpreter, for at most ``timeout`` seconds."""
    if str(goal) not in MODULES:
        why = _UNPROVEN.get(str(goal)) or f"there are computations for {', '.join(MODULES)}"
        return Proof(goal, "unproven", f"{goal} is not provable by execution here: {why}", {})
    options = json.dumps({"goal": str(goal), "cpu": cpu})
    ended = (host or Host()).run((interpreter, "-I", CHILD, options), timeout, _LIMIT)
    if isinstance(ended, Failure):
        late = "time limit" in ended.reason
        said = f"stopped after {timeout:g} s" if late else f"could not be run: {ended.reason}"
        return Proof(goal, "stopped" if late else "failed", said, {})
    return _read(goal, ended)


def _read(goal: Goal, ended: Completed) -> Proof:
    """The child's answer, or how it ended without one."""
    try:
        data = json.loads(ended.stdout)
        if not isinstance(data, dict):
            raise ValueError
    except ValueError:
        return Proof(goal, "failed", f"the child ended without an answer ({_ending(ended.status)})", {}, ended.stderr)
    state = data.pop("state", "failed")
    if state == "absent":
        return Proof(goal, "absent", str(data.get("error")), data)
    if state != "computed":
        trace, error = str(data.pop("trace", "")), str(data.get("error", ""))
        text = "\n".join((ended.stderr, trace, "" if error in trace else error))
        return Proof(goal, "failed", str(data.get("error")), data, text)
    if data.get("on") != "gpu" and str(goal) not in _ON_EITHER:
        return Proof(goal, "cpu", "computed on the CPU, nothing verified", data)
    return Proof(goal, "verified", _summary(data), data)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def _summary(data: Mapping[str, Any]) -> str:
    """``torch 2.11.0 on NVIDIA H200: matrix product and convolution in fp32, tf32``."""
    computations = data.get("computations", [])
    devices = ", ".join(dict.fromkeys(str(one["device"]) for one in computations))
    names = " and ".join(dict.fromkeys(str(one["name"]) for one in computations))
    precisions = ", ".join(dict.fromkeys(str(one["precision"]) for one in computations))
    return f"{data.get('library')} {data.get('version')} on {devices}: {names} in {precisions}"
