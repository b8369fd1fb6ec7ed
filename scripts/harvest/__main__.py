"""`python -m scripts.harvest`: see the package's own docstring."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path
from types import ModuleType

from . import toml
from .index import Index, NotCachedError

MATRIX = Path(__file__).resolve().parents[2] / "matrix"


def families() -> dict[str, ModuleType]:
    """Modules of this package that say `NAME` and `harvest`, by name."""
    package = __package__ or "scripts.harvest"
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name != "__main__":
            loaded = importlib.import_module(f"{package}.{module.name}")
            if hasattr(loaded, "NAME") and hasattr(loaded, "harvest"):
                found[str(loaded.NAME)] = loaded
    return found


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something was not in the cache, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m scripts.harvest", description="Write matrix/observed.")
    parser.add_argument("family", nargs="*", help="a family, or `list`")
    parser.add_argument("--all", action="store_true", help="every family")
    parser.add_argument("--refresh", action="store_true", help="ask the index again which files there are")
    parser.add_argument("--offline", action="store_true", help="use nothing but the cache")
    options = parser.parse_args(arguments)
    known = families()
    if not (options.family or options.all):
        parser.error("name a family, `list` or --all")
    if options.family == ["list"]:
        print("\n".join(sorted(known)))
        return 0
    if unknown := sorted(set(options.family) - set(known)):
        print(
            f"error: no such family: {', '.join(unknown)}\nhint: python -m scripts.harvest list",
            file=sys.stderr,
        )
        return 2
    index = Index(refresh=options.refresh, offline=options.offline)
    return max(run(known[name], index) for name in (known if options.all else options.family))


def run(module: ModuleType, index: Index) -> int:
    """Harvest one family and write its files; untouched where nothing changed."""
    begun = time.monotonic()
    try:
        documents = module.harvest(index)
    except NotCachedError as missing:
        print(f"error: not in the cache: {missing}", file=sys.stderr)
        return 1
    schema = toml.Schema()
    for path, document in sorted(documents.items()):
        target, text = MATRIX / path, toml.write(document, schema)
        same = target.exists() and target.read_text(encoding="utf-8") == text
        if not same:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        rows = sum(len(rows) for rows in document.tables.values())
        print(f"{'same' if same else 'wrote'} matrix/{path}: {rows} rows", file=sys.stderr)
    seconds = time.monotonic() - begun
    print(
        f"{module.NAME}: {index.requests} requests, {index.received / 1e6:.1f} MB, {seconds:.0f} s",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
