"""What is compiled against torch and published for each of its builds: is it for the one that is installed?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.names import OF_TORCH
from compat.records import replace
from compat.rules.base import Evidence, Finding, Remedy
from compat.rules.case import Case
from compat.rules.packages.extensions import abi_of_torch, is_of_pip, misses_its_own, names_its_abi, needs_none
from compat.rules.subject import Subject, gpus_of_local

if TYPE_CHECKING:
    from compat.matrix import Row


def built_beside_torch(case: Case) -> Iterator[Finding]:
    """What is built for another CUDA, another C++ ABI or other GPUs than the torch beside it."""
    torch = case.subject("torch")
    if torch.state == "installed" and any(one.component == torch.component for one in case.subjects):
        yield from _of_the_other_kind(case, torch)
        yield from _of_another_cuda(case, torch)
        yield from _of_the_other_abi(case, torch)


def _of_the_other_kind(case: Case, torch: Subject) -> Iterator[Finding]:
    """What is linked to torch is of its kind: for CUDA, for ROCm, or for no GPU.

    A build for a GPU links that half of torch, and does not load beside a torch without it. One for none loads, and
    its operators refuse what lies on the GPU: a fault of what uses them, a word to who uses torch alone.
    """
    theirs = torch.field("cuda").known
    for subject in map(case.subject, OF_TORCH) if theirs is not None else ():
        ours, meant = subject.field("cuda").known, case.goal.object == subject.component
        if subject.state != "installed" or ours is None:
            continue
        kind = gpus_of_local(subject.version)
        half = case.matrix.traits.claim("torch", "gpu-half", torch.version, kind) if kind else None
        if half is not None and kind != gpus_of_local(torch.version) and meant:
            said = f"links {half['value']}, which {torch.label} has not: it does not load."
            yield _built_apart(subject, torch, said, case.cite(f"builds for {kind} link {half['value']}", half))
        elif ours and theirs is False and meant:
            said = f"is the build for CUDA {ours}; {torch.label} has no CUDA: its operators do not load."
            yield _built_apart(subject, torch, said)
        elif theirs and ours is False and case.goal.runs_on_gpu and not needs_none(case, subject):
            said = f"has no CUDA; {torch.label} has CUDA {theirs}: its operators do not run on the GPU."
            found = _built_apart(subject, torch, said, *misses_its_own(case, subject))
            yield replace(found, severity="error" if meant else "warning")


def _of_another_cuda(case: Case, torch: Subject) -> Iterator[Finding]:
    """torchaudio and torchvision compare their CUDA with torch's at import, some releases to the minor, and raise."""
    theirs = torch.field("cuda").known
    for subject in case.subjects:
        checked = _compares_minors(case, subject, torch)
        ours = subject.field("cuda").known
        if checked is None or subject.state != "installed" or not ours or not theirs:
            continue
        if versions.same_line(str(ours), str(theirs), 2) is not False:
            continue
        said = f"is the build for CUDA {ours}, {torch.label} that for {theirs}: it refuses to load."
        why = case.cite(f"{subject.label} compares both at import, to the minor", checked)
        yield _built_apart(subject, torch, said, why, *_of_releases(case, subject, torch))


def _of_the_other_abi(case: Case, torch: Subject) -> Iterator[Finding]:
    """Of a torch release with builds of both C++ ABIs the CUDA tells which one a build has, and what is compiled
    against it has the same: xformers for torch 2.6 of CUDA 12.4 does not load in that of CUDA 12.6."""
    both = case.matrix.traits.claim("torch", "cxx11-abi-from-cuda", torch.version)
    if both is None or not is_of_pip(torch) or case.is_windows or case.machine.arch == "aarch64":
        return
    for subject in case.subjects:
        # What it was built with is told, or the same of every build: of several the usual one is no more than likely.
        sure = subject.component not in case.assumed
        cuda = subject.field("cuda").known if sure else subject.facts.cuda or subject.local_cuda
        if subject.state != "installed" or not cuda or names_its_abi(case, subject) or not _pins(case, subject, torch):
            continue
        if _compares_minors(case, subject, torch) is not None:
            continue  # it says so itself
        other = abi_of_torch(case, replace(torch, facts=replace(torch.facts, cuda=str(cuda))))
        if {other, abi_of_torch(case, torch)} == {"old", "new"}:
            said = f"is compiled against torch of CUDA {cuda}, of another C++ ABI than {torch.label}: it does not load."
            taken = case.assume(f"builds.{torch.distribution}.source", "torch is pip's own build")
            which = (
                f"builds of torch {both['range']} from CUDA {both['value']} on have the new C++ ABI, others the old one"
            )
            yield _built_apart(subject, torch, said, case.cite(which, both), taken)


def _pins(case: Case, subject: Subject, torch: Subject) -> bool:
    """Is it compiled against this very release of torch, as every build that it can be pins it?"""
    packages = case.matrix.packages
    public = versions.parse(torch.version or "").public
    return bool(subject.candidates) and all(
        any(
            packages.component(name) == "torch" and versions.parse_range(spec).pinned == public
            for name, spec, _ in packages.pins(row)
        )
        for row in subject.candidates
    )


def _built_apart(subject: Subject, torch: Subject, said: str, *more: Evidence) -> Finding:
    """Of what is linked to torch: built for another CUDA than this torch is."""
    facts = [
        Evidence(f"{one.label}: {f'CUDA {cuda.known}' if cuda.known else 'no CUDA'}", cuda.source)
        for one in (subject, torch)
        for cuda in (one.field("cuda"),)
    ]
    remedy = Remedy(f"install {subject.distribution} from the index that torch is from")
    message = f"{subject.label} {said}"
    return Finding("package-versions-mismatch", subject.component, message, (*facts, *more), (remedy,))


def _of_releases(case: Case, subject: Subject, torch: Subject) -> Iterator[Evidence]:
    """That its release, where it is not told, is one of those that go with torch's, or with those that torch can be."""
    if subject.version is None:
        yield case.assume(f"packages.{subject.distribution}", f"a release that goes with {torch.label}")
        if torch.version is None:
            yield case.assume(f"packages.{torch.distribution}", "one of the published builds for its CUDA")


def _compares_minors(case: Case, subject: Subject, torch: Subject) -> "Row | None":
    """Does it refuse another CUDA minor? Of a release that is not told: do all that go with torch's release?"""
    releases = {subject.version}
    if subject.version is None:
        theirs = {torch.version} if torch.version else {str(row["version"]) for row in torch.candidates}
        releases = {
            row["range"].removeprefix("==")
            for row in case.matrix.packages.pairs.get(normal(subject.distribution), [])
            for release in theirs
            if row["other"] == "torch" and versions.parse_range(row["fits"]).pinned == versions.parse(release).base
        }
    claims = [case.matrix.traits.claim(subject.component, "cuda-same-minor", release) for release in releases]
    return claims[0] if claims and None not in claims else None
