"""Jetson: wheels are made for one JetPack, its CUDA and its Python."""

import re
from collections.abc import Iterator
from typing import Any

from compat import versions
from compat.matrix.packages import fits_platform
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.candidates import for_others_only
from compat.rules.case import Case
from compat.rules.subject import Subject

RULE = "jetson-build-mismatch"
_PUBLIC = ("pypi", "pytorch")  # indexes whose builds for aarch64 are made for servers too
Row = dict[str, Any]
Facts = tuple[Evidence, ...]


@rule(
    RULE,
    reads=("builds.python_tag", "builds.cudnn", "toolkits", "container.image", *OF_BUILD, *OF_GPUS),
    leaves="gpu",  # a build of which no list tells the code
    # A Jetson's driver is its JetPack's: the wheel made for that one is served by it, and made for its Python.
    masks=("driver-too-old", "python-unsupported"),
)
def jetson_build_mismatch(case: Case) -> Iterator[Outcome]:
    """The wheel is not made for this JetPack or module.

    Jetson's GPU is integrated and its driver comes with L4T, so frameworks need builds of their own, made for one
    JetPack: its CUDA, its cuDNN, its Python (JetPack 4: 3.6, JetPack 5: 3.8, JetPack 6: 3.10). A generic aarch64 wheel
    of the public index is CPU-only or made for servers (sm_90), and lacks the module's sm_53, sm_62, sm_72 or sm_87.

    An image for Jetson is of one L4T major too: libraries of the host's driver are mounted into it, and want the C
    library and the CUDA of their own release.

    Remedy: the wheel that NVIDIA (or jetson-ai-lab) made for this JetPack, with JetPack's own Python, or its container.
    """
    if not case.is_jetson:
        return
    main, foreign = case.main, _foreign_image(case)
    if foreign is not None:
        yield foreign
    if foreign is not None or case.goal.verb not in ("use", "import", "install"):
        return
    if main is None or main.state in ("absent", "unknown"):
        return
    if case.matrix.packages.about(main.component).get("accelerator") == "none":
        return  # it has no GPU code anywhere: the public index's wheel is the one
    jetpack = release_of(case)
    wants = _of_its_own(case, main, jetpack) if case.goal.runs_on_gpu else None
    if wants is not None:
        yield Finding(
            RULE,
            main.component,
            f"{main.label} is a generic aarch64 build; {wants[0]} needs NVIDIA's wheel for its JetPack.",
            (*wants[1], Evidence(f"{main.label} is from {main.facts.source}", main.path)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for this JetPack"),),
        )
    elif jetpack is None:
        yield Untold(RULE, main.component, ("jetson.jetpack", "jetson.l4t"))
        yield from _of_unknown_code(case, main, ())
    else:
        row, facts = jetpack
        yield from _python(case, main, row, facts) or _cudnn(case, main, row, facts) or _cuda(case, main, row, facts)


_IMAGE = re.compile(r"[:-]r(\d{2})\.\d")  # dustynv/l4t-ml:r36.2.0, dustynv/ros:foxy-pytorch-l4t-r32.5.0


def _foreign_image(case: Case) -> Finding | None:
    """An image made for another L4T than the host's: dustynv/torch_tensorrt:r35.4.1 on JetPack 6."""
    made, found = _made_for(case), release_of(case)
    if made is None or found is None:
        return None
    (major, told), (row, facts) = made, found
    host = versions.parse(case.machine.jetson.l4t or row["l4t"]).major
    own = case.matrix.traits.claim("jetpack", "images-of-its-own", row["jetpack"])
    if major == host or own is None:
        return None
    return Finding(
        RULE,
        "container",
        f"The image is made for L4T {major}; this host has L4T {host} (JetPack {row['jetpack']}).",
        (*told, *facts, case.cite(f"L4T {host} runs images of L4T {host}", own)),
        (Remedy(f"use an image of L4T {host}", "container"),),
    )


def _made_for(case: Case) -> "tuple[int, Facts] | None":
    """The L4T major that the image is made for: that in its tag (r35.4.1), else that which its release is published
    for (deepstream-l4t:6.2-samples)."""
    image = case.machine.container.image
    if image is None:
        return None
    told = case.read("container.image", image)
    if (tagged := _IMAGE.search(image)) is not None:
        return int(tagged[1]), (told,)
    name, _, tag = image.rpartition("/")[2].partition(":")
    release = tag.partition("-")[0]
    tags = (tag, release, ".".join(release.split(".")[:2]))
    for row in case.matrix.rows("container", "container"):
        if row["image"] == name and "l4t" in row and row["tag"] in tags:
            published = case.cite(f"{name}:{row['tag']} is of L4T {row['l4t']}", row, "l4t")
            return versions.parse(row["l4t"]).major, (told, published)
    return None


def _python(case: Case, main: Subject, row: Row, facts: Facts) -> tuple[Outcome, ...]:
    """A wheel for another Python than the environment's; empty where nothing speaks against it."""
    python, tag = case.machine.python, main.facts.python_tag
    told = _tag_line(tag)
    if python is None:
        return _of_older_jetpack(case, main, row, facts, told)
    if told is None or told == versions.major_minor(python):
        return ()
    return (
        Finding(
            RULE,
            main.component,
            f"The wheel is made for Python {told} of JetPack {row['jetpack']}, not for Python {python}.",
            (*facts, case.read(f"builds.{main.distribution}.python_tag", tag), case.read("python", python)),
            (Remedy(f"use Python {told}, which JetPack {row['jetpack']} has", "python"),),
        ),
    )


def _of_older_jetpack(case: Case, main: Subject, row: Row, facts: Facts, told: str | None) -> tuple[Outcome, ...]:
    """A wheel for an older Python than the JetPack's own, where the environment's is not told.

    Wheels for Jetson are made for the Python of their JetPack: this one is linked to an older one's libraries too.
    """
    own = row.get("python")
    if told is None or own is None or versions.at_least(told, own) is not False:
        return ()
    return (
        Finding(
            RULE,
            main.component,
            f"The wheel is made for the Python {told} of an older JetPack; JetPack {row['jetpack']} has {own}.",
            (
                *facts,
                case.read(f"builds.{main.distribution}.python_tag", main.facts.python_tag),
                case.assume("python", "that of the JetPack"),
            ),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),),
        ),
    )


def _cudnn(case: Case, main: Subject, row: Row, facts: Facts) -> tuple[Outcome, ...]:
    """A wheel made with another major of cuDNN than the JetPack's, which is the one there where none is spoken of.

    TensorRT is the JetPack's own, made with its cuDNN; what other builds of that release were made with says nothing.
    """
    if main.component == "tensorrt":
        return ()
    built, has = main.field("cudnn").known, row.get("cudnn")
    cuda = main.field("cuda").known
    if not built or not has or not cuda or versions.same_line(str(built), has, 1) is not False:
        return ()
    if not case.goal.runs_on_gpu or case.usable("cudnn") or main.of_image or case.machine.container.image:
        return ()
    if not versions.same_line(str(cuda), row.get("cuda", cuda), 1) or any("cudnn" in name for name in case.packages):
        return ()
    places = ["environment", "container.image", "packages"]
    places += ["libraries"] if case.machine.libraries is None else []
    return (
        Finding(
            RULE,
            main.component,
            f"{main.label} opens cuDNN {versions.parse(str(built)).major}; JetPack {row['jetpack']} has cuDNN {has}.",
            (
                *facts,
                Evidence(f"{main.label} is made with cuDNN {built}", main.field("cudnn").source),
                case.cite(f"JetPack {row['jetpack']} has cuDNN {has}", row, "cudnn"),
                *(case.assume(place, "no other cuDNN than JetPack's") for place in places),
            ),
            (
                Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),
                Remedy(f"or cuDNN {versions.parse(str(built)).major} beside JetPack's", "system"),
            ),
        ),
    )


def _cuda(case: Case, main: Subject, row: Row, facts: Facts) -> Iterator[Outcome]:
    """A build for the CUDA of the JetPack, for another one, or for none."""
    cuda, has = main.field("cuda").known, row.get("cuda")
    remedies = (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),)
    if main.facts.cuda is False and row.get("python") is not None:
        yield Finding(
            RULE,
            main.component,
            f"{main.label} is a generic build without CUDA; JetPack {row['jetpack']} needs NVIDIA's wheel "
            f"(Python {row['python']}).",
            (*facts, case.read(f"builds.{main.distribution}.cuda", False)),
            remedies,
        )
        return
    # Where the minor is no part of the libraries' names, JetPacks of one CUDA major run each other's builds.
    parts = 2 if case.matrix.traits.holds("cuda", "minor-in-sonames", has) else 1
    same = versions.same_line(cuda, has, parts) if cuda and has else None
    facts = (*facts, Evidence(f"{main.label} has CUDA {cuda}", main.field("cuda").source))
    if same is False:
        facts = (*facts, *case.which_build(main))
        message = f"{main.label} is built for CUDA {cuda}; JetPack {row['jetpack']} has CUDA {has}."
        yield Finding(RULE, main.component, message, facts, remedies)
    elif same:
        because = f"{main.label} is built for CUDA {cuda}, and JetPack {row['jetpack']} has CUDA {has}"
        yield Holds(RULE, main.component, because, facts)
        yield from _of_unknown_code(case, main, facts)
    elif case.goal.runs_on_gpu and has and cuda is not False:
        yield Untold(RULE, main.component, (f"builds.{main.distribution}.cuda",))


def _of_unknown_code(case: Case, main: Subject, facts: Facts) -> Iterator[Finding]:
    """An installed build that the index publishes, though not for a Jetson's platform: who made this one, and for which
    GPUs, is in no list."""
    if main.state != "installed" or main.version is None or main.facts.architectures is not None:
        return
    if not case.goal.runs_on_gpu or main.facts.source not in (None, "pytorch"):
        return
    others = for_others_only(case.matrix, main.distribution, main.version, "linux", "aarch64")
    if not others or not others[0].get("cuda"):
        return
    where = f"{others[0]['os']} on {others[0]['arch']}"
    yield Finding(
        RULE,
        main.component,
        f"{main.label} is published for {where}, not for Jetson's processor: whether this build has code for the "
        "module's GPU is not told.",
        (
            *case.package(main),
            *case.of_jetsons,
            *facts,
            case.cite(f"{main.label} is for {where}", others[0], "os"),
        ),
        (
            Remedy("look for the GPU in what torch.cuda.get_arch_list() names", "setting"),
            Remedy(f"or install the {main.distribution} wheel that NVIDIA made for this JetPack"),
        ),
        "warning",
    )


def _of_its_own(case: Case, main: Subject, jetpack: "tuple[Row, Facts] | None") -> "tuple[str, Facts] | None":
    """What no build of the public indexes serves: a JetPack of a CUDA major that they have none for."""
    found = (jetpack or _newest(case)) if main.facts.source in _PUBLIC else None
    if found is None or "cuda" not in found[0]:
        return None
    row, facts = found
    # Of what has no CUDA by its own name (jax, tensorflow) torch tells: no other package had such builds sooner.
    for_cuda = _published_for(case, main.distribution) or _published_for(case, "torch")
    if any(versions.same_line(cuda, row["cuda"], 1) for cuda in for_cuda):
        return None
    return f"JetPack {row['jetpack']} with CUDA {row['cuda']}", facts


def _published_for(case: Case, distribution: str) -> set[str]:
    """The releases of CUDA that the public indexes have builds of it for, on aarch64."""
    builds = (build for rows in case.matrix.packages.builds(distribution).values() for build in rows)
    return {
        build["cuda"]
        for build in builds
        if build.get("cuda") and build["index"] in _PUBLIC and fits_platform(build, "linux", "aarch64")
    }


def _newest(case: Case) -> "tuple[Row, Facts] | None":
    """The newest JetPack for modules with this GPU: older ones have an older CUDA at most."""
    gpu = case.gpus[0] if case.gpus else None
    if gpu is None or gpu.capability is None:
        return None
    for row in reversed(case.matrix.rows("jetpack", "jetpack")):
        modules = (case.matrix.gpus.find(f"Jetson {module}") for module in row.get("modules", ()))
        if str(gpu.capability) in [module["capability"] for module in modules if module is not None]:
            told = f"the newest JetPack for compute capability {gpu.capability} is {row['jetpack']}"
            return row, (*gpu.evidence, case.cite(told, row))
    return None


def release_of(case: Case) -> "tuple[Row, Facts] | None":
    """The JetPack of this module: by its own number, else the newest that is not newer than the L4T release."""
    jetson = case.machine.jetson
    rows = case.matrix.rows("jetpack", "jetpack")
    if jetson.jetpack is not None:
        stated = versions.parse(jetson.jetpack)
        for row in rows:
            if stated.covers(versions.parse(row["jetpack"])) or versions.parse(row["jetpack"]).same_as(stated):
                return row, (
                    case.read("jetson.jetpack", jetson.jetpack),
                    case.cite(f"JetPack {row['jetpack']}: CUDA {row.get('cuda')}, Python {row.get('python')}", row),
                )
    if jetson.l4t is not None:
        l4t = versions.parse(jetson.l4t)
        fitting = [
            row for row in rows if versions.parse(row["l4t"]).major == l4t.major and versions.parse(row["l4t"]) <= l4t
        ]
        if fitting:
            row = max(fitting, key=lambda row: versions.parse(row["l4t"]).key())
            return row, (
                case.read("jetson.l4t", jetson.l4t),
                case.cite(f"L4T {row['l4t']} is JetPack {row['jetpack']}", row),
            )
    return _by_toolkit(case, rows)


def own_cuda(case: Case) -> "tuple[str, Facts] | None":
    """The CUDA of this Jetson's driver: that of its JetPack, else the least that a JetPack for its module has."""
    stated = stated_cuda(case)
    if stated is not None:
        return stated
    module = case.machine.jetson.module
    rows = [row for row in case.matrix.rows("jetpack", "jetpack") if module in row.get("modules", ()) and "cuda" in row]
    if not rows:
        return None
    row = min(rows, key=lambda row: versions.parse(row["cuda"]).key())
    return row["cuda"], (case.cite(f"JetPack {row['jetpack']} for {module} has CUDA {row['cuda']}", row, "cuda"),)


def stated_cuda(case: Case) -> "tuple[str, Facts] | None":
    """The CUDA of this Jetson's driver by its JetPack or L4T. Its releases are numbered apart (540.3.0, 580.00)."""
    found = release_of(case)
    return (found[0]["cuda"], found[1]) if found is not None and "cuda" in found[0] else None


def _by_toolkit(case: Case, rows: "list[Row]") -> "tuple[Row, Facts] | None":
    """The JetPack by its CUDA, as long as that came with the system and could not be moved (JetPack 4)."""
    for index, kit in enumerate(case.machine.toolkits or ()):
        if kit.version is None or kit.origin != "system":
            continue
        fitting = [row for row in rows if versions.major_minor(kit.version) == row.get("cuda") and stays(case, row)]
        if fitting:
            row = fitting[-1]
            cited = case.cite(f"CUDA {row['cuda']} is that of JetPack {row['jetpack']}", row, "cuda")
            taken = case.assume("jetson.jetpack, jetson.l4t", "that of the CUDA which came with the system")
            return row, (case.read(f"toolkits[{index}].version", kit.version), cited, taken)
    return None


def own_tensorrt(case: Case) -> tuple[str, Facts] | None:
    """The TensorRT of a JetPack whose libraries come with the system and stay (JetPack 4): the board's, and that of an
    image of its L4T, into which the board's libraries are mounted."""
    found = release_of(case)
    if found is None or "tensorrt" not in found[0] or not stays(case, found[0]) or case.has("tensorrt") is not None:
        return None
    row, told = found
    has = case.cite(f"JetPack {row['jetpack']} has TensorRT {row['tensorrt']}", row, "tensorrt")
    facts = (*told, has, case.assume("libraries, packages", "no other TensorRT is there"))
    image = case.machine.container.image
    if image is None:
        outside = case.assume("container.image, environment", "it is the board's, not one of an image")
        return (row["tensorrt"], (*facts, outside)) if not case.environment("docker", "kubernetes") else None
    made = _IMAGE.search(image)
    mounted = case.matrix.traits.claim("jetpack", "libraries-mounted", row["jetpack"])
    if made is None or mounted is None or int(made[1]) != versions.parse(row["l4t"]).major:
        return None
    said = case.cite(f"the libraries of JetPack {mounted['range']} are mounted into images of its L4T", mounted)
    return row["tensorrt"], (*facts, case.read("container.image", image), said)


def stays(case: Case, row: "Row") -> bool:
    """Do the libraries of this JetPack come with the system, and cannot be moved?"""
    return case.matrix.traits.holds("jetpack", "cuda-upgrades", row["jetpack"]) is False


def _tag_line(tag: str | None) -> str | None:
    return f"{tag[2]}.{tag[3:]}" if tag is not None and tag.startswith("cp") and tag[2:].isdigit() else None
