"""Entry of the child: ``python -I main.py '{"goal": "use:torch"}'`` writes one JSON object to standard output.

It is run by the interpreter of the target environment (3.7 or newer), which need not have compatcheck installed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import types

MODULES = {
    "use:gpu": "with_driver",
    "run:cuda-binary": "with_driver",
    "use:torch": "with_torch",
    "use:tensorflow": "with_tensorflow",
    "use:jax": "with_jax",
    "run:onnx": "with_onnxruntime",
    "use:onnxruntime-cuda": "with_onnxruntime",
    "use:onnxruntime-tensorrt": "with_onnxruntime",
    "use:tensorrt": "with_tensorrt",
    "convert:onnx-tensorrt": "with_tensorrt",
}


def _make_importable(folder: str) -> None:
    """Give the modules beside this file their usual names, without putting a folder on the import path."""
    for name in ("compat", "compat.verify", "compat.verify.child"):
        package = types.ModuleType(name)
        package.__path__ = [folder] if name.endswith(".child") else []
        sys.modules[name] = package


def computed(options: dict) -> dict:  # type: ignore[type-arg]
    """The computation of the goal; what went wrong is told as text."""
    from compat.verify.child import result

    try:
        module = importlib.import_module("compat.verify.child." + MODULES[options["goal"]])
        found: dict = module.prove(result.Options(**options))  # type: ignore[type-arg]
        return found
    except result.Absent as error:
        return {"state": "absent", "error": str(error)}
    except result.Wrong as error:
        return {"state": "failed", "error": str(error)}
    except BaseException as error:  # a library may raise anything, and what it says is the finding
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        return {"state": "failed", "error": text, "trace": traceback.format_exc()[-8000:]}


def main() -> None:
    """Read the options, compute, answer. What libraries print goes to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    for name, value in (("XLA_PYTHON_CLIENT_PREALLOCATE", "false"), ("TF_FORCE_GPU_ALLOW_GROWTH", "true")):
        os.environ.setdefault(name, value)
    _make_importable(os.path.dirname(os.path.abspath(__file__)))
    text = json.dumps(computed(json.loads(sys.argv[1]))).encode("ascii")
    while text:
        text = text[os.write(answer, text) :]


if __name__ == "__main__":
    main()
    # Some libraries crash while they are torn down; the answer has been given.
    os._exit(0)
