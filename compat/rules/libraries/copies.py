"""Which copy of a library a process gets, where there are several."""

from compat import versions
from compat.machine import Library
from compat.rules.base import Evidence
from compat.rules.case import Case
from compat.rules.runtimes import of_folder, untold_plugin
from compat.rules.subject import Subject

Copy = tuple[str, Library]  # field path, copy


def gets(case: Case, subject: Subject, name: str = "cudnn") -> Copy | None:
    """The copy of a library that this package's process gets, where it can be told."""
    seen, copies = case.seen(name, subject.component), case.usable(name)
    if seen or any(copy.loaded_by is not None for _, copy in copies):
        return seen[0] if len(seen) == 1 else None
    front = in_front(case, name)
    if front is not None:
        return front
    if case.matrix.packages.about(subject.component).get("cuda_from") == "itself":
        # One of unknown origin may be the environment's own as well.
        brought = tuple(one for one in copies if one[1].origin in ("pip", "conda", "bundled", "container"))
        copies = copies if brought and not all(copy.origin for _, copy in copies) else brought
    if not copies and not case.usable(name):
        return _of_package(case, subject) if name == "cudnn" else None
    return copies[0] if len(copies) == 1 else None


def in_front(case: Case, name: str) -> Copy | None:
    """The copy that loads: as it was seen, else the one whose folder LD_LIBRARY_PATH names."""
    copies = case.usable(name)
    seen = case.seen(name, case.main.component if case.main is not None else "")
    if seen or any(copy.loaded_by is not None for _, copy in copies):
        return seen[0] if len(seen) == 1 else None  # of two that are said to load, it is not known which serves whom
    copies = tuple(one for one in copies if not _of_another_soname(case, name, one[1]))
    for folder in (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":"):
        for one in copies:
            if folder and one[1].path is not None and one[1].path.rstrip("/") == folder.rstrip("/"):
                return one
    return None


def named_by(case: Case, copy: Library) -> str:
    """The folder of LD_LIBRARY_PATH that the copy lies in; empty where none is."""
    folders = (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":")
    return next((one for one in folders if one and copy.path and one.rstrip("/") == copy.path.rstrip("/")), "")


def _of_another_soname(case: Case, name: str, copy: Library) -> bool:
    """Is it of another major than each that the goal's packages brought? Its soname carries it: nobody gets it."""
    if name not in ("cudnn", "cublas", "cublasLt", "cudart", "nvrtc", "nvjitlink") or copy.version is None:
        return False
    brought = [one.version for _, one in case.libraries(name) if one.origin in ("pip", "bundled") and one.version]
    if name == "cudnn" and case.main is not None:
        itself = case.matrix.packages.about(case.main.component).get("cuda_from") == "itself"
        brought += [str(built) for built, _ in case.main.field("cudnn").values] if itself else []
    return bool(brought) and not any(versions.same_line(one, copy.version, 1) for one in brought)


def _of_package(case: Case, subject: Subject) -> Copy | None:
    """pip's cuDNN, where only its package is told: what pins it, JAX's plugins, and what looks for the parts that its
    extra draws (TensorFlow from 2.14 on, jaxlib from 0.4.19 on) look in its folder (on Linux)."""
    looked = _looked_for(case, subject)
    for name in case.matrix.packages.by_cuda("cudnn").values():
        own = _is_its_own(case, subject, name)
        version = case.version_of(name) if (own or name in looked) and case.machine.os != "windows" else None
        if version is not None and (own or not (case.machine.toolkits and _opens_another(subject, version))):
            return f"packages.{name}", Library(name="cudnn", version=version, origin="pip")
    return None


def _is_its_own(case: Case, subject: Subject, name: str) -> bool:
    """Does it pin this package of cuDNN, or come as JAX's plugin for the same CUDA?"""
    if subject.distribution.startswith(f"jax-cuda{name[-2:]}-plugin") or name == of_untold_plugin(case, subject):
        return True
    return any(name == pinned for row in subject.candidates[:8] for pinned, _, _ in case.matrix.packages.pins(row))


def of_untold_plugin(case: Case, subject: Subject) -> str | None:
    """pip's cuDNN that jax's plugin loads, where its release is not told."""
    plugin = untold_plugin(case, subject)
    return f"nvidia-cudnn-cu{plugin[8:10]}" if plugin is not None else None


def _opens_another(subject: Subject, version: str) -> bool:
    """Is it of another major than the build opens? Where CUDA is installed as well, one of its own may lie there."""
    return subject.field("cudnn").decide(lambda need: versions.same_line(version, need, 1)) is False


def rests_on_toolkits(case: Case, subject: Subject, path: str, version: str) -> bool:
    """Is it that no toolkit is spoken of which makes pip's cuDNN the one that is found (`_of_package`)?"""
    name = path.removeprefix("packages.")
    silent = case.machine.toolkits is None and not _is_its_own(case, subject, name)
    return silent and _opens_another(subject, version)


def _looked_for(case: Case, subject: Subject) -> set[str]:
    """pip's cuDNN for the CUDA of a release that looks for such parts itself, and finds them."""
    traits, cuda = case.matrix.traits, subject.field("cuda")
    blind = traits.row(subject.component, "parts-unseen") is not None
    if cuda.known is False or not _looks_for_parts(case, subject):
        return set()
    if blind and traits.holds(subject.component, "parts-unseen", subject.version) is not False:
        return set()
    told = {f"nvidia-cudnn-cu{versions.parse(value).major}" for value, _ in cuda.values if value}
    if cuda.known:
        return told
    there = {name for name, version in case.packages.items() if name.startswith("nvidia-cudnn-cu") and version}
    # Of two it is open which; and what no build that it can be looks for is found by none.
    return there if len(there) == 1 and (not told or there <= told) else set()


def _looks_for_parts(case: Case, subject: Subject) -> bool:
    """Does its release? Of one that is not told: does each that is built with a cuDNN of the major that it is?"""
    traits, built = case.matrix.traits, subject.facts.cudnn
    if traits.row(subject.component, "looks-for-parts") is None:
        return False
    if subject.version is not None or built is None:
        return traits.holds(subject.component, "looks-for-parts", subject.version) is True
    packages = case.matrix.packages
    names = (subject.distribution, *packages.about(subject.component).get("parts", ()))
    releases = {
        str(row["version"])
        for name in names
        for rows in packages.builds(name).values()
        for row in rows
        if "cudnn" in row and versions.same_line(row["cudnn"], built, 1)
    }
    return bool(releases) and all(traits.holds(subject.component, "looks-for-parts", one) for one in releases)


def searched_in(case: Case, own: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The toolkit whose folder LD_LIBRARY_PATH names before pip's ``own`` one: its release and the evidence."""
    for folder in (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":"):
        if own in folder:
            return None
        toolkit = _toolkit_at(case, folder)
        if toolkit is not None:
            none = () if case.machine.libraries is not None else (case.assume("libraries", f"no {own} elsewhere"),)
            return toolkit[0], (case.read("variables.LD_LIBRARY_PATH", folder), *toolkit[1], *none)
    return None


def _toolkit_at(case: Case, folder: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The release of the toolkit in this folder: by its name, or as the description has one there."""
    named = of_folder(folder)
    if named is not None:
        return named, ()
    for index, kit in enumerate(case.machine.toolkits or ()):
        inside = kit.path is not None and folder.startswith(kit.path.rstrip("/") + "/")
        if inside and kit.version is not None:
            return kit.version, (case.read(f"toolkits[{index}].version", kit.version),)
    return None
