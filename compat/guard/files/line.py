"""One requirement in the spelling of PEP 508 (packaging reads it), or a wheel's file name."""

import re
import warnings
from functools import lru_cache

from compat import versions
from compat.guard.files import LONGEST, BadFile, Requirement
from compat.matrix.packages import normal

_WHEEL = re.compile(
    r"(?:^|/)([A-Za-z0-9][A-Za-z0-9._]*)-([0-9][^-/]*)(?:-\d[^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl(?:[#?].*)?$"
)
_NO_NAME = re.compile(r"\s*[^A-Za-z0-9\s]|[^@;\[ ]*[/\\]")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?:&|$)")
_TAG = re.compile(r"@v?(\d+\.\d+(?:\.\d+)*)(?:[#&]|$)")
_REPOSITORY = re.compile(r"^\s*(?:git|hg|svn|bzr)\+")
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[str, str, tuple[str, ...], str, str | None]:
    from packaging.requirements import Requirement as Pep508

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler, about a backslash in a marker's text: the file's, not ours
        found = Pep508(text)
    return (
        normal(found.name),
        str(found.specifier) or "*",
        tuple(sorted(found.extras)),
        str(found.marker) if found.marker else "",
        found.url,
    )


def of_text(text: str, path: str, line: int) -> Requirement | None:
    """A requirement; None for what names no package (a folder, an address without a name, an unset variable).

    Raises BadFile.
    """
    from packaging.requirements import InvalidRequirement

    if len(text) > LONGEST:
        raise BadFile(path, line, f"a requirement of more than {LONGEST:,} characters", "write NAME==1.2")
    wheel = _WHEEL.search(text.replace("%2B", "+").replace("%2b", "+"))
    try:
        if _NO_NAME.match(text):
            raise InvalidRequirement("it begins with no name")  # packaging takes ten times as long to say so
        name, spec, extras, marker, url = _parsed(text)
        if spec == "===":
            raise InvalidRequirement("=== names no release")  # which packaging lets pass
    except InvalidRequirement as error:
        if wheel is not None:
            return Requirement(normal(wheel[1]), f"=={wheel[2]}", path, line, url=text)
        egg = _EGG.search(text) if _REPOSITORY.match(text) else None
        if egg is not None:
            return Requirement(normal(egg[1]), _tagged(text), path, line, url=text)
        if _VARIABLE.search(text) or re.match(r"^(?:\.|/|[a-z+]+://|git\+)|.*[/\\]", text):
            return None
        reason = str(error).splitlines()[0]
        raise BadFile(
            path, line, f"not a requirement: {text[:80]!r} ({reason})", "write NAME, NAME==1.2 or NAME>=1,<2"
        ) from None
    if url is not None and _REPOSITORY.match(url):
        spec = _tagged(url)
    if url is not None and wheel is not None:
        spec = f"=={wheel[2]}"
    return Requirement(name, checked(spec), path, line, extras, marker, url)


def _tagged(address: str) -> str:
    """The release that a repository's tag is named for, any where it names none."""
    tag = _TAG.search(address)
    return f"=={tag[1]}" if tag else "*"


def unnamed(text: str) -> str:
    """Why a text that names no package names none."""
    if _VARIABLE.search(text):
        return "a variable that nothing here sets"
    if _REPOSITORY.match(text):
        return "a repository, and no name is written for what is in it"
    return "an address without a name" if "://" in text else "a folder or a file, and not a package of an index"


def checked(spec: str) -> str:
    """The range as our version algebra reads it; what it cannot read admits anything (an arbitrary-equality text)."""
    try:
        return versions.parse_range(spec).text
    except versions.BadVersion:
        return "*"
