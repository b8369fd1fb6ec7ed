"""Goals: what the machine is judged for, written ``VERB:OBJECT`` (docs/machine.md)."""

from functools import cached_property

from compat.records import dataclass

VERBS = ("use", "import", "install", "convert", "run", "build", "start")

# Components whose code runs for a goal, the one that the goal is named for first. A goal that is not listed is
# about the package that its object names.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "use:gpu": (),
    "use:onnxruntime-cuda": ("onnxruntime",),
    "use:onnxruntime-tensorrt": ("onnxruntime", "tensorrt"),
    "use:tf-trt": ("tensorflow", "tensorrt"),
    "use:torch-tensorrt": ("torch-tensorrt", "torch", "tensorrt"),
    "use:torchvision": ("torchvision", "torch"),
    "use:torchaudio": ("torchaudio", "torch"),
    "use:vllm": ("vllm", "torch"),
    "use:jax": ("jax", "jaxlib"),
    "convert:onnx-tensorrt": ("tensorrt",),
    "convert:tensorflow-onnx": ("tf2onnx", "tensorflow"),
    "convert:torch-onnx": ("torch", "onnx"),
    "run:onnx": ("onnxruntime",),
    "run:engine": ("tensorrt",),
    "run:cuda-binary": (),
    "build:cuda-extension": ("torch",),
    "start:container": (),
}
EVERY_PACKAGE = ("use", "import", "install")


class BadGoal(ValueError):
    """The text names no goal; ``hint`` lists what there is."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a goal: {text!r}")
        self.hint = (
            "goals are written VERB:OBJECT, such as use:torch, import:tensorrt, install:tensorflow, "
            + ", ".join(goal for goal in SUBJECTS if not goal.startswith(EVERY_PACKAGE))
        )


@dataclass(frozen=True)
class Goal:
    """A parsed goal."""

    verb: str
    object: str

    def __str__(self) -> str:
        return f"{self.verb}:{self.object}"

    @cached_property
    def needs_gpu(self) -> bool:
        """Does reaching the goal take a GPU that works?"""
        return self.verb not in ("import", "install") and str(self) not in (
            "run:onnx",
            "convert:tensorflow-onnx",
            "convert:torch-onnx",
            "build:cuda-extension",
        )

    @property
    def runs_on_gpu(self) -> bool:
        """Is the outcome about code that a GPU executes, now or after the installation?"""
        return self.needs_gpu or self.verb == "install"

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Components whose code runs for this goal, the main one first."""
        if str(self) in SUBJECTS:
            return SUBJECTS[str(self)]
        companions = SUBJECTS.get(f"use:{self.object}", (self.object,))
        return companions if companions else (self.object,)


def parse(text: str) -> Goal:
    """Read a goal. Raises BadGoal."""
    verb, colon, name = text.strip().lower().partition(":")
    if not colon or verb not in VERBS or not name or not name.isprintable() or " " in name:
        raise BadGoal(text)
    goal = Goal(verb, name.replace("_", "-"))
    if verb not in EVERY_PACKAGE and str(goal) not in SUBJECTS:
        raise BadGoal(text)
    return goal
