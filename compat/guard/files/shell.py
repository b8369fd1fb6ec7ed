"""What shell commands install with pip, uv, conda, apt and the managers of projects, read as words; nothing is run.

What a shell would compute is unknown: it is passed over, and that is said where it stands among requirements.
"""

import json
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import dropwhile

from compat.guard.files import BadFile, Contents, kind_of
from compat.guard.files.conda import match_spec
from compat.guard.files.line import of_text, unnamed
from compat.guard.files.project import folder_of, of_folder
from compat.guard.files.stage import Bounds, Stage
from compat.guard.files.words import split

_INSTALLER = re.compile("pip|conda|mamba|apt|uv |poetry|pdm|pixi|venv|virtualenv")
_INDEX = ("-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links")
_INDEX_VARIABLES = re.compile(r"(?:PIP|UV)_(?:(?:EXTRA_|DEFAULT_)?INDEX(?:_URL)?|FIND_LINKS)")
_TORCH = "https://download.pytorch.org/whl/"
_LISTS = ("-r", "--requirement", "--requirements")
_VALUED = (
    *_INDEX,
    "-c",
    "--constraint",
    "--python",
    "-p",
    "--target",
    "-t",
    "--prefix",
    "--cache-dir",
    "--trusted-host",
    "--timeout",
    "--retries",
    "-n",
    "--name",
    "--channel",
    "--index-strategy",
    "--torch-backend",
    "--no-binary",
    "--only-binary",
    "--platform",
    "--extra",
    "--group",
    "-G",
    "-E",
    "--extras",
    "--source",
)
_CONDA = ("conda", "mamba", "micromamba")
_CONDA_VALUED = ("-c", "--channel", "-n", "--name", "-p", "--prefix")
# Managers of projects: their word for adding packages, and those that install what the project's file says.
_PROJECTS = {
    "uv": (("add",), ("sync",)),
    "poetry": (("add",), ("install", "sync")),
    "pdm": (("add",), ("install", "sync")),
    "pixi": (("add",), ("install",)),
}
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_ASSIGNED = re.compile(r"^[A-Za-z_]\w*=")
_COMPUTED = re.compile(r"[`$*]|^[<>&|]")


def commands(said: Iterable[tuple[int, str]], path: str) -> Stage:
    """What shell commands (line, text) install, of a file that lies beside what they name."""
    stage = Stage(None, Bounds(path))
    beside = os.path.dirname(path)
    stage.found = lambda name: _inside(beside, name)
    for number, text in said:
        run(text, stage, path, number)
    return stage


def _inside(folder: str, name: str) -> str | None:
    """The file of this name in a folder, and nowhere above it."""
    whole = os.path.normpath(os.path.join(folder, name))
    kept = "\0" not in name and not os.path.isabs(name) and not os.path.normpath(name).startswith("..")
    return whole if kept and os.path.exists(whole) else None


def run(rest: str, stage: Stage, path: str, number: int) -> None:
    """A shell command line. Raises BadFile where it asks for too much."""
    text = stage.bounds.filled(re.sub(r"^(?:--\S+\s+)+", "", rest), stage.environment, number)
    variables: dict[str, str] = {}  # of the shell itself: they hold up to the end of the line, as does its folder
    found = stage.found
    for said in _commands(text) if _INSTALLER.search(text) else ():
        said = list(_expanded(said, variables, stage.bounds, number)) if variables else said
        words = list(dropwhile(_before_program, said))
        if not words or words[0] == "export":
            variables.update(dict(word.split("=", 1) for word in said if _ASSIGNED.match(word)))
            continue
        set_here = dict(word.split("=", 1) for word in said[: len(said) - len(words)] if "=" in word)
        words = _program(words)
        if not words:
            continue
        program = words[0].rpartition("/")[2]
        if program == "cd" and len(words) == 2:
            stage.found = _below(stage.found, words[1])
            continue
        if re.fullmatch(r"pip[\d.]*", program) and "install" in words[1:4]:
            _pip(words[words.index("install") + 1 :], stage, path, number, set_here)
        elif program == "pip" and words[1:2] == ["sync"]:
            lists = [one for word in words[2:] for one in (("-r", word) if word[:1] != "-" else (word,))]
            _pip(lists, stage, path, number, set_here)
        elif program in _CONDA and {"install", "create", "update"} & set(words[1:4]):
            _conda(words[1:], stage, path, number)
        elif program in ("venv", "virtualenv"):
            stage.made += [value for option, value in _options(words[1:]) if not option]
            stage.named = False
        elif program in _PROJECTS:
            _project(program, words[1:], stage, path, number)
        elif program in ("apt", "apt-get") and "install" in words:
            _system([word for word in words[words.index("install") + 1 :] if not word.startswith("-")], stage, number)
    stage.found = found


def _below(found: Callable[[str], str | None], folder: str) -> Callable[[str], str | None]:
    """Where files lie for a shell that has gone into a folder."""
    return lambda name: found(posixpath.join(folder, name))


def _program(words: list[str]) -> list[str]:
    """The command without what starts it in an environment: ``python -m``, ``uv``, ``conda run -n NAME``."""
    if len(words) > 2 and re.match(r"^(?:.*/)?python[\d.]*$", words[0]) and words[1:3] == ["-m", "pip"]:
        return ["pip", *words[3:]]
    if len(words) > 2 and re.match(r"^(?:.*/)?python[\d.]*$", words[0]) and words[1:3] == ["-m", "venv"]:
        return words[2:]
    if words[:2] == ["uv", "pip"]:
        return words[1:]
    name = words[0].rpartition("/")[2] if words else ""
    if words[1:2] == ["run"] and (name in _CONDA or name in _PROJECTS):
        inner = next(
            (at for at, word in enumerate(words) if at > 1 and re.match(r"^(?:pip|python)[\d.]*$", word)), None
        )
        return [] if inner is None else _program(words[inner:])
    if name == "uv" and words[1:2] == ["venv"]:
        return ["uv", "venv", *words[2:]]
    return words


def _before_program(word: str) -> bool:
    return word in ("sudo", "exec", "command", "time", "then", "do", "!") or _ASSIGNED.match(word) is not None


def _expanded(words: list[str], variables: Mapping[str, str], bounds: "Bounds", number: int) -> Iterator[str]:
    """The words with the shell's variables; one that is nothing but a variable is split, as outside of quotes."""
    for word in words:
        made = bounds.filled(word, variables, number) if "$" in word else word
        alone = made != word and re.fullmatch(r"\$\w+|\$\{\w+\}", word)
        yield from split(made) if alone else (made,)


def _commands(text: str) -> Iterator[list[str]]:
    if text.lstrip().startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            yield words
            return
    words = []
    for word in split(text, signs=True):
        if word.startswith("#") and "\n" not in text:
            break  # a comment, up to the end of the line
        if word and set(word) <= set(";&|()<>"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """(option, value) of each option and ("", word) of each other word."""
    at = 0
    while at < len(words):
        option, equal, value = words[at].partition("=")
        at += 1
        if not option.startswith("-"):
            yield "", words[at - 1]
            continue
        if not equal and (option in _VALUED or option in _LISTS or option in ("-e", "--editable")) and at < len(words):
            value, at = words[at], at + 1
        yield option, value


def _pip(words: list[str], stage: Stage, path: str, number: int, variables: Mapping[str, str]) -> None:
    before, known = len(stage.requirements), len(stage.indexes)
    stage.indexes += _of_variables({**stage.environment, **variables})
    options = list(_options(words))
    extras = [value for option, value in options if option == "--extra"]
    for option, value in options:
        if option in ("", "-e", "--editable"):
            _package(value, stage, path, number)
        elif option in _INDEX and value:
            stage.indexes.append(value)
        elif option in ("--prefix", "--target", "-t") and value:
            stage.made.append(value)
        elif option == "--torch-backend" and value:
            stage.indexes.append(_TORCH + value.replace("auto", ""))
        elif option in (*_LISTS, "-c", "--constraint") and value:
            file = stage.found(value)
            if file is None or not os.path.isfile(file):
                stage.skip(f"{option} {value}", path, number, "that file is not here")
                continue
            contents = _list_of(file, extras)
            if option in ("-c", "--constraint"):
                contents = replace(contents, requirements=(), constraints=contents.requirements)
            stage.draw(contents, number)
    _from_here(stage, before, known)


def _list_of(file: str, extras: Sequence[str]) -> Contents:
    """What a file behind ``-r`` asks for; uv takes a project's manifest there, with the extras that are named."""
    from importlib import import_module

    kind = kind_of(file) if file.endswith((".toml", ".py", ".cfg")) else "requirements"
    contents: Contents = import_module(f"compat.guard.files.{kind}").read(file)
    wanted = ["", *(f"extra {extra}" for extra in extras)]
    return replace(contents, requirements=tuple(one for one in contents.requirements if one.group in wanted))


def _of_variables(variables: Mapping[str, str]) -> list[str]:
    """The indexes that variables name to pip and uv."""
    return [one for name, value in variables.items() if _INDEX_VARIABLES.fullmatch(name) for one in value.split()]


def _from_here(stage: Stage, before: int, known: int) -> None:
    """What one command asks for comes from the indexes that it names itself, and not from those of another: of the
    stage's lists what stands behind these places."""
    own = tuple(dict.fromkeys(stage.indexes[known:]))
    stage.requirements[before:] = [replace(one, indexes=own) for one in stage.requirements[before:]]


def _package(word: str, stage: Stage, path: str, number: int) -> None:
    """A requirement, or a folder with a project; one that is neither (a shell's doing) is passed over."""
    project = folder_of(word)
    if project is not None:
        folder = stage.found(project[0])
        own = of_folder(folder, project[1]) if folder is not None and os.path.isdir(folder) else ()
        stage.bounds.spend(number, 1 + len(own))
        stage.requirements += own
        if not own:
            stage.skip(word, path, number, unnamed(word))
        return
    stage.bounds.spend(number)
    try:
        found = of_text(word, path, stage.line_of(word, number))
    except BadFile:
        if _COMPUTED.search(word):
            stage.skip("$(...)" if word == "$" else word, path, number, "what the shell makes of it")
        return
    if found is not None:
        stage.requirements.append(found)
    else:
        stage.skip(word, path, number, unnamed(word))


def _conda(words: list[str], stage: Stage, path: str, number: int) -> None:
    from compat.guard.files.conda import read as environment
    from compat.guard.files.requirements import read as listed

    verb = next((at for at, word in enumerate(words) if word in ("install", "create", "update")), 0)
    valued = ""
    for word in words[verb + 1 :]:
        option, equal, value = word.partition("=")
        if valued in ("-f", "--file") or (option == "--file" and equal):
            named = value if option == "--file" and equal else word
            file = stage.found(named)
            if file is None or not os.path.isfile(file):
                stage.skip(f"--file {named}", path, number, "that file is not here")
            else:
                stage.draw((environment if file.endswith((".yml", ".yaml")) else listed)(file), number)
            valued = ""
            continue
        if valued or word.startswith("-"):
            valued = word if not valued and word in (*_CONDA_VALUED, "-f", "--file") else ""
            continue
        stage.bounds.spend(number)
        try:
            found = match_spec(word, path, stage.line_of(word, number))
        except BadFile:
            continue
        if found.name == "python":
            line = _VERSION.search(found.range)
            if line:
                stage.python, stage.named = (line[0], number), False
        else:
            stage.requirements.append(found)


def _project(program: str, words: list[str], stage: Stage, path: str, number: int) -> None:
    """``uv add NAME``, ``poetry install``: packages, or all that the project in this folder asks for."""
    adds, installs = _PROJECTS[program]
    if words[:1] and words[0] in adds:
        as_conda = program == "pixi" and "--pypi" not in words
        before, known = len(stage.requirements), len(stage.indexes)
        for option, value in _options(words[1:]):
            if not option and as_conda:
                _conda(["install", value], stage, path, number)
            elif not option:
                _package(_as_requirement(value), stage, path, number)
            elif option in _INDEX and value:
                stage.indexes.append(value)
        _from_here(stage, before, known)
    elif words[:1] and words[0] in installs:
        folder = stage.found(".")
        extras = [value for option, value in _options(words[1:]) if option in ("--extra", "-E", "--extras") and value]
        extras = [one for value in extras for one in value.split()]
        own = of_folder(folder, tuple(extras), groups=True) if folder is not None else ()
        if program == "uv":
            _uv_python(words[1:], stage, number)
        stage.bounds.spend(number, 1 + len(own))
        stage.requirements += own
        if not own:
            stage.skip(" ".join([program, *words[:1]]), path, number, "the project's files are not here")
    elif program == "uv" and words[:1] == ["venv"]:
        _uv_python(words[1:], stage, number)
    elif program == "uv" and words[:2] == ["python", "install"] and _VERSION.fullmatch(words[-1]):
        stage.python, stage.named = (words[-1], number), False


def _uv_python(words: list[str], stage: Stage, number: int) -> None:
    """The environment that uv makes: its folder, and its Python, of the option, else of the variable."""
    plain = [value for option, value in _options(words) if not option]
    stage.made.append(plain[0] if plain else ".venv")
    said = [value for option, value in _options(words) if option in ("-p", "--python")]
    line = next(iter(said), stage.environment.get("UV_PYTHON", ""))
    if _VERSION.fullmatch(line):
        stage.python, stage.named = (line, number), False


def _as_requirement(word: str) -> str:
    """Poetry's ``torch@^2.1`` and ``torch@2.1.0`` in pip's words."""
    name, at, spec = word.partition("@")
    if not at or "://" in spec or not re.fullmatch(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?", name):
        return word
    from compat.guard.files.tables import poetry_range

    text = "" if spec == "latest" else poetry_range(spec)
    return name + ("" if text == "*" else text)


def _system(names: list[str], stage: Stage, number: int) -> None:
    """Debian packages; one may be the Python that is worked with."""
    stage.system += names
    lines = [
        match[1]
        for match in (re.fullmatch(r"python(3\.\d+)(?:-(?:dev|venv|full|distutils))?", one) for one in names)
        if match
    ]
    if lines:
        stage.python, stage.named = (lines[0], number), True
