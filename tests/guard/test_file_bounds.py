"""No file makes its reader slow or large: what grows with the square of the input, and what one line can make of it."""

from __future__ import annotations

import json
import shlex
import time
import tracemalloc
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.guard.files import MOST, BadFile, read
from compat.guard.files.words import LONGEST, filled, split

N = 100_000
BOMBS = {
    "requirements.txt": {
        "blanks": "torch==2.6" + " " * 2 * N + "x",
        "blanks before an option": "torch==2.6" + " " * 2 * N + "--hashes",
        "lines": "\n".join(f"a{number}==1.0" for number in range(N)),
        "folders": "./a\n" * 2 * N,
        "addresses": "a/b\n" * 2 * N,
        "itself": "-r requirements.txt\n" * N,
        "a file's name": "-r " + "x/" * N,
        "wheels": "/a-1-b-c-d.whl#" * (N // 4) + "\n",
        "continued": "a \\\n" * N,
        "comments": " #" * 2 * N,
        "marker": "torch; " + "(" * N,
        "extras": "torch[" + "a," * N,
        "long range": "torch" + ">=1," * N,
    },
    "pyproject.toml": {
        "dotted": "[" + "a." * N + "a]\n",
        "quoted": "[" + '"a" . ' * N + "a]\n",
        "dotted key": "a." * N + "a = 1\n",
        "tables": "[[a]]\n" * N,
        "own extras": '[project]\nname = "x"\n[project.optional-dependencies]\n'
        + "".join(f'e{n} = ["x[e{n + 1}]", "a{n}"]\n' for n in range(2000)),
        "included groups": "[dependency-groups]\n"
        + "".join(f'g{n} = [{{include-group = "g{n + 1}"}}, "a{n}"]\n' for n in range(2000)),
        "lists": "a = [" + "[]," * 2 * N + "]\n",
        "objects": "a = [" + "{a=1}," * N + "]\n",
        "nested": "a = " + "[" * 2 * N,
        "word": "a" * 5 * N,
        "blanks": "a" + " " * 5 * N + "b",
        "dependencies": "[project]\ndependencies = [" + ",\n".join(f'"a{number}"' for number in range(N)) + "]\n",
        "few dependencies": "[project]\ndependencies = [" + ",\n".join(f'"a{n}"' for n in range(MOST)) + "]\n",
        "one line": "[project]\ndependencies = [" + ",".join(f'"a{n}"' for n in range(MOST)) + "]\n",
        "quotes": "[project]\ndependencies = ['''" + "\"'" * N + "''']\n",
        "poetry": "[tool.poetry.dependencies]\n" + "\n".join(f"a{number} = '1'" for number in range(N)),
        "constraints": "[tool.poetry.dependencies]\na = [" + "'^1'," * N + "]\n",
    },
    "pylock.toml": {
        "packages": 'lock-version = "1.0"\n' + '[[packages]]\nname = "a"\nversion = "1"\n' * 30_000,
        "many packages": 'lock-version = "1.0"\n' + '[[packages]]\nname = "a"\nversion = "1"\n' * MOST,
        "empty": 'lock-version = "1.0"\n' + "[[packages]]\n" * N,
    },
    "environment.yml": {
        "entries": "dependencies:\n" + "- a\n" * 2 * N,
        "flow": "dependencies: [" + "a, " * 2 * N + "]",
        "blanks": "dependencies:\n- a" + " " * 4 * N + "=1",
        "pip": "dependencies:\n- pip:\n" + "  - ./a\n" * N,
        "range": "dependencies:\n- a=" + "=1" * N,
    },
    "Dockerfile": {
        "words of one line": "FROM a\nRUN pip install " + " ".join(f"a{n}-" for n in range(MOST)) + "\n",
        "doubled": "FROM a\nENV A=aaaaaaaa\n" + "ENV A=$A$A$A$A\n" * 20 + "RUN pip install " + "$A" * N,
        "variables": "FROM a\nENV A=" + "a" * N + "\n" + "RUN $A\n" * N,
        "words": "FROM a\nRUN pip install " + "a " * 2 * N,
        "folders": "FROM a\nRUN pip install " + "./a " * 30_000,
        "commands": "FROM a\n" + "RUN pip install ./a\n" * 30_000,
        "assigned": "FROM a\nRUN " + "A=b " * 30_000 + "pip install x",
        "options": "FROM a\nRUN " + "--a  " * N,
        "copied": "FROM a AS b\nRUN pip install " + "a " * 5000 + "\nFROM c\n" + "COPY --from=b /venv /venv\n" * 9999,
        "shell's variables": "FROM a\nRUN A=bb " + "&& A=$A$A " * 20_000 + "&& pip install $A",
        "stages": "FROM a AS b\nENV " + "A=b " * 20_000 + "\n" + "FROM b AS c\n" * N,
        "named stages": "FROM a AS b\n" + "".join(f"FROM b AS c{number}\nENV A{number}=b\n" for number in range(9999)),
        "heredocs": "FROM a\nRUN " + "<<EOF " * N + "\npip install a\nEOF\n",
        "arguments": "FROM a\n" + "ARG A\n" * N,
        "list": "FROM a\nRUN " + "[" * N,
        "shell": "FROM a\nRUN pip install 'a" + ";" * N,
    },
    "setup.py": {
        "list": "setup(install_requires=[" + "'a'," * 50_000 + "])",
        "nested": "setup(install_requires=" + "(" * N,
        "sum": "a = []\n" + "a += ['x']\n" * 20_000 + "setup(install_requires=a)",
        "appended": "a = []\n" + "a.append('x')\n" * 8_000 + "setup(install_requires=a)",
        "long": "x = 1\n" * 2 * N,
        "doubling": "a0 = ['x']\n"
        + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(35))
        + "setup(install_requires=a35)",
    },
    "README.md": {
        "lines": "```\n" + "pip install a\n" * N,
        "long": "```\n" + "pip" * N + "\n" + "pip install " + "a " * N,
    },
    "cog.yaml": {
        "entries": "build:\n  python_packages:\n" + "".join(f"    - a{number}\n" for number in range(N)),
        "blanks": "build:\n  " + " " * N + "x\n",
    },
    "Pipfile": {"entries": "[packages]\n" + "".join(f'a{number} = "*"\n' for number in range(N))},
    "uv.lock": {"entries": "".join(f'[[package]]\nname = "a{n}"\nversion = "1"\n' for n in range(N // 4))},
    "spec-file.txt": {
        "entries": "".join(f"a{number}=1=b\n" for number in range(N)),
        "dashes": "@EXPLICIT\nhttps://x/" + "-" * N + ".conda\n",
    },
    "setup.cfg": {
        "entries": "[options]\ninstall_requires =\n" + "\n".join(f"  a{number}" for number in range(N)),
        "blanks": "[options]\na" + " " * 2 * N + "b\n",
        "no options": "[options]\n" + "0\n" * N,
        "few of them": "[options]\n" + "0\n" * 3990,
        "blanked lines": "[options]\n" + ("a" + " " * 1000 + "b=\n") * 500,
    },
    "a.ipynb": {
        "lists": '{"cells": [' + "[]," * 3 * N + "[]]}",
        "lines": json.dumps({"cells": [{"cell_type": "code", "source": ["!pip install a\n"] * 30_000}]}),
        "words": json.dumps({"cells": [{"cell_type": "code", "source": "!" + "pip " * N}]}),
    },
}


@pytest.mark.parametrize(
    ("name", "bomb"), [(name, bomb) for name, bombs in BOMBS.items() for bomb in bombs], ids=lambda text: text
)
def test_a_bomb_is_read_or_refused_in_time(name: str, bomb: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(BOMBS[name][bomb], encoding="utf-8")
    begin = time.process_time()
    said = ("", "hint")
    try:
        read(str(path))
    except BadFile as error:
        said = str(error), error.hint
    assert time.process_time() - begin < 2.5  # 1 s where nothing else runs
    assert said[1]
    assert len(said[0]) < 600


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_takes_much_memory(name: str, tmp_path: Path) -> None:
    for bomb in BOMBS[name].values():
        path = tmp_path / name
        path.write_text(bomb[: 3 << 16] if len(bomb) > 2000 else "", encoding="utf-8")  # measuring makes it slow
        tracemalloc.start()
        try:
            read(str(path))
        except BadFile:
            pass
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 64 << 20


def test_a_file_of_many_entries_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("a\n" * MOST)
    assert len(read(str(path)).requirements) == MOST
    path.write_text("a\n" * (MOST + 1))
    with pytest.raises(BadFile, match="more than 10,000 entries") as refused:
        read(str(path))
    assert refused.value.hint == "give the files one by one"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", 'torch; platform_release == "\\d"\n'),
        ("setup.py", "x = '\\d'\nsetup(install_requires=['torch; python_version > \"\\\\d\"'])\n"),
    ],
)
def test_what_the_compiler_thinks_of_a_files_text_is_not_said(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(str(path))


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="ab $\"'\\;&|()<>=-\t\n{}#é", max_size=40), st.booleans())
def test_words_are_those_of_shlex(text: str, signs: bool) -> None:
    reader = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>" if signs else "")
    reader.whitespace_split = True
    reader.commenters = ""
    try:
        words = list(reader)
    except ValueError:
        words = text.split()
    assert split(text, signs) == words


def test_what_variables_grow_to_is_bounded() -> None:
    assert len(filled("$A" * 1000, {"A": "a" * 1000})) == LONGEST
    assert filled("a$A${B:-c}${C:+d}$D", {"A": "1"}) == "a1c$D"


@pytest.mark.parametrize(
    "text",
    [
        "[[source]]\nname = {a = 1}\nurl = 'https://x'\n[packages]\ntorch = '*'\n",
        "[[source]]\nname = 'a'\nurl = []\n[packages]\ntorch = {index = {b = 1}, version = 2}\n",
    ],
)
def test_a_pipfile_whose_names_are_tables_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text(text, encoding="utf-8")
    assert [(one.name, one.range) for one in read(str(tmp_path / "Pipfile")).requirements] == [("torch", "*")]
