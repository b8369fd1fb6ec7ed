"""Extensions compiled against one torch release, as the local part of their version names it.

Publishers of C++ and CUDA extensions build one wheel for each torch release and CUDA variant and write both into the
version: pyg-lib ``0.5.0+pt28cu128``, natten ``0.17.3+torch250cu124``, flash-attn ``2.7.4+cu12torch2.6cxx11abiTRUE``.
torch keeps no binary interface across minor releases, so the name alone tells what fits; no table is needed but for
wheels that name their CUDA alone (exllamav2 ``0.0.20+cu121``).
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Finding, Holds, Outcome, Remedy, Untold

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.base import Evidence
    from compat.rules.case import Case
    from compat.rules.subject import Subject

_ABI = re.compile(r"cxx11abi(true|false)", re.IGNORECASE)
_TORCH = re.compile(r"(?:^|[^a-z])(pt|torch)(\d+(?:\.\d+)*)", re.IGNORECASE)


def torch_of(version: str | None) -> str | None:
    """The torch release, major and minor, that a package's version names; None where it names none.

    Without dots the first digit is the major; of ``torch250`` and longer the last is the patch (natten's way), while
    ``pt210`` is 2.10 (PyG's way, which names no patch).
    """
    match = _TORCH.search(version.partition("+")[2]) if version else None
    if match is None:
        return None
    kind, digits = match[1].lower(), match[2]
    if "." in digits:
        return ".".join(digits.split(".")[:2])
    minor = digits[1:-1] if kind == "torch" and len(digits) > 2 else digits[1:]
    return f"{digits[0]}.{minor}" if minor else None


def built_for_torch(case: "Case") -> Iterator[Outcome]:
    """Is the torch that is installed the one that each package of the goal names in its version?"""
    for subject in case.subjects:
        wanted = torch_of(subject.version)
        if wanted is not None and subject.component != "torch":
            yield _judged(case, subject, wanted)
        elif wanted is None and subject.state == "installed" and subject.version is not None:
            claim = _unnamed(case, subject.component, subject.version)
            if claim is not None and (wanted := torch_of(f"0+{claim['of']}")):
                told = case.cite(
                    f"{subject.component} {claim['range']}+{claim['value']}: built for torch {wanted}", claim
                )
                yield _judged(case, subject, wanted, (told,))
            yield from _fetched(case, subject, subject.version)


def _unnamed(case: "Case", component: str, version: str) -> "Row | None":
    """What tells the torch of a wheel whose version names its CUDA alone, as the publisher's workflow has it."""
    local = version.partition("+")[2].lower()
    rows = case.matrix.traits.every(component, "compiled-against") if local else ()
    return next((row for row in rows if row["value"] == local and _admits(row["range"], version)), None)


def _admits(span: str, version: str) -> bool:
    return versions.parse_range(span).admits(version) is True


def _fetched(case: "Case", subject: "Subject", version: str) -> Iterator[Finding]:
    """A build step that fetches the wheel named for the torch at hand, and one that is named for another C++ ABI."""
    new = case.matrix.traits.claim(subject.component, "named-for-old-abi", version)
    torch = case.subject("torch")
    if new is None or "+" in version or subject.conda or subject.facts.source is not None or torch.version is None:
        return
    if case.is_windows or not is_of_pip(torch) or not versions.at_least(torch.version, new["value"]):
        return
    if abi_of_torch(case, torch) == "old":
        yield Finding(
            "package-versions-mismatch",
            subject.component,
            f"The wheel of {subject.label} for {torch.label} is compiled for the other C++ ABI than that torch.",
            (
                case.read(subject.path, version),
                case.read(torch.path, torch.version),
                case.cite(f"{subject.component} {new['range']}: wheels for torch {new['value']} have the new ABI", new),
                case.assume(f"builds.{subject.distribution}.source", "its build step fetched the published wheel"),
                case.assume(f"builds.{torch.distribution}.source", "torch is pip's own build"),
            ),
            (
                Remedy(f"install a {subject.distribution} before {new['range'].lstrip('>=')}"),
                Remedy(f"or compile {subject.distribution} on this machine"),
            ),
        )


def _other_abi(case: "Case", subject: "Subject", torch: "Subject", wanted: str) -> bool:
    """Is the wheel compiled for another C++ ABI than that of the torch which pip installs?"""
    named = _ABI.search(subject.version or "")
    if named is None or not is_of_pip(torch):
        return False
    # Some wheels named FALSE are compiled with the ABI of a torch that has the new one.
    new = case.matrix.traits.claim(subject.component, "named-for-old-abi", subject.version)
    misnamed = new is not None and versions.parse(wanted) >= versions.parse(new["value"])
    ours = "old" if named[1].lower() == "false" and not misnamed else "new"
    return abi_of_torch(case, torch) not in (None, ours)


def is_of_pip(torch: "Subject") -> bool:
    """Is it a release of torch as pip installs it? conda's, an image's and a night's have a C++ ABI of their own."""
    if torch.version is None or torch.conda or torch.facts.source not in (None, "pypi", "pytorch"):
        return False
    return not versions.parse(torch.version).is_prerelease


def names_its_abi(case: "Case", subject: "Subject") -> bool:
    """Has it a wheel for each C++ ABI, named or fetched for the torch at hand?"""
    named = case.matrix.traits.row(subject.component, "named-for-old-abi") is not None
    return named or torch_of(subject.version) is not None


def abi_of_torch(case: "Case", torch: "Subject") -> str | None:
    """The C++ ABI of pip's torch: of its release, or of its CUDA where one release has builds of both."""
    traits = case.matrix.traits
    for abi in ("old", "new"):
        if traits.holds("torch", "cxx11-abi", torch.version, abi):
            return abi
    both = traits.claim("torch", "cxx11-abi-from-cuda", torch.version)
    cuda = torch.field("cuda").known
    if both is None or not cuda:
        return None
    return "new" if versions.parse(str(cuda)) >= versions.parse(both["value"]) else "old"


def _judged(case: "Case", subject: "Subject", wanted: str, told: "tuple[Evidence, ...]" = ()) -> Outcome:
    torch = case.subject("torch")
    if torch.version is None:
        return Untold("package-versions-mismatch", subject.component, (torch.path,))
    facts = (case.read(subject.path, subject.version), case.read(torch.path, torch.version), *told)
    if versions.same_line(torch.version, wanted, 2):
        if _other_abi(case, subject, torch, wanted):
            return Finding(
                "package-versions-mismatch",
                subject.component,
                f"{subject.label} is compiled for the other C++ ABI than that of pip's {torch.label}.",
                (*facts, case.assume(f"builds.{torch.distribution}.source", "torch is pip's own build")),
                (Remedy(f"install the wheel of {subject.distribution} with the other cxx11abi in its name"),),
            )
        return Holds(
            "package-versions-mismatch", subject.component, f"{subject.label} is built for {torch.label}", facts
        )
    return Finding(
        "package-versions-mismatch",
        subject.component,
        f"{subject.label} is compiled against torch {wanted}; torch {torch.version} is installed.",
        facts,
        (
            Remedy(f"install the {subject.distribution} for torch {versions.major_minor(torch.version)}"),
            Remedy(f"or torch {wanted}"),
        ),
    )


def needs_none(case: "Case", subject: "Subject") -> bool:
    """Has its release no CUDA of its own to miss, as it runs by torch's operators? (torchaudio before 0.10)"""
    traits = case.matrix.traits
    if subject.version is None and traits.row(subject.component, "gpu-through-torch") is not None:
        found = {str(row["version"]) for row in subject.candidates}
        return bool(found) and all(traits.holds(subject.component, "gpu-through-torch", one) for one in found)
    return traits.holds(subject.component, "gpu-through-torch", subject.version) is True


def misses_its_own(case: "Case", subject: "Subject") -> "tuple[Evidence, ...]":
    """That its release has CUDA of its own, of a package of which not every one has, where the release is not told."""
    if subject.version is not None or case.matrix.traits.row(subject.component, "gpu-through-torch") is None:
        return ()
    platform = (name for name in ("os", "arch") if getattr(case.machine, name) is None)  # tells the releases as well
    return (case.assume(", ".join((subject.path, *platform)), "of a release that has CUDA of its own"),)
