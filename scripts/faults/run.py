"""One situation: the fault is made, the programs run in it, doctor is asked, and both answers are compared."""

import json
import os
import subprocess
import sys
from typing import Any

from scripts.faults.place import Place
from scripts.faults.situations import Fault

Result = dict[str, Any]  # name, real, said, expect; or what failed

PROGRAMS = {
    "use:gpu": "import ctypes\nl=ctypes.CDLL('libcuda.so.1')\nr=l.cuInit(0)\nn=ctypes.c_int(0)\n"
    "l.cuDeviceGetCount(ctypes.byref(n))\nassert r==0 and n.value>0, f'cuInit {r}, {n.value} devices'",
    "use:torch": "import torch\nassert torch.backends.cudnn.version()\nx=torch.randn(2,3,32,32,device='cuda')\n"
    "y=torch.nn.functional.conv2d(x,torch.randn(4,3,3,3,device='cuda'))\n"
    "torch.linalg.svd(torch.randn(32,32,device='cuda'))\nassert torch.isfinite(y.sum())",
    "use:jax": "import jax, jax.numpy as jnp\na=jnp.ones((32,32))\n(a@a).block_until_ready()\n"
    "jax.lax.conv(jnp.ones((1,3,16,16)),jnp.ones((4,3,3,3)),(1,1),'SAME').block_until_ready()\n"
    "jnp.linalg.svd(a)[0].block_until_ready()\n"
    "assert jax.default_backend()=='gpu', 'JAX computes on the '+jax.default_backend()",
    "use:onnxruntime-cuda": "import onnxruntime as o\np=o.get_available_providers()\n"
    "assert 'CUDAExecutionProvider' in p, p",
    "use:torchvision": "import torch, torchvision\nb=torch.rand(4,4,device='cuda')\nb[:,2:]+=b[:,:2]+1\n"
    "torchvision.ops.nms(b,torch.rand(4,device='cuda'),0.5)",
    "import:onnxruntime": "import onnxruntime\nonnxruntime.InferenceSession",
}


def inside(fault: Fault, place: Place) -> Result:
    """Make the fault in this process's mount namespace, run the programs and the doctor."""
    fault.make(place)
    environ = dict(os.environ)
    for name, value in fault.environ.items():
        value = value.replace("{work}", place.work).replace("$LD_LIBRARY_PATH", environ.get("LD_LIBRARY_PATH", ""))
        environ[name] = value.rstrip(":")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    run_as = {"user": fault.user, "group": fault.user} if fault.user is not None else {}
    if fault.user is not None:
        environ["HOME"] = environ["XDG_CACHE_HOME"] = "/tmp"  # noqa: S108
    real: dict[str, str] = {}
    for goal in fault.goals:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAMS[goal]],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            cwd="/",
            **run_as,
        )  # type: ignore[call-overload]
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        real[goal] = "works" if done.returncode == 0 else (lines[-1] if lines else f"exit {done.returncode}")[:150]
    options = [word for goal in fault.goals for word in ("--goal", goal)]
    judged = subprocess.run(
        [sys.executable, "-m", "compat", "doctor", "--format", "json", *options],
        env={**environ, "PYTHONPATH": f"{root}:{environ.get('PYTHONPATH', '')}".rstrip(":")},
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
        **run_as,
    )  # type: ignore[call-overload]
    try:
        answers = json.loads(judged.stdout)["answers"]
    except (ValueError, KeyError):
        return {"name": fault.name, "real": real, "failed": judged.stderr[-400:]}
    said = {
        answer["goal"]: [
            answer["verdict"],
            sorted({found["rule"] for found in answer["findings"] if found["severity"] == "error"}),
        ]
        for answer in answers
    }
    return {"name": fault.name, "real": real, "said": said, "expect": fault.expect}


def judge(result: Result) -> list[str]:
    """What is wrong with a row; empty where everything is right."""
    if "said" not in result:
        return ["no answer"]
    wrong = []
    for goal, happened in result["real"].items():
        verdict, rules = result["said"][goal]
        expected = result["expect"].get(goal)
        if (happened == "works") != (expected is None):
            wrong.append(f"{goal}: expected {expected or 'to work'}, really: {happened}")
        if expected is None and verdict == "incompatible":
            wrong.append(f"{goal}: false alarm {rules}")
        if expected is not None and rules != [expected]:
            wrong.append(f"{goal}: expected {expected}, said {verdict} {rules}")
    return wrong
