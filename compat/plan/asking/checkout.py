"""A checkout: which of its files say what it needs, the weightiest first.

Files nearer to the root weigh more, and manifests more than notebooks. What stands in a folder of examples, tests or
documentation, in a notebook, a README or cog.yaml, or in a file for other devices than NVIDIA's or another system is
*weak*: it counts where nothing else in the checkout asks for anything.
"""

import os
import re
from collections.abc import Iterator

# Names of files that say what a checkout needs, in the order in which they are shown.
_NAMES = (
    "pylock.toml",
    "pyproject.toml",
    "pixi.toml",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "pipfile",
    "cog.yaml",
    "dockerfile",
    "*.ipynb",
    "readme.md",
)
_REQUIREMENTS = re.compile(r"(?:^|[-_.])req(?:uirement)?s?(?:[-_.]|$)")  # requirements-gpu.txt, pip_requirements.txt
_FOR_MAKERS = re.compile(r"(?:^|[-_.])(?:dev|develop|docs?|readthedocs|tests?|testing|lint|style|build|ci)(?:[-_.]|$)")
_OTHER_DEVICES = re.compile(
    r"(?:^|[-_.])(?:rocm\d*|amd|apple|macos|mac|mps|cpu|xpu|intel|npu|hpu|gaudi|tpu|neuron|directml|dml|openvino"
    r"|ascend\w*|cann|camb|cambricon|mlu|maca|metax|musa|gcu|enflame|dcu|hygon|corex|iluvatar|kunlun|kxpu|ppu)(?:[-_.]|$)"
)
_SYSTEMS = {
    "linux": re.compile(r"[-_.](?:linux|ubuntu)[-_.]"),
    "windows": re.compile(r"[-_.](?:windows|win|win32|win64)[-_.]"),
}
_SKIPPED = frozenset((".git", ".tox", ".venv", "venv", "node_modules", "site-packages", "__pycache__"))
_WEAK = frozenset(("demo", "demos", "colab", "ci", "third_party", "thirdparty")).union(
    f"{name}{end}"
    for name in ("benchmark", "doc", "example", "notebook", "sample", "test", "tutorial")
    for end in ("", "s")
)
_LISTS = ("requirements", "reqs")  # a folder of lists, which are those of the folder above it
# What makes a folder below the root a project of its own, and names of folders that hold a part of the root's.
_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "pipfile", "pixi.toml")
_OF_ROOT = frozenset((".", *_LISTS, "docker", ".devcontainer", "conda", "env", "envs", "install", "build", "scripts"))
_DEPTH = 3  # folders below the checkout's root that are looked into
_MOST = 40  # files of a checkout that are read


def files_of(folder: str, system: str | None) -> Iterator[str]:
    """The files of a checkout that say what it needs, the nearest to its root first. Links are not followed."""
    found = []
    for path, folders, names in os.walk(folder):
        below = 0 if path == folder else os.path.relpath(path, folder).count(os.sep) + 1
        folders[:] = sorted(one for one in folders if one not in _SKIPPED and below < _DEPTH)
        inside = os.path.basename(path).lower() if below else ""
        near = below - (inside in _LISTS)
        for name in names:
            rank = _rank(name.lower(), inside)
            whole = os.path.join(path, name)
            if rank < len(_NAMES) and os.path.isfile(whole) and not os.path.islink(whole):  # a pipe would wait for ever
                found.append((is_weak(folder, whole, system), near, rank, path, name))
    yield from (os.path.join(path, name) for *_, path, name in sorted(found)[:_MOST])


def is_weak(folder: str, path: str, system: str | None) -> bool:
    """Is it a notebook, a README or how a published model is built, in a folder of examples and the like, for devices
    other than NVIDIA's, or for another system?"""
    *above, name = os.path.relpath(path, folder).lower().split(os.sep)
    return (
        name.endswith((".ipynb", ".md"))
        or name == "cog.yaml"
        or not _WEAK.isdisjoint((*above, *re.split(r"[-_.]", name)))
        or _OTHER_DEVICES.search(name) is not None
        or any(one != system and mark.search(name) for one, mark in _SYSTEMS.items() if system)
    )


def depth(path: str) -> int:
    """How deep a file lies: one in a folder of lists as deep as those beside that folder."""
    folder, _ = os.path.split(os.path.normpath(path))
    return os.path.normpath(path).count(os.sep) - (os.path.basename(folder).lower() in _LISTS)


def is_below(folder: str, path: str) -> bool:
    """Is a file of a checkout part of a project of its own below the root (a demo with its requirements.txt)?"""
    above = os.path.relpath(os.path.dirname(path), folder).split(os.sep)
    inside = (os.path.join(folder, *above[: number + 1]) for number, name in enumerate(above) if name not in _OF_ROOT)
    return any(os.path.isfile(os.path.join(one, name)) for one in inside for name in _MANIFESTS)


def for_other_devices(group: str) -> bool:
    """Is an extra or a group (``extra cpu``) named for devices other than NVIDIA's?"""
    return _OTHER_DEVICES.search(group.rpartition(" ")[2]) is not None


def for_makers(group: str) -> bool:
    """Is an extra or a group (``extra test``) named for those who work on the project, and not for its users?"""
    return _FOR_MAKERS.search(group.rpartition(" ")[2]) is not None


def _rank(name: str, folder: str) -> int:
    if name in _NAMES and (name != "readme.md" or not folder):
        return _NAMES.index(name)
    if name.endswith((".txt", ".in")) and (_REQUIREMENTS.search(name) or folder in _LISTS):
        return len(_NAMES) if _FOR_MAKERS.search(name) else _NAMES.index("requirements.txt")
    if re.fullmatch(r"(?:environment|conda)[\w.-]*\.ya?ml", name):
        return _NAMES.index("environment.yml")
    if re.fullmatch(r"dockerfile[._-].+|.+[._-]dockerfile|containerfile", name):
        return _NAMES.index("dockerfile")
    return _NAMES.index("*.ipynb") if name.endswith(".ipynb") else len(_NAMES)
