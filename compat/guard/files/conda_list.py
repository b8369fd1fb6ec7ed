"""What ``conda list --export`` and ``--explicit`` write, which projects keep as requirements.txt or spec-file.txt.

``NAME=RELEASE=BUILD`` a line (``pypi_0`` marks what pip installed), or the address of each package's archive
(https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html).
"""

import re

from compat import versions
from compat.guard.files import LONGEST, Contents, Requirement, bounded, text_of
from compat.guard.files.conda import name_of
from compat.guard.files.line import checked

_EXPORTED = re.compile(r"^([A-Za-z0-9_][A-Za-z0-9_.-]*)=([^=<>!~,\s]+)=([^=\s]+)$")
_ARCHIVE = re.compile(r"^https?://\S+/([^/\s]+)-([^-/\s]+)-([^-/\s]+)\.(?:conda|tar\.bz2)(?:#\S*)?$")


def read(path: str) -> Contents | None:
    """The packages, None for a file of another form. Raises BadFile."""
    lines = [
        (number, line.strip())
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#") and len(line) <= LONGEST
    ]
    if not lines or not (lines[0][1] == "@EXPLICIT" or _EXPORTED.match(lines[0][1])):
        return None
    found: list[Requirement] = []
    python: tuple[str, int] | None = None
    for number, line in bounded(lines, path):
        match = _EXPORTED.match(line) or _ARCHIVE.match(line)
        if match is None:
            continue
        name, release, build = name_of(match[1]), match[2], match[3]
        if name == "python":
            python = (release, number) if versions.try_parse(release) else python
        else:
            of_pip = build.startswith("pypi")
            spec = checked(f"=={release}")
            found.append(Requirement(name, spec, path, number, build=None if of_pip else build, conda=not of_pip))
    return Contents(
        "conda-list",
        path,
        tuple(found),
        python=python[0] if python else None,
        python_line=python[1] if python else 0,
    )
