"""Which goals a machine suggests: one for each framework that is there, else the GPU itself."""

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import normal

# Distribution -> goal; the first distribution of a goal that is installed decides.
_GOALS = {
    "torch": "use:torch",
    "pytorch": "use:torch",
    "tensorflow": "use:tensorflow",
    "tensorflow-gpu": "use:tensorflow",
    "tf-nightly": "use:tensorflow",
    "tensorflow-cpu": "use:tensorflow",
    "nvidia-tensorflow": "use:tensorflow",
    "jax": "use:jax",
    "jaxlib": "use:jax",
    "onnxruntime-gpu": "use:onnxruntime-cuda",
    "onnxruntime": "use:onnxruntime-cuda",
    "tensorrt": "use:tensorrt",
    "tensorrt-cu11": "use:tensorrt",
    "tensorrt-cu12": "use:tensorrt",
    "tensorrt-cu13": "use:tensorrt",
    "torch-tensorrt": "use:torch-tensorrt",
    "torchvision": "use:torchvision",
    "torchaudio": "use:torchaudio",
    "vllm": "use:vllm",
    "xformers": "use:xformers",
    "ctranslate2": "use:ctranslate2",
    "cupy-cuda11x": "use:cupy",
    "cupy-cuda12x": "use:cupy",
    "cupy-cuda13x": "use:cupy",
    "paddlepaddle-gpu": "use:paddlepaddle",
}


def goals_of(machine: Machine) -> tuple[Goal, ...]:
    """The goals that what is described suggests, in a fixed order; `use:gpu` where it suggests none."""
    here = {
        normal(name)
        for packages in (machine.packages, machine.builds)
        for name, version in (packages or {}).items()
        if version is not False
    }
    found = [goal for name, goal in _GOALS.items() if name in here]
    if machine.engine.tensorrt or machine.engine.compute_capability:
        found.append("run:engine")
    if any(
        library.name == "tensorrt" and library.origin in ("system", "container") for library in machine.libraries or ()
    ):
        found.append("use:tensorrt")
    if machine.container.requires and not machine.in_environment("docker"):
        found.insert(0, "start:container")
    return tuple(parse(goal) for goal in dict.fromkeys(found or ["use:gpu"]))
