"""Do the plans for conda, mamba and pixi hold before the resolver that pixi itself uses?

    pip install py-rattler          (into an environment of its own)
    python -m scripts.plans.conda MACHINE.toml --cuda 12.2

No channel of conda is reached: a channel is made in a folder from what the matrix says of conda-forge's builds (name,
version, build string, Python, CUDA, cuDNN, the libraries that they share), and each specification that a plan prints is
parsed and solved over it. So it shows that the specifications are read as they are meant and that the sets go together
by the facts that are known; not that the channel's own metadata agree.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from compat import versions
from compat.description import load
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands.conda import PLATFORMS
from compat.plan.commands.managers import OF_FORGE
from compat.plan.model import Plan
from compat.plan.solve import plan
from compat.plan.ways.forge import PACKAGES
from compat.report.plan import words

_PYTHONS = tuple(f"3.{minor}" for minor in range(6, 15))
_SINGLE = [
    *({"torch": text} for text in ("*", "2.1", "2.4", "2.5.1", "2.6", "2.7", "2.8")),
    *({"tensorflow": text} for text in ("*", "2.12", "2.15", "2.16", "2.17", "2.18", "2.19")),
    *({"jax": text} for text in ("*", "0.4.31", "0.4.35", "0.5", "0.6", "0.7")),
    *({"onnxruntime": text} for text in ("*", "1.17", "1.20", "1.22", "1.24")),
]
_OTHERS = ({"tensorflow": "*"}, {"tensorflow": "2.18"}, {"jax": "*"}, {"onnxruntime": "*"})
_JOINT = [
    *({"torch": torch, **other} for torch, other in product(("*", "2.5", "2.7"), _OTHERS)),
    {"torch": "*", "tensorflow": "*", "onnxruntime": "*"},
    {"tensorflow": "*", "jax": "*"},
    {"torch": "*", "tensorflow": "*", "jax": "*"},
]


def records(matrix: Matrix) -> Iterator[dict[str, Any]]:
    """Each package of the channel, with the subdirectory that it lies in."""
    builds = {
        (package, version, row["os"], row["arch"], versions.major_minor(row["cuda"])): row
        for package in {name for name, _ in PACKAGES.values()}
        for version, rows in matrix.packages.conda_builds(package).items()
        for row in rows
        if row["index"] == "conda-forge" and row.get("cuda")
    }
    shared, cudas = set(), set()
    for pin in matrix.rows("condapin", "conda-forge"):
        row = builds.get((pin["package"], pin["version"], pin["os"], pin["arch"], pin["cuda"]))
        for number, text in enumerate(pin["libraries"] if row else ()):
            shared |= {tuple(word.split("=")) for word in text.split()}
            cudas.add(pin["cuda"])
            yield from _builds(pin, row or {}, number, text)
    for subdir in set(PLATFORMS.values()):
        plain = [*shared, *(("python", f"{line}.1") for line in _PYTHONS), ("pip", "25.0")]
        plain += [("cudnn", text) for text in ("7.6.1", "8.9.1", "9.25.1")]
        yield from (_record(subdir, name, version, "0", []) for name, version in plain)
        for cuda in cudas:
            yield _record(subdir, "cuda-version", cuda, "0", [f"__cuda >={cuda.partition('.')[0]}"])
        for version in matrix.packages.conda_builds("jaxlib"):
            yield _record(subdir, "jax", version, "0", [f"jaxlib >={version},<={version}"])


def _builds(pin: dict[str, Any], row: dict[str, Any], number: int, text: str) -> Iterator[dict[str, Any]]:
    """A build of each Python, with a build string that the matrix's pattern admits."""
    cuda, subdir = pin["cuda"], PLATFORMS[pin["os"], pin["arch"]]
    major = int(cuda.partition(".")[0])
    needs = [f"{name} =={release}" for name, release in (word.split("=") for word in text.split())]
    needs.append(f"cuda-version >={cuda},<{major + 1}" if major >= 12 else f"cuda-version =={cuda}")
    needs += [f"cudnn {row['cudnn'].partition('.')[0]}.*"] if row.get("cudnn") else []
    tag = f"cuda{cuda.replace('.', '')}"
    for python in row.get("python", _PYTHONS):
        name = f"py{python.replace('.', '')}h0_{number}"
        build = f"{name}_{tag}" if row["conda_build"].startswith("*_") else f"{tag}{name}"
        yield _record(subdir, pin["package"], pin["version"], build, [f"python {python}.*", *needs])


def _record(subdir: str, name: str, version: str, build: str, depends: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": depends,
        "constrains": [],
        "subdir": subdir,
        "size": 1,
    }


def write(folder: Path, matrix: Matrix) -> None:
    """The channel as files."""
    found: dict[str, dict[str, Any]] = {name: {} for name in (*PLATFORMS.values(), "noarch")}
    for one in records(matrix):
        found[one["subdir"]][f"{one['name']}-{one['version']}-{one['build']}.conda"] = one
    for subdir, packages in found.items():
        (folder / subdir).mkdir()
        data = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(data))


def specifications(answer: Plan, installer: str) -> list[str]:
    """What a plan asks of conda-forge by one program; empty where it asks nothing."""
    argvs = [one.argv for step in answer.steps for one in words.commands(step, installer) if one.argv[0] == installer]
    return [word for argv in argvs for word in argv if "=" in word and not word.startswith("-")]


async def solve(folder: Path, specs: list[str], platform: str, cuda: str) -> None:
    """Raises the resolver's own error where there is no solution."""
    rattler = import_module("rattler")
    virtual = [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0"))
        for name, version in (("__cuda", cuda), ("__glibc", "2.39"))
    ]
    await rattler.solve(
        [folder.as_uri()],
        specs=[rattler.MatchSpec(text) for text in specs],
        gateway=rattler.Gateway(),
        platforms=[platform, "noarch"],
        virtual_packages=virtual,
    )


def main() -> int:
    """Plan and solve; 1 where a plan's specifications have no solution."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("machine")
    parser.add_argument("--cuda", required=True, help="what the machine's driver offers")
    arguments = parser.parse_args()
    machine, matrix = next(iter(load(arguments.machine))), Matrix.load()
    platform = PLATFORMS[machine.os or "linux", machine.arch or "x86_64"]
    solved = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), matrix)
        for asked in (*_SINGLE, *_JOINT):
            answer = plan(machine, requests(dict(asked)), matrix, conda=True)
            for installer in OF_FORGE:
                specs = specifications(answer, installer)
                if not specs:
                    continue
                try:
                    asyncio.run(solve(Path(folder), specs, platform, arguments.cuda))
                    solved += 1
                except Exception as error:  # the resolver's classes are its own
                    failed += 1
                    print(f"{asked}: {installer}: {' '.join(specs)}: {error}")
    print(f"{solved} solved, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
