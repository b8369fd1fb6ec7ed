"""Records what pip and uv answer: `python tests/guard/record.py UV`, with the index that pip is configured for.

Each environment becomes a virtual environment that holds only metadata (all that a resolver reads). The report is
trimmed to names, versions and the file's name; addresses of the index are replaced. A vendor's own index that cannot
be reached from here is answered by hand in ``MADE``.
"""

import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from commands import ALL_BREAKING, ALL_HARMLESS  # noqa: E402
from environments import ENVIRONMENTS  # noqa: E402

from compat.guard.invocation import read  # noqa: E402

COMMANDS = (*ALL_BREAKING, *ALL_HARMLESS)
DATA = Path(__file__).parent / "data" / "answers.json"
_TORCH_CPU = {
    "metadata": {"name": "torch", "version": "2.6.0+cpu"},
    "is_direct": False,
    "download_info": {"url": "https://download.pytorch.org/whl/cpu/torch-2.6.0%2Bcpu-cp311-cp311-linux_x86_64.whl"},
}
MADE = {
    "pip": {"version": "1", "install": [_TORCH_CPU]},
    "uv": "Would install 1 package\n - torch==2.6.0\n + torch==2.6.0+cpu\n",
}


def environment(folder: Path, name: str) -> Path:
    """A virtual environment with the metadata of its packages."""
    target = folder / name
    subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
    site = next(target.glob("lib/python*/site-packages"))
    for package, version in ENVIRONMENTS[name].items():
        info = site / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "RECORD").write_text("")
        (info / "INSTALLER").write_text("pip\n")
    return target / "bin" / "python"


def trimmed(report: dict) -> dict:
    """The report without what the guard does not read."""
    items = []
    for item in report["install"]:
        metadata = item["metadata"]
        file = re.split(r"[/\\]", item["download_info"]["url"])[-1]
        items.append(
            {
                "metadata": {key: metadata[key] for key in ("name", "version")},
                "is_direct": False,
                "download_info": {"url": f"https://index.invalid/{file}"},
            }
        )
    return {"version": report["version"], "install": items}


def answer(words: list[str], python: Path, uv: str) -> object:
    """What the installer would do."""
    if words[0] == "uv":
        done = subprocess.run([uv, *words[1:], "--dry-run", "--python", str(python)], capture_output=True, text=True)
        return (
            re.sub(r"(?m)^(?! [+-] |Would).*\n?", "", done.stderr)
            if done.returncode == 0
            else {"failed": done.returncode}
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        words = words[words.index("pip") :]  # of `python -m pip`
        argv = [str(python), "-m", *words, "--dry-run", "--quiet", "--report", str(path)]
        done = subprocess.run(argv, capture_output=True, text=True)
        return trimmed(json.loads(path.read_text())) if done.returncode == 0 else {"failed": done.returncode}


def changes(words: list[str]) -> bool:
    """Is it judged at all?"""
    return read(words, "python", {}).judged


def main() -> None:
    uv = sys.argv[1]
    wanted = {f"{name}: {command}" for _, name, command in COMMANDS}
    old = json.loads(DATA.read_text()) if DATA.exists() else {}
    answers = {key: found for key, found in old.items() if key in wanted}  # delete the file to record all anew
    with tempfile.TemporaryDirectory() as folder:
        pythons: dict[str, Path] = {}
        for _, name, command in COMMANDS:
            words = shlex.split(command)
            if "uninstall" in words or not changes(words) or f"{name}: {command}" in answers:
                continue
            if name not in pythons:
                pythons[name] = environment(Path(folder), name)
            made = MADE[words[0]] if "download.pytorch.org" in command else None
            found = made or answer(words, pythons[name], uv)
            answers[f"{name}: {command}"] = found
            print(name, command, "failed" if isinstance(found, dict) and "failed" in found else "ok", flush=True)
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
