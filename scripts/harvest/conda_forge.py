"""What builds of conda-forge were made with of the libraries that one environment has once: read from its feedstocks.

A package of conda is made against one release of protobuf, Abseil and gRPC and runs with that alone, so two packages go
into one environment only where some build of each was made with the same. A feedstock's ``.ci_support`` has these
releases for each build, at each commit; a release that was built again after a migration has several sets.

    python -m scripts.harvest.conda_forge NAME=GIT_DIRECTORY... > matrix/observed/conda-forge.toml

Not one of the harvesters of ``python -m scripts.harvest``: what it reads are clones, not the package index. The set of
a build is declared by its recipe; that each commit's builds were published is not checked.
"""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

from .document import Document
from .toml import write

LIBRARIES = ("libabseil", "libgrpc", "libprotobuf", "libre2")
_VERSION = re.compile(r"""(?:\{%-?\s*set\s+version\s*=\s*|^\s{2}version:\s*)["']?([0-9][0-9A-Za-z.]*)""", re.MULTILINE)
_FILE = re.compile(r"\.ci_support/(linux_64|linux_aarch64|win_64)_?.*\.yaml$")
_SYSTEMS = {
    "linux_64": ("linux", "x86_64"),
    "linux_aarch64": ("linux", "aarch64"),
    "win_64": ("windows", "x86_64"),
}
Key = tuple[str, str, str, str]


class Feedstock:
    """A clone, and what was read of it."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._blobs: dict[str, str] = {}

    def git(self, *words: str) -> str:
        """What git says."""
        done = subprocess.run(("git", "--git-dir", self._directory, *words), capture_output=True, text=True, check=True)
        return done.stdout

    def commits(self) -> list[str]:
        """Those of the main line that changed what is built."""
        return self.git("log", "--first-parent", "--format=%H", "--", ".ci_support", "recipe").split()

    def files(self, commit: str) -> Iterator[tuple[str, str]]:
        """(path, blob) of the variants and the recipe."""
        for line in self.git("ls-tree", "-r", commit, ".ci_support", "recipe").splitlines():
            about, _, path = line.partition("\t")
            yield path, about.split()[2]

    def text(self, blob: str) -> str:
        """A file."""
        if blob not in self._blobs:
            self._blobs[blob] = self.git("cat-file", "blob", blob)
        return self._blobs[blob]


def sets(feedstock: Feedstock) -> dict[Key, set[str]]:
    """(version, system, processor, CUDA) -> the sets of libraries, each a line."""
    found: dict[Key, set[str]] = defaultdict(set)
    for commit in feedstock.commits():
        files = dict(feedstock.files(commit))
        recipe = files.get("recipe/meta.yaml") or files.get("recipe/recipe.yaml")
        version = _VERSION.search(feedstock.text(recipe)) if recipe else None
        for path, blob in files.items() if version else ():
            match = _FILE.match(path)
            variant = _variant(feedstock.text(blob)) if match else {}
            cuda = variant.get("cuda_compiler_version", "None")
            if match and version and re.fullmatch(r"\d+\.\d+", cuda):
                pins = " ".join(f"{name}={variant[name]}" for name in LIBRARIES if name in variant)
                system, arch = _SYSTEMS[match[1]]
                found[(version[1], system, arch, cuda)].add(pins)
    return found


def _variant(text: str) -> dict[str, str]:
    """The single values of a variant file: a key, and below it one entry of a list."""
    return {key: value.strip("'\"") for key, value in re.findall(r"^(\w+):\n- ([^\n]+)\n(?!- )", text, re.MULTILINE)}


def document(found: dict[str, tuple[Feedstock, dict[Key, set[str]]]]) -> Document:
    """The file."""
    result = Document("conda-forge")
    for package, (feedstock, rows) in found.items():
        commit, date = feedstock.git("log", "-1", "--format=%h %cs").split()
        result.source(
            f"{package}-libraries", f"conda-forge, feedstock of {package}: .ci_support of each commit of main",
            f"https://github.com/conda-forge/{_NAMES.get(package, package)}-feedstock/tree/{commit}/.ci_support",
            date, "declared")  # fmt: skip
        for (version, system, arch, cuda), lines in rows.items():
            result.add("condapin", {
                "package": package, "version": version, "os": system, "arch": arch, "cuda": cuda,
                "libraries": sorted(lines), "source": f"{package}-libraries",
            })  # fmt: skip
    return result


_NAMES = {"pytorch": "pytorch-cpu"}


def main(words: list[str]) -> int:
    """Write the document to stdout."""
    found = {}
    for word in words:
        package, _, directory = word.partition("=")
        feedstock = Feedstock(directory)
        found[package] = (feedstock, sets(feedstock))
    sys.stdout.write(write(document(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
