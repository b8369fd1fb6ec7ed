"""setup.py, read as a syntax tree and never executed.

Found are the arguments of the call of ``setup``: text, lists, tuples and mappings of text, joined ones (``A + B``),
names that lines assigned such values to, or appended them to, and f-strings of such names. So are requirements that
are looked up by their names in a table of all of them, one by one or by a function of names (``deps_list("torch")``).
What a program would compute (a file that it opens, a variable of the process) stays unknown and is left out.
"""

import ast
import re
import warnings
from collections.abc import Iterator

from compat.guard.files import BadFile, Contents, Entries, Requirement, text_of
from compat.guard.files.line import checked, of_text
from compat.guard.files.project import with_own
from compat.records import replace

_LISTS = ("install_requires", "setup_requires", "tests_require")
_LARGEST = 1 << 17  # characters; a syntax tree takes some hundred times as much memory
_DEPTH = 40  # of expressions and of names that stand for names
_COPIES = ("list", "tuple", "sorted", "copy", "deepcopy")  # calls whose value is that of their argument


class _Names(dict[str, ast.expr]):
    """What names stand for. ``left``: expressions that are still looked into, as names may stand for each other.
    ``tables``: function that answers what a table has under the names that it is given -> that table."""

    left = 100_000

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, str] = {}


def read(path: str) -> Contents:
    """What the project requires, with every extra. Raises BadFile."""
    text = text_of(path)
    if len(text) > _LARGEST:
        raise BadFile(path, 0, f"longer than {_LARGEST >> 10} KiB, which no setup.py is")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the compiler's, about the file's own text
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadFile(path, getattr(error, "lineno", 0) or 0, f"not Python: {error}") from None
    names = _assigned(tree)
    found: list[Requirement] = []
    entries = Entries(path)
    python: str | None = None
    own: str | None = None
    for call in _calls(tree):
        for keyword in call.keywords:
            if keyword.arg in _LISTS:
                found += _requirements(_texts(keyword.value, names, 0), path, entries)
            elif keyword.arg == "extras_require":
                for group, texts in _of_mapping(keyword.value, names):
                    found += (replace(one, group=group) for one in _requirements(texts, path, entries))
            elif keyword.arg == "name":
                own = next((text for text, _ in _texts(keyword.value, names, 0)), own)
            elif keyword.arg == "python_requires":
                python = next((text for text, _ in _texts(keyword.value, names, 0)), python)
    found = list(with_own(found, own, path))
    return Contents("setuppy", path, tuple(found), requires_python=checked(python) if python else None)


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "setup":
            yield node


def _assigned(tree: ast.Module) -> _Names:
    """What module-level names stand for; the last assignment counts."""
    found = _Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.Assign) and (entry := _entry_of(node)) is not None and entry[0] in found:
            found[entry[0]] = _with_entry(found[entry[0]], entry[1], node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node.value
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id in found:
            before = found[node.target.id]
            found[node.target.id] = ast.copy_location(ast.BinOp(before, ast.Add(), node.value), node)
        elif isinstance(node, ast.Call) and (name := _added_to(node)) in found:
            more = ast.List(node.args, ast.Load()) if node.func.attr == "append" else node.args[0]  # type: ignore[attr-defined]
            found[name] = ast.copy_location(ast.BinOp(found[name], ast.Add(), more), node)
        elif isinstance(node, ast.FunctionDef) and (table := _table_of(node)) is not None:
            found.tables[node.name] = table
    return found


def _table_of(function: ast.FunctionDef) -> str | None:
    """The table of ``def deps_list(*names): return [deps[name] for name in names]``."""
    last = function.body[-1]
    made = last.value.elt if isinstance(last, ast.Return) and isinstance(last.value, ast.ListComp) else None
    looks_up = function.args.vararg is not None and isinstance(made, ast.Subscript) and isinstance(made.slice, ast.Name)
    return made.value.id if looks_up and isinstance(made.value, ast.Name) else None  # type: ignore[union-attr]


def _entry_of(node: ast.Assign) -> tuple[str, ast.Constant] | None:
    """The name and the key of ``NAME["key"] = ...``."""
    target = node.targets[0]
    if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and len(node.targets) == 1):
        return None
    return (target.value.id, target.slice) if isinstance(target.slice, ast.Constant) else None


def _with_entry(whole: ast.expr, key: ast.Constant, value: ast.expr) -> ast.expr:
    """The mapping with one entry more; what is none stays as it is."""
    if not isinstance(whole, ast.Dict):
        return whole
    return ast.copy_location(ast.Dict([*whole.keys, key], [*whole.values, value]), whole)


def _added_to(node: ast.Call) -> str:
    """The list that ``NAME.append(...)`` or ``NAME.extend(...)`` adds to; empty for any other call."""
    called = node.func
    adds = isinstance(called, ast.Attribute) and called.attr in ("append", "extend") and len(node.args) == 1
    return called.value.id if adds and isinstance(called.value, ast.Name) else ""  # type: ignore[attr-defined]


def _texts(node: ast.expr, names: _Names, depth: int) -> Iterator[tuple[str, int]]:
    """(text, line) of every constant that the expression surely has."""
    names.left -= 1
    if depth > _DEPTH or names.left < 0:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for one in node.elts:
            yield from _texts(one, names, depth + 1)
    elif isinstance(node, ast.Starred):
        yield from _texts(node.value, names, depth + 1)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _texts(node.left, names, depth + 1)
        yield from _texts(node.right, names, depth + 1)
    elif isinstance(node, ast.Name) and node.id in names:
        yield from _texts(names[node.id], names, depth + 1)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
        yield from _looked_up(node.value.id, node.slice.value, names, depth)
    elif isinstance(node, ast.JoinedStr):
        parts = [_part(one, names, depth) for one in node.values]
        if None not in parts:
            yield "".join(part for part in parts if part), node.lineno
    elif isinstance(node, ast.Call) and _called(node) in _COPIES:
        for one in node.args[:1]:
            yield from _texts(one, names, depth + 1)
    elif isinstance(node, ast.Call) and (table := names.tables.get(_called(node))) is not None:
        for one in node.args:
            if isinstance(one, ast.Constant):
                yield from _looked_up(table, one.value, names, depth)


def _looked_up(table: str, key: object, names: _Names, depth: int) -> Iterator[tuple[str, int]]:
    """``deps["torch"]`` of a table of requirements: one that is written out, or that is made of a list of them, where
    each stands under its own name."""
    whole = names.get(table)
    if isinstance(whole, ast.Dict):
        for name, value in zip(whole.keys, whole.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == key:
                yield from _texts(value, names, depth + 1)
    elif isinstance(whole, ast.DictComp):
        for drawn in ast.walk(whole.generators[0].iter):
            if isinstance(drawn, ast.Name):
                every = _texts(drawn, names, depth + 1)
                yield from ((text, line) for text, line in every if re.split(r"[^\w.-]", text)[0] == key)


def _part(node: ast.expr, names: _Names, depth: int) -> str | None:
    """A part of an f-string, where it is written out or one text stands behind its name."""
    plain = isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None
    found = [text for text, _ in _texts(node.value if plain else node, names, depth + 1)]  # type: ignore[attr-defined]
    return found[0] if len(found) == 1 else None


def _called(node: ast.Call) -> str:
    """The name of what is called, without its module."""
    called = node.func
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _of_mapping(node: ast.expr, names: _Names) -> Iterator[tuple[str, Iterator[tuple[str, int]]]]:
    """(extra, its texts)."""
    for _ in range(_DEPTH):
        if not (isinstance(node, ast.Name) and node.id in names):
            break
        node = names[node.id]
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "..."
            yield f"extra {name}", _texts(value, names, 0)


def _requirements(texts: Iterator[tuple[str, int]], path: str, entries: Entries) -> Iterator[Requirement]:
    for text, line in texts:
        for part in text.splitlines():
            entries.spend(line)
            try:
                one = of_text(part.strip(), path, line) if part.strip() else None
            except BadFile:
                continue  # a text that is no requirement after all
            if one is not None:
                yield one
