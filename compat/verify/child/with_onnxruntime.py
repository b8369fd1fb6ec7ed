"""ONNX Runtime: a small network by the provider that the goal names, and proof that this provider ran each node.

``get_available_providers()`` lists what a build knows, and a session that cannot have its provider takes the CPU after
a line in the log. So: no CPU fallback, the session's own list, and the profile, which names the provider of every node.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import Any

from compat.verify.child import network, result

PROVIDERS = {
    "run:onnx": "CPUExecutionProvider",
    "use:onnxruntime-cuda": "CUDAExecutionProvider",
    "use:onnxruntime-tensorrt": "TensorrtExecutionProvider",
}


def prove(options: result.Options) -> dict[str, Any]:
    """Run the network. Raises Absent, Wrong, and whatever ONNX Runtime raises."""
    runtime = result.load("onnxruntime")
    numpy = result.load("numpy")
    provider = PROVIDERS[options.goal]
    known = runtime.get_available_providers()
    more: dict[str, Any] = {"providers": known}
    if provider not in known:
        if not options.cpu:
            raise result.Wrong(
                f"this build of ONNX Runtime ({runtime.__version__}) has no {provider}: {', '.join(known)}"
            )
        provider = "CPUExecutionProvider"
    x, filters, matrix = network.weights(numpy)
    model = network.model(network.raw(numpy, filters, "fp32"), network.raw(numpy, matrix, "fp32"), "fp32")
    try:
        got, nodes = _run(runtime, model, provider, x)
    except Exception:
        if provider == "CPUExecutionProvider" or not hasattr(runtime, "preload_dlls"):
            raise
        runtime.preload_dlls()  # since 1.21: loads CUDA and cuDNN from the environment's packages
        got, nodes = _run(runtime, model, provider, x)
        more["note"] = "works only after onnxruntime.preload_dlls(): call it before a session is made"
    want = network.expected(numpy, x, filters, matrix)
    one = network.judge(numpy, got, want, "fp32", provider, nodes=nodes)
    on = "cpu" if provider == "CPUExecutionProvider" else "gpu"
    return result.answer("onnxruntime", runtime.__version__, on, [one], **more)


def _run(runtime: Any, model: bytes, provider: str, x: Any) -> tuple[Any, dict[str, str]]:
    """The result, and node -> provider as the profile has it. Raises Wrong where another provider took part."""
    folder = tempfile.mkdtemp(prefix="compatcheck-")
    try:
        settings = runtime.SessionOptions()
        settings.enable_profiling = True
        settings.profile_file_prefix = os.path.join(folder, "profile")
        if provider != "CPUExecutionProvider":
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        # Falling back would hide why the provider does not start behind a complaint about the fallback.
        session = runtime.InferenceSession(model, settings, providers=[provider], enable_fallback=False)
        if session.get_providers()[0] != provider:
            raise result.Wrong(f"the session took {', '.join(session.get_providers())} instead of {provider}")
        got = session.run(None, {"x": x})[0]
        with open(session.end_profiling(), encoding="utf-8") as file:
            nodes = _placement(json.load(file))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    others = {name: where for name, where in nodes.items() if where != provider}
    if others or not nodes:
        raise result.Wrong(f"not all nodes ran on {provider}: {others or 'the profile names none'}")
    return got, nodes


def _placement(events: list[dict[str, Any]]) -> dict[str, str]:
    """Node -> provider, of the nodes that compute; copies between memories belong to no provider."""
    found = {}
    for event in events:
        arguments = event.get("args", {})
        if event.get("cat") == "Node" and arguments.get("provider") and "Memcpy" not in arguments.get("op_name", ""):
            found[event["name"].replace("_kernel_time", "")] = arguments["provider"]
    return found
