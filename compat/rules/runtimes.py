"""Which CUDA runtimes a goal's process starts.

A package that brings its own CUDA starts that one, whatever toolkit lies on the machine. The image of a container and
the toolkit that a program was built with count where the goal is about them, or where no package says better.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.records import dataclass
from compat.rules.months import of_neighbours
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case


@dataclass(frozen=True)
class Runtime:
    """A CUDA runtime that the goal's process starts."""

    cuda: str
    of: str  # torch 2.11.0, toolkit, container image
    source: str
    component: str
    assumed: tuple[str, ...] = ()  # fields that leave it open whether something else brings its CUDA


# Goals whose program is linked to the toolkit that is named with it.
_OF_TOOLKIT = ("run:cuda-binary", "run:engine", "convert:onnx-tensorrt", "use:tensorrt")


def runtimes(case: "Case") -> "Iterator[Runtime]":
    """Every runtime of the goal with where it is known from."""
    found = [runtime for subject in case.subjects for runtime in _of_subject(case, subject)]
    yield from found
    if str(case.goal) == "build:cuda-extension":
        return
    known = [one for one in case.subjects if case.matrix.packages.about(one.component)]
    if not found and any(one.state in ("installed", "requested") for one in known):
        yield from _of_conda(case) or _of_own_image(case)
        return  # it has a CUDA of its own, which is not known
    assumed = ("packages",) if case.main is not None else ()
    counted = str(case.goal) in _OF_TOOLKIT  # a toolkit beside the image's own says nothing of what the image starts
    if not found and not any(
        one.version and (counted or one.origin != "system") for one in case.machine.toolkits or ()
    ):
        yield from _of_image(case, (*assumed, "toolkits"))
    for index, toolkit in enumerate(case.machine.toolkits or ()):
        if toolkit.version is None or (found and str(case.goal) != "start:container"):
            continue
        if toolkit.origin == "container" or str(case.goal) in _OF_TOOLKIT:
            of = "the image's CUDA" if toolkit.origin == "container" else "CUDA toolkit"
            yield Runtime(toolkit.version, f"{of} {toolkit.version}", f"toolkits[{index}].version", "cuda", assumed)
    if str(case.goal) == "run:cuda-binary":
        yield from _of_environment(case)


def _of_environment(case: "Case") -> "Iterator[Runtime]":
    """The CUDA that conda laid into the environment of a program: its libraries and its compiler (OpenMM's) come first
    there, whatever toolkit the machine has."""
    from compat.rules.candidates import CONDA_PARTS, conda_cuda

    laid = conda_cuda(case.machine, CONDA_PARTS)
    if laid is not None:
        cuda, field = laid
        yield Runtime(cuda, f"conda's {field.partition('.')[2]} {cuda}", field, "cuda")


def _of_image(case: "Case", assumed: tuple[str, ...]) -> "Iterator[Runtime]":
    """The CUDA of a known image, such as ``nvcr.io/nvidia/tritonserver:24.05-py3``."""
    image, release = _named(case)
    rows = [row for row in case.matrix.rows("container", "container") if row["tag"] == release and "cuda" in row]
    # NVIDIA's monthly images of the frameworks are made on one CUDA image.
    chosen = [row for row in rows if row["image"] == image] or [
        row for row in rows if image in _MONTHLY and row["image"] in _MONTHLY
    ]
    for row in chosen[:1]:
        yield Runtime(row["cuda"], f"the image {image}:{release}", "container.image", "cuda", assumed)
    whole = case.machine.container.image or ""
    named = None if chosen else of_tag(whole) or _of_release(case, whole)
    if named is not None:
        yield Runtime(named, f"the image {whole}", "container.image", "cuda", assumed)
    between = of_neighbours(case, release, _MONTHLY) if image in _MONTHLY and not chosen and named is None else None
    if between is not None:
        yield Runtime(between, f"the image {whole}, by the months around it,", "container.image", "cuda", assumed)


def _of_release(case: "Case", image: str) -> str | None:
    """The CUDA of a publisher's image whose tag names a release of its framework and that it is for a GPU
    (tensorflow/tensorflow:2.5.0-gpu): the one that the default index's builds of that release are made for."""
    name, _, tag = image.removeprefix("docker.io/").partition(":")
    release, *more = tag.split("-")
    holds = case.matrix.traits.claim("container", "tag-is-release", release, name) if "gpu" in more else None
    if holds is None:
        return None
    from compat.rules.candidates import matching

    names = case.matrix.packages.distributions(holds["value"])
    rows = [row for one in names for row in matching(case.matrix, one, release)]
    built = {cuda for row in rows if row.get("index") == "pypi" and isinstance(cuda := row.get("cuda"), str)}
    return built.pop() if len(built) == 1 else None


# As texts: compiling them costs more than most runs that need none of them.
_NAMES_CUDA = r"(?:^|[-_.])cuda[-_]?(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)(?![\d.])"
_NAMES_TAG = r"(?:^|[-_.])(cu\d{3})(?![\d.])"
_NAMES_FOLDER = r"/cuda-(\d{1,3}\.\d{1,3})(?:/|$)"
_OF_CUDA = r"^(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)(?:-|$)"


def of_folder(path: str) -> str | None:
    """The CUDA that a toolkit's folder names: /usr/local/cuda-12.4/lib64."""
    named = re.search(_NAMES_FOLDER, path)
    return named[1] if named is not None else None


def of_tag(image: str) -> str | None:
    """The CUDA that an image's tag names: nvidia/cuda:12.2.0-base, pytorch:1.6.0-cuda10.1, vllm:cu130-nightly."""
    name, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        return None
    plain = re.search(_NAMES_CUDA, tag) or (re.match(_OF_CUDA, tag) if name.endswith("nvidia/cuda") else None)
    if plain is not None:
        return plain[1]
    short = re.search(_NAMES_TAG, tag)
    return versions.cuda_of_tag(short[1]) if short is not None else None


def _named(case: "Case") -> tuple[str, str]:
    """(pytorch, 24.05) of nvcr.io/nvidia/pytorch:24.05-py3; two empty texts where no release is named.

    A patch of a month's image (20.07.1) is on the base of its month. Triton's images for TensorRT-LLM and vLLM are not:
    their tag stands whole (24.05-trtllm-python-py3), and what they have is in rows of their own.
    """
    name, colon, tag = (case.machine.container.image or "").rpartition(":")
    release = tag if "llm" in tag else tag.partition("-")[0]
    month = release.rpartition(".")[0]
    if month.count(".") == 1 and all(row["tag"] != release for row in case.matrix.rows("container", "container")):
        release = month
    image = name.rpartition("/")[2]
    return ("tritonserver" if image in _EARLIER else image, release) if colon else ("", "")


_FRAMEWORKS = {"pytorch": "torch", "tensorflow": "tensorflow", "jax": "jax"}


def _of_conda(case: "Case") -> "list[Runtime]":
    """The CUDA that conda laid into the environment, for a package that brings none and whose release is not told."""
    main, version = case.main, case.version_of("cudatoolkit")
    if main is None or main.version is not None or main.state == "requested" or version is None:
        return []
    if case.matrix.packages.about(main.component).get("cuda_from") not in ("system", "either"):
        return []
    return [Runtime(version, f"conda's cudatoolkit {version}", "packages.cudatoolkit", "cuda", ("packages",))]


def _of_own_image(case: "Case") -> "Iterator[Runtime]":
    """The framework that NVIDIA's image is named for is built on the image's CUDA.

    Its version says so (2.6.0a0+ecf3bae40a.nv25.01); where none is told the image's own is taken to be meant, which
    holds of any image whose CUDA is named.
    """
    main = case.main
    if main is None or main.state == "requested" or (main.version is not None and ".nv" not in main.version):
        return
    if any(one is not main and one.version is not None and one.candidates for one in case.subjects):
        return  # a published build was brought in, whose CUDA is open
    if main.version is None and _one_major_somewhere(case, main):
        return  # so has one of this
    assumed = ("packages", *_by_copies(case, main))
    named, release = _named(case)
    own = in_own_image(case, main)
    kits = [
        Runtime(
            one.version,
            f"{named}:{release}" if own else f"the image's CUDA {one.version}",
            f"toolkits[{index}].version",
            "cuda",
            assumed,
        )
        for index, one in enumerate(case.machine.toolkits or ())
        if one.version is not None and one.origin == "container" and (own or main.version is None)
    ]
    yield from kits or (_of_image(case, assumed) if own or main.version is None else ())


def untold_plugin(case: "Case", subject: Subject) -> str | None:
    """The plugin that has jax's CUDA and is of jax's release, where its own is not told: the one present, else the only
    one of that release."""
    parts = case.matrix.packages.about(subject.component).get("parts", ())
    plugins = [part for part in parts if part.endswith("-plugin")]
    release, told = subject.version, subject.facts.cuda
    if subject.distribution != "jax" or release is None or subject.conda or told is False:
        return None
    present = [part for part in plugins if case.has(part)]
    if any(case.packages.get(part, None) is not None for part in (present or parts)):
        return None
    if any(row.get("cuda") for row in case.matrix.packages.builds("jaxlib").get(release, [])):
        return None  # which may be it, without a plugin
    found = {part for part in present or plugins if release in case.matrix.packages.builds(part)}
    if told:
        found = {part for part in found if part[8:10] == str(versions.parse(told).major)}
    return found.pop() if len(found) == 1 else None


def of_untold_plugin(case: "Case", subject: Subject) -> "Iterator[Runtime]":
    """The CUDA of that plugin, as all its files have it."""
    plugin = untold_plugin(case, subject)
    if plugin is None or subject.version is None:
        return
    built = {row.get("cuda") for row in case.matrix.packages.builds(plugin)[subject.version]}
    cuda = built.pop() if len(built) == 1 else None
    if isinstance(cuda, str):
        yield Runtime(cuda, f"{plugin} {subject.version}", subject.path, subject.component, (f"packages.{plugin}",))


def in_own_image(case: "Case", subject: Subject) -> bool:
    """Is it the framework that the image of NVIDIA's is named for, as it is in that image?"""
    if subject.state == "requested" or (subject.version is not None and ".nv" not in subject.version):
        return False
    return subject.component == _FRAMEWORKS.get(_named(case)[0]) and "nvcr.io/" in (case.machine.container.image or "")


def _one_major_somewhere(case: "Case", subject: Subject) -> bool:
    """Would a platform that it may be leave builds of one CUDA major alone? Those start theirs, told the platform."""
    if case.machine.os is not None and case.machine.arch is not None:
        return False
    platforms: dict[tuple[str, str], list[str | bool]] = {}
    for row in subject.candidates:
        platforms.setdefault((row["os"], row["arch"]), []).append(row.get("cuda", False))
    return any(_common_major(values) for values in platforms.values())


def _by_copies(case: "Case", main: Subject) -> "Iterator[str]":
    """What would tell its release besides: the copies of its library."""
    if case.machine.libraries is None and main.component == "tensorrt":
        yield "libraries"
    for path, copy in case.libraries(main.component):
        yield from (f"{path}.{name}" for name in ("version", "loaded_by") if getattr(copy, name) is None)


def image_row(case: "Case", field: str) -> "Row | None":
    """What the matrix knows of the image of NVIDIA's that the goal runs in, where ``field`` is said of it, or of
    another image of its month: what is made on one base has one TensorRT. Jetson's (igpu) and JAX's are not known to
    have that base.
    """
    image, release = _named(case)
    whole = case.machine.container.image or ""
    if image not in _MONTHLY or not is_nvidias(whole):
        return None
    rows = [row for row in case.matrix.rows("container", "container") if row["tag"] == release and field in row]
    others = () if image == "jax" or is_for_jetson(whole) else _MONTHLY
    return next((row for name in (image, *others) for row in rows if row["image"] == name), None)


def publishers_row(case: "Case", field: str) -> "Row | None":
    """What the matrix knows of a publisher's own image, by its whole name and the tag or what its tag begins with
    (tensorflow/tensorflow:2.19.0-gpu-jupyter), where ``field`` is said of it."""
    name, _, tag = (case.machine.container.image or "").removeprefix("docker.io/").partition(":")
    if "/" not in name:
        return None
    rows = (row for row in case.matrix.rows("container", "container") if row["image"] == name and field in row)
    return next((row for row in rows if f"{tag}-".startswith(f"{row['tag']}-")), None)


def is_nvidias(image: str) -> bool:
    """Is it an image that NVIDIA makes, with a start script and a cuda-compat of its CUDA?"""
    name = image.partition(":")[0]
    return name.startswith(("nvcr.io/nvidia/", "nvidia/cuda")) or name in (*_MONTHLY, *_EARLIER)


def is_for_jetson(image: str) -> bool:
    """Is its tag one of NVIDIA's for GPUs that are part of a Jetson (``24.02-py3-igpu``)?"""
    return "igpu" in image.partition(":")[2]


_EARLIER = ("inferenceserver", "tensorrtserver")  # what tritonserver was called in 18.08 and before 20.03
_MONTHLY = ("pytorch", "tensorflow", "tensorrt", "tritonserver", "mxnet", "paddlepaddle", "jax")


def _of_subject(case: "Case", subject: Subject) -> "Iterator[Runtime]":
    for part in (subject, *gpu_parts(case, subject)):
        cuda = part.field("cuda")
        stated = cuda.known
        if stated is None and cuda.complete:
            stated = _common_major([value for value, _ in cuda.values])
        if stated:
            yield Runtime(stated, part.label, cuda.source, part.component)


def _common_major(values: list[str | bool]) -> str | None:
    """The major where the candidates differ only in the minor: enough for what depends on the major."""
    majors = {str(value).partition(".")[0] if value else "" for value in values}
    return majors.pop() if len(majors) == 1 and "" not in majors else None


def gpu_parts(case: "Case", subject: Subject) -> list[Subject]:
    """Installed distributions that carry the component's GPU code apart from it (JAX's CUDA plugins).

    One that came with later releases than what it is a part of serves none: JAX refuses a plugin of another release.
    """
    key = (subject.component, subject.version)
    if key not in case.known_parts:
        case.known_parts[key] = _gpu_parts(case, subject)
    return case.known_parts[key]


def _gpu_parts(case: "Case", subject: Subject) -> list[Subject]:
    parts = [name for name in case.matrix.packages.about(subject.component).get("parts", ()) if case.has(name)]
    if not parts:
        return []
    siblings = [one for one in case.subjects if parts[0] in case.matrix.packages.about(one.component).get("parts", ())]
    return [
        case.subject(name)
        for name in parts
        if all(one.version is None or reaches(one.version, since(case, name)) for one in (subject, *siblings))
    ]


def since(case: "Case", part: str) -> versions.Version:
    """The first release that is published of a part."""
    return versions.parse(next(iter(case.matrix.packages.versions(part)), "9999"))


def reaches(version: str, first: versions.Version) -> bool:
    """Is it that release or a later one, or a line that has one (0.4)?"""
    release = versions.parse(version)
    return release >= first or release.covers(first)
