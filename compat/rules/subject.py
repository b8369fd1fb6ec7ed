"""The packages that a goal runs, and what can be known of their builds.

A version seldom tells the build: torch 2.1.0 was published for three CUDA releases and for the CPU. So a subject
carries every published build that the installed one can be (``candidates``), and a question about it is answered only
where all of them agree.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.matrix.traits import Traits


@dataclass(frozen=True)
class Possible:
    """The values that a fact can have, each with where it is from; incomplete where some builds do not tell."""

    values: tuple[tuple[Any, str], ...]
    complete: bool

    def decide(self, question: Callable[[Any], bool | None]) -> bool | None:
        """The answer if every possible value gives the same one, else None."""
        answers = {question(value) for value, _ in self.values}
        if not self.complete or len(answers) != 1:
            return None
        return answers.pop()

    @property
    def known(self) -> Any:
        """The value where there is only one, else None."""
        distinct = {repr(value) for value, _ in self.values}
        return self.values[0][0] if self.complete and len(distinct) == 1 else None

    @property
    def source(self) -> str:
        return self.values[0][1] if self.values else ""


NOTHING = Possible((), False)
CUDA_TAG = 90  # a post part from here on names a CUDA release: paddlepaddle-gpu 2.3.1.post116
_OF_RELEASE = ("cuda", "cudnn", "tensorrt")


@dataclass(frozen=True)
class Subject:
    """A component that the goal runs, as it is on this machine (or would be, for a request)."""

    component: str
    distribution: str
    version: str | None  # None: installed, version unknown
    state: str  # installed, requested, absent, unknown
    facts: Build
    candidates: "tuple[Row, ...]"
    matrix: "Matrix"
    conda: bool = False  # installed by conda
    pinned_cuda: tuple[str, str] | None = None  # (CUDA, field) that conda or the image's tag pins for its GPU builds
    of_image: bool | None = False  # perhaps an image's own build, for another CUDA; None: if this is in an image

    @property
    def label(self) -> str:
        return f"{self.distribution} {self.version}" if self.version else self.distribution

    @property
    def path(self) -> str:
        """The field of the description that names it."""
        return f"packages.{self.distribution}" if self.state == "installed" else f"request.{self.distribution}"

    def field(self, name: str) -> Possible:
        """What a field of the build can be: what the machine says of it, else what its candidates say."""
        known: dict[str, Possible] = self.__dict__.setdefault("_fields", {})
        if name not in known:
            known[name] = self._field(name)
        return known[name]

    def _field(self, name: str) -> Possible:
        stated = getattr(self.facts, name, None)
        if stated is not None:
            return Possible(((stated, f"builds.{self.distribution}.{name}"),), True)
        if self.of_image and name == "cuda":
            return NOTHING
        values = tuple((row[name], str(self.matrix.source(row, name))) for row in self.candidates if name in row)
        told = Possible(values, bool(values) and len(values) == len(self.candidates))
        if not values and name in _OF_RELEASE:
            told = self._of_release(name)
        if name == "cuda" and told.known is None and self.local_cuda is not None:
            return Possible(((self.local_cuda, self.path),), True)
        if name == "cudnn" and told.known is None and self.local_cudnn is not None:
            return Possible(((self.local_cudnn, self.path),), True)
        if (
            name == "cuda"
            and told.known is None
            and self.pinned_cuda is not None
            and (any(told.values) or not self.candidates)
        ):
            return Possible((self.pinned_cuda,), True)
        return told

    def _of_release(self, name: str) -> Possible:
        """What the vendor says of the release, where no file of it tells: withdrawn ones, and metadata without it."""
        gpu = "gpu" in self.distribution or self.matrix.packages.about(self.component).get("accelerator") == "always"
        if self.version is None or not gpu or self.conda or self.local_cuda is not None:
            return NOTHING
        if name == "cuda" and self.pinned_cuda is not None:
            return NOTHING
        if self.facts.source not in (None, "pypi") or versions.parse(self.version).post >= CUDA_TAG:
            return NOTHING  # the tables tell what the public index has
        found = self.matrix.packages.release(self.component, self.version)
        field = "cuda_default" if name == "cuda" else name
        if found is None:
            return NOTHING
        if name == "cuda" and field not in found and len(found.get("cuda", ())) == 1:  # made for one CUDA alone
            return Possible(((found["cuda"][0], str(self.matrix.source(found, "cuda"))),), True)
        if field not in found:
            return NOTHING
        return Possible(((found[field], str(self.matrix.source(found, field))),), True)

    @property
    def local_cuda(self) -> Any:
        """CUDA by the local part of the version: ``+cu118`` 11.8, ``+cpu`` False, None without one."""
        return cuda_of_local(self.version) if self.version else None

    @property
    def local_cudnn(self) -> str | None:
        """cuDNN by the local part, where no such build is listed: ``+cuda11.cudnn86`` 8.6, ``cudnn805`` 8.0.5."""
        pieces = self.version.partition("+")[2].split(".") if self.version else []
        digits = next((one[len("cudnn") :] for one in pieces if one.startswith("cudnn")), "")
        return ".".join(digits) if digits.isdigit() and len(digits) in (2, 3) else None

    @property
    def for_cpu(self) -> bool:
        """Is it asked for as what computes on the CPU alone: ``+cpu``, or a name that never had CUDA (onnxruntime)?"""
        if self.state != "requested" or not self.candidates or self.field("cuda").known is not False:
            return False
        every = (row for rows in self.published.values() for row in rows)
        return self.local_cuda is False or not any(row.get("cuda") or row.get("brings") for row in every)

    @property
    def published(self) -> "dict[str, list[Row]]":
        """Builds by version of the distribution, conda's where conda installed it."""
        packages = self.matrix.packages
        return packages.conda_builds(self.distribution) if self.conda else packages.builds(self.distribution)

    def every(self, question: "Callable[[Row], bool | None]") -> bool | None:
        """A question about the build as a whole, asked of every candidate; None where they differ or none is known."""
        answers = {question(row) for row in self.candidates}
        return answers.pop() if len(answers) == 1 else None


_OTHER_GPUS = ("rocm", "xpu")
_WITHOUT_CUDA = ("cpu", *_OTHER_GPUS)  # as PyTorch's index names its builds for the processor, AMD's and Intel's GPUs


def gpus_of_local(version: str | None) -> str:
    """Whose GPUs the local part of a version names, where those are not NVIDIA's: ``+rocm6.1`` rocm; "" without."""
    local = version.partition("+")[2] if version else ""
    return next((kind for kind in _OTHER_GPUS if local.startswith(kind)), "")


def is_of_torch(traits: "Traits", soname: str) -> bool:
    """Is it a library that torch itself consists of, for whatever GPUs? What is compiled against a torch opens it."""
    rows = (*(traits.row("torch", "gpu-half", kind) for kind in _OTHER_GPUS), traits.row("torch", "own-libraries"))
    return any(row is not None and soname in row["value"].split() for row in rows)


def cuda_of_local(version: str) -> Any:
    """CUDA by the local part of a version: ``+cu118`` 11.8, ``+pt112cu116`` 11.6, ``+cpu`` False, None without one."""
    local = version.partition("+")[2]
    if not local:
        return None
    if local.startswith(_WITHOUT_CUDA):
        return False
    for part in (local, *(piece for piece in local.split(".") if piece)):
        tag = part[part.index("cu") :] if "cu" in part and not part.startswith("cudnn") else ""
        found = versions.cuda_of_tag(tag) if tag else None
        if found is not None:
            return found
    return None
