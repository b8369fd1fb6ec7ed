"""setup.cfg: setuptools' ``[options]`` and ``[options.extras_require]``, https://setuptools.pypa.io/en/latest/userguide/declarative_config.html."""

import configparser

from compat.guard.files import BadFile, Contents, Requirement, text_of
from compat.guard.files.line import checked, of_text


def read(path: str) -> Contents:
    """What the project requires, with every extra. Raises BadFile."""
    text = text_of(path)
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", 0) or 0
        raise BadFile(path, line, f"not a configuration file: {str(error).splitlines()[0]}") from None
    lines = text.splitlines()
    found: list[Requirement] = []
    for section, option in _options(parser):
        for part in parser.get(section, option).replace(";;", ";").splitlines():
            plain = part.partition(" #")[0].strip()
            if plain and not plain.startswith("#"):
                number = next((at for at, line in enumerate(lines, 1) if plain in line), 1)
                one = of_text(plain, path, number)
                found += [one] if one is not None else []
    python = parser.get("options", "python_requires", fallback=None)
    return Contents("setupcfg", path, tuple(found), requires_python=checked(python.strip()) if python else None)


def _options(parser: configparser.ConfigParser) -> list[tuple[str, str]]:
    found = [("options", name) for name in ("install_requires", "setup_requires", "tests_require")]
    extras = "options.extras_require"
    if parser.has_section(extras):
        found += [(extras, name) for name in parser.options(extras)]
    return [(section, name) for section, name in found if parser.has_option(section, name)]
