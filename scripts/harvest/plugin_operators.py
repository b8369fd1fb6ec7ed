"""Write matrix/observed/onnx-plugins.toml: plugins that TensorRT's own plugin library holds, by release.

    python -m scripts.harvest.plugin_operators GIT_DIRECTORY     # a clone of NVIDIA/TensorRT, bare or not

The table is plugin/README.md at each release tag; it begins with 7.1.3. The parser takes an operator that ONNX does not
have as the plugin of that name, whatever its domain.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from compat import versions

from .document import Document
from .toml import write

TARGET = Path(__file__).resolve().parents[2] / "matrix" / "observed" / "onnx-plugins.toml"
_TAG = re.compile(r"^v?(\d+\.\d+(?:\.\d+)?)(?:-EA)?$")
_ROW = re.compile(r"^\|\s*\[\w+\]\([^)]*\)[^|]*\|\s*(\w+)\s*\|", re.MULTILINE)


def git(repository: str, *words: str) -> str:
    """Output of a git command; empty where it fails."""
    argv = [str(shutil.which("git")), "--git-dir", repository, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def tables(repository: str) -> dict[str, set[str]]:
    """Release -> the plugins of its table, oldest first."""
    found = {}
    for tag in git(repository, "tag").split():
        match = _TAG.match(tag)
        if match is None or not 7 <= versions.parse(match[1]).major < 20:
            continue  # tags such as 22.12 are containers
        names = set(_ROW.findall(git(repository, "show", f"{tag}:plugin/README.md")))
        if names:
            found[match[1] if match[1].count(".") > 1 else f"{match[1]}.0"] = names
    return dict(sorted(found.items(), key=lambda one: versions.parse(one[0])))


def rows(found: dict[str, set[str]]) -> list[tuple[str, str, str | None]]:
    """(plugin, first release, last release where it is gone since)."""
    releases = list(found)
    result = []
    for name in sorted(set().union(*found.values())):
        having = [release for release in releases if name in found[release]]
        result.append((name, having[0], having[-1] if having[-1] != releases[-1] else None))
    return result


def main(repository: str) -> None:
    """Write the file."""
    found = tables(repository)
    document = Document("onnx-plugins")
    document.source(
        "plugins",
        f"NVIDIA/TensorRT plugin/README.md at the release tags of {next(iter(found))} to {list(found)[-1]}",
        "https://github.com/NVIDIA/TensorRT/blob/v11.1/plugin/README.md", "2026-06-24", "vendor")  # fmt: skip
    for name, since, until in rows(found):
        row = {"reader": "tensorrt-plugin", "operator": name, "since": since, "until": until, "source": "plugins"}
        document.add("operator", row)
    TARGET.write_text(write(document), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
