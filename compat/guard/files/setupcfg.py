"""setup.cfg: setuptools' ``[options]`` and ``[options.extras_require]``, https://setuptools.pypa.io/en/latest/userguide/declarative_config.html."""

import configparser
import re

from compat.guard.files import BadFile, Contents, Entries, Requirement, text_of
from compat.guard.files.line import checked, of_text
from compat.guard.files.project import with_own
from compat.guard.files.pyproject import of_files
from compat.records import replace

# The parser's time grows with the square of blanks inside a line, and of the lines that it cannot read.
_INNER_BLANKS = re.compile(r"(?<=\S)[^\S\n]{2,}")
_MOST_LINES = 4000


def read(path: str) -> Contents:
    """What the project requires, with every extra. Raises BadFile."""
    text = _INNER_BLANKS.sub(" ", text_of(path))
    if text.count("\n") > _MOST_LINES:
        raise BadFile(path, 0, f"more than {_MOST_LINES:,} lines, which no setup.cfg has")
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", 0) or 0
        raise BadFile(path, line, f"not a configuration file: {str(error).splitlines()[0]}") from None
    lines = _Lines(text)
    entries = Entries(path)
    found: list[Requirement] = []
    for section, option in _options(parser):
        group = f"extra {option}" if section.endswith("extras_require") else ""
        text = parser.get(section, option)
        if text.strip().startswith("file:"):
            files = [one.strip() for one in text.strip().removeprefix("file:").split(",")]
            found += of_files(path, files, group)
            continue
        for part in text.replace(";;", ";").splitlines():
            plain = part.partition(" #")[0].strip()
            if plain and not plain.startswith("#"):
                number = lines.of(plain)
                entries.spend(number)
                one = of_text(plain, path, number)
                found += [replace(one, group=group)] if one is not None else []
    found = list(with_own(found, parser.get("metadata", "name", fallback=None), path))
    python = parser.get("options", "python_requires", fallback=None)
    return Contents("setupcfg", path, tuple(found), requires_python=checked(python.strip()) if python else None)


class _Lines:
    """Where an entry stands: mostly alone on its line, else behind the option's name."""

    def __init__(self, text: str) -> None:
        self._alone: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            for one in (line, line.partition("=")[2]):
                self._alone.setdefault(one.replace(";;", ";").partition(" #")[0].strip(), number)

    def of(self, entry: str) -> int:
        """Number of the line; 1 where it is written otherwise."""
        return self._alone.get(entry, 1)


def _options(parser: configparser.ConfigParser) -> list[tuple[str, str]]:
    found = [("options", name) for name in ("install_requires", "setup_requires", "tests_require")]
    extras = "options.extras_require"
    if parser.has_section(extras):
        found += [(extras, name) for name in parser.options(extras)]
    return [(section, name) for section, name in found if parser.has_option(section, name)]
