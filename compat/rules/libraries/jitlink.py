"""nvJitLink of another CUDA in front of torch's own: cuSPARSE calls it by symbols that carry the CUDA release.

The cuSPARSE that comes with torch's wheels finds nvJitLink by the loader's path alone, and some releases of torch do
not load their own first (trait ``jitlink-by-path``, by the CUDA of the build).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence, Finding, Outcome, Remedy
from compat.rules.libraries.copies import searched_in

if TYPE_CHECKING:
    from compat.rules.case import Case


def another_jitlink(case: "Case") -> Iterator[Outcome]:
    """Does an nvJitLink load that is older than the one torch's wheel is built with?"""
    torch = next((one for one in case.subjects if one.component == "torch" and one.state == "installed"), None)
    cuda = torch.field("cuda").known if torch is not None else None
    if torch is None or not cuda or case.machine.os == "windows":
        return
    minor = versions.major_minor(str(cuda))
    found = _seen(case) or _searched_first(case, torch.version, minor)
    if found is None:
        return
    have, facts = found
    if versions.same_line(have, minor, 1) is False or versions.at_least(have, minor) is not False:
        return
    yield Finding(
        "library-shadowed",
        "nvjitlink",
        f"nvJitLink {have} loads in front of the {minor} that {torch.label} brought; its cuSPARSE calls symbols that "
        "the older one lacks.",
        (
            *facts,
            Evidence(f"{torch.label} is built for CUDA {minor}", torch.field("cuda").source),
            *case.taken_for_linux,
        ),
        (
            Remedy("take that CUDA toolkit's folder off LD_LIBRARY_PATH", "setting"),
            Remedy("put site-packages/nvidia/nvjitlink/lib first on LD_LIBRARY_PATH", "setting"),
        ),
    )


def _seen(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """The only copy that is said to load, where it is not torch's own and no other rule holds it against another."""
    copies = case.libraries("nvjitlink")
    if len(copies) != 1:
        return None
    path, copy = copies[0]
    if not copy.loaded or copy.version is None or copy.origin in ("pip", "conda", "bundled"):
        return None
    own = (case.assume(f"{path}.origin", "it is not torch's own"),) if copy.origin is None else ()
    return copy.version, (case.read(f"{path}.version", copy.version), *own)


def _searched_first(case: "Case", torch: str | None, cuda: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The toolkit that LD_LIBRARY_PATH names first, for a torch that does not load its own nvJitLink before."""
    public = versions.parse(torch).public if torch is not None else None
    row = case.matrix.traits.claim("torch", "jitlink-by-path", public, cuda)
    if row is None or case.libraries("nvjitlink"):
        return None
    found = searched_in(case, "nvjitlink")
    if found is None:
        return None
    by_path = case.cite(f"cuSPARSE of torch {row['range']} takes the nvJitLink that is found first", row)
    return found[0], (*found[1], by_path)


def older_package(case: "Case") -> Iterator[Outcome]:
    """pip's nvJitLink of an older CUDA than pip's cuSPARSE, which was made with the one of its own release."""
    for jit in (name for name in case.packages if name.startswith("nvidia-nvjitlink")):
        sparse = jit.replace("nvjitlink", "cusparse")
        have, calls = case.version_of(jit), case.version_of(sparse)
        if have is None or calls is None:
            continue
        kits = [kit for kit in case.matrix.cuda.toolkits if kit.get("components", {}).get("cusparse") == calls]
        made = min(kits, key=lambda kit: versions.parse(kit["version"]).key(), default=None)
        if made is None or versions.at_least(have, versions.major_minor(made["version"])) is not False:
            continue
        yield Finding(
            "cuda-library-too-old",
            jit,
            f"{jit} {have} is older than CUDA {made['version']}, of which {sparse} {calls} is: it calls symbols "
            "that the older one lacks.",
            (
                case.read(f"packages.{jit}", have),
                case.read(f"packages.{sparse}", calls),
                case.cite(f"CUDA {made['version']} has cuSPARSE {calls}", made, "components"),
            ),
            (Remedy(f"install {jit} of CUDA {versions.major_minor(made['version'])}"),),
        )
