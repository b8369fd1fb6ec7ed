"""What apt itself says of the commands that plans give: ``python -m scripts.plans.apt --archive NAME=URI ...``.

Machines of each release of Ubuntu and Debian, with GPUs of every generation and drivers that are too old, are planned
with the driver allowed to move; of Debian on Arm too, Ubuntu's packages for Arm are in another archive. Each distinct
apt command is simulated (``apt-get -s``) by this machine's apt over the
release's own archive, in a root of its own below ``--work``: lists, keys and state are there, nothing of this machine's
apt is read or changed. No package is taken to be installed, so everything has to resolve. Then the machine that the
plan describes is checked with the driver release that apt would install in place of the one that was planned.

The archives' addresses (``ubuntu``, ``debian``, ``debian-security``) are not written down here: name those that your
apt uses. ``--keys`` is a folder with the keyrings of both distributions, ``ubuntu.gpg`` and ``debian.gpg`` (their
packages have them). The section of docs/grid.md is renewed.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from compat.check import check
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands.container import execute, start
from compat.plan.model import Command, Plan
from compat.plan.solve import plan
from compat.records import replace
from scripts.fixtures.described import with_gpu
from scripts.plans.page import APT, PAGE, renew


@dataclass(frozen=True)
class Release:
    """A release of a distribution, and what a machine with it has."""

    distribution: str
    version: str
    codename: str
    python: str
    glibc: str
    glibcxx: str
    arch: str = "amd64"  # as apt calls it

    @property
    def name(self) -> str:
        return f"{self.distribution.capitalize()} {self.version}{' on Arm' if self.arch == 'arm64' else ''}"

    @property
    def folder(self) -> str:
        return self.codename if self.arch == "amd64" else f"{self.codename}-{self.arch}"


RELEASES = (
    Release("ubuntu", "18.04", "bionic", "3.6", "2.27", "3.4.25"),
    Release("ubuntu", "20.04", "focal", "3.8", "2.31", "3.4.28"),
    Release("ubuntu", "22.04", "jammy", "3.10", "2.35", "3.4.30"),
    Release("ubuntu", "24.04", "noble", "3.12", "2.39", "3.4.33"),
    Release("ubuntu", "25.10", "questing", "3.13", "2.42", "3.4.34"),
    Release("ubuntu", "26.04", "resolute", "3.14", "2.43", "3.4.35"),
    Release("debian", "11", "bullseye", "3.9", "2.31", "3.4.28"),
    Release("debian", "12", "bookworm", "3.11", "2.36", "3.4.30"),
    Release("debian", "13", "trixie", "3.13", "2.41", "3.4.33"),
    Release("debian", "12", "bookworm", "3.11", "2.36", "3.4.30", "arm64"),
    Release("debian", "13", "trixie", "3.13", "2.41", "3.4.33", "arm64"),
)
COMPONENTS = {"ubuntu": "main restricted universe multiverse", "debian": "main contrib non-free non-free-firmware"}
SUITES = {"ubuntu": ("", "-updates", "-security"), "debian": ("", "-updates")}
OLD = "418.39"  # a driver that no request below can stay with, where its GPU lets it move at all
GPUS = (
    "Tesla K80",
    "NVIDIA GeForce GTX 1080 Ti",
    "Tesla V100-SXM2-16GB",
    "NVIDIA A100-SXM4-40GB",
    "NVIDIA GeForce RTX 4090",
    "NVIDIA H100 80GB HBM3",
    "NVIDIA GeForce RTX 5090",
)
ASKED = ({"torch": "*"}, {"torch": "1.13"}, {"torch": "2.9"}, {"tensorflow": "*"}, {"tensorrt": "*"})
_DRIVER = re.compile(r"nvidia-driver(?:-\d+)?(?:-open)?|nvidia-tesla-\d+-driver")  # the packages that draw all of it
ELSEWHERE = "NVIDIA's repository, which is not here"


@dataclass(frozen=True)
class Line:
    """One distinct command of a release, and how many plans have it."""

    release: str
    command: str
    said: str
    plans: int
    checked: int  # plans whose machine passes with the driver that apt would install


def main() -> int:
    """Plan, simulate, check, write; exit status 1 where a command of an archive that is here does not resolve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", action="append", default=[], metavar="DISTRIBUTION=URI", required=True)
    parser.add_argument("--keys", required=True, help="a folder with ubuntu.gpg and debian.gpg")
    parser.add_argument("--work", required=True, help="a folder for apt's roots")
    parser.add_argument("--no-update", action="store_true", help="take the lists that are there")
    options = parser.parse_args()
    archives = dict(text.split("=", 1) for text in options.archive)
    matrix, lines, by_hand = Matrix.load(), [], 0
    for release in RELEASES:
        if release.distribution not in archives:
            continue
        root = Path(options.work) / release.folder
        if not options.no_update:
            prepare(release, archives, Path(options.keys), root)
        found, number = release_lines(release, root, matrix)
        lines += found
        by_hand += number
    renew(PAGE, APT, table(lines, by_hand))
    wrong = [one for one in lines if one.said.startswith("no:") or (one.checked < one.plans and "yes" in one.said)]
    for one in wrong:
        print(f"{one.release}: {one.command}: {one.said} ({one.checked} of {one.plans} pass)", file=sys.stderr)
    return 1 if wrong else 0


def prepare(release: Release, archives: Mapping[str, str], keys: Path, root: Path) -> None:
    """apt's root for a release: sources, and its lists fetched once."""
    for name in ("sources", "trusted", "preferences", "state/lists/partial", "cache/archives/partial"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "state" / "status").touch()
    components = COMPONENTS[release.distribution]
    if release.codename == "bullseye":  # the component is newer
        components = components.removesuffix(" non-free-firmware")
    suites = {archives[release.distribution]: [release.codename + suffix for suffix in SUITES[release.distribution]]}
    security = archives.get(f"{release.distribution}-security")
    if security:
        suites[security] = [f"{release.codename}-security"]
    (root / "sources" / "own.sources").write_text(
        "\n".join(
            f"Types: deb\nURIs: {uri}\nSuites: {' '.join(names)}\nComponents: {components}\n"
            f"Architectures: {release.arch}\nSigned-By: {(keys / release.distribution).resolve()}.gpg\n"
            for uri, names in suites.items()
        )
    )
    apt(root, release.arch, "update")


def apt(root: Path, arch: str, *words: str) -> subprocess.CompletedProcess[str]:
    """apt-get over that root only."""
    own = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": root / "sources",
        "Dir::Etc::trustedparts": root / "trusted",
        "Dir::Etc::preferencesparts": root / "preferences",
        "Dir::State": root / "state",
        "Dir::State::status": root / "state" / "status",
        "Dir::Cache": root / "cache",
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "APT::Sandbox::User": "root",
    }
    options = [word for name, value in own.items() for word in ("-o", f"{name}={value}")]
    return subprocess.run(
        ["apt-get", *options, *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )


def release_lines(release: Release, root: Path, matrix: Matrix) -> tuple[list[Line], int]:
    """The distinct commands of a release's plans, and how many plans leave the driver to a person."""
    users: dict[Command, list[Plan]] = {}
    by_hand = 0
    for answer in plans(release, matrix):
        steps = [step for step in answer.steps if step.kind in ("driver", "system")]
        by_hand += any(step.kind == "driver" and not step.commands for step in steps)
        for command in (one for step in steps for one in step.commands if one.installer == "apt"):
            users.setdefault(command, []).append(answer)
    found = []
    for command, answers in sorted(users.items(), key=lambda pair: pair[0].argv):
        said, driver = simulated(root, release.arch, command.argv)
        passing = sum(passes(answer, driver, matrix) for answer in answers) if driver else 0
        found.append(Line(release.name, command.shell, said, len(answers), passing))
        print(f"{found[-1]}", flush=True)
    for command in start("any") if release.distribution == "ubuntu" else ():
        if "apt-get" in command.argv and "install" in command.argv:  # inside NVIDIA's images, which are Ubuntu
            words = command.argv[len(execute(()).argv) :]
            found.append(Line(release.name, " ".join(words), simulated(root, release.arch, ("sudo", *words))[0], 0, 0))
    return found, by_hand


def plans(release: Release, matrix: Matrix) -> Iterator[Plan]:
    """Each request for each GPU, with a driver that is too old for it."""
    for gpu in GPUS:
        machine = machine_of(release, gpu)
        for wanted in ASKED:
            answer = plan(machine, requests(wanted), matrix, allow=["driver", "python"])
            if answer.outcome == "planned":
                yield answer


def machine_of(release: Release, gpu: str) -> Machine:
    """A bare machine of the release."""
    return replace(
        with_gpu(gpu, OLD, name=f"{release.name}, {gpu}", python=release.python),
        distribution=release.distribution,
        distribution_version=release.version,
        glibc=release.glibc,
        glibcxx=release.glibcxx,
        arch="aarch64" if release.arch == "arm64" else "x86_64",
    )


def simulated(root: Path, arch: str, argv: tuple[str, ...]) -> tuple[str, str | None]:
    """What ``apt-get -s`` says of a command (without sudo), and the driver release that it would install."""
    package = argv[-1]
    if package.startswith(("cuda-drivers", "cuda-compat")):
        return ELSEWHERE, None
    done = apt(root, arch, "-s", *argv[2:])
    if done.returncode:
        return "no: " + " ".join((done.stderr or done.stdout).split())[-160:].replace("|", "/"), None
    # Inst NAME (VERSION ORIGIN [ARCH])
    got = dict(re.findall(r"^Inst (\S+) \((\S+)", done.stdout, re.MULTILINE))
    own = {name: text for name, text in got.items() if _DRIVER.fullmatch(name)}
    shown = ", ".join(f"{name} {text}" for name, text in own.items()) or f"{package} {got.get(package)}"
    return f"yes: {shown}", next(map(upstream, own.values()), None)


def upstream(text: str) -> str:
    """The driver's own release of a package version, such as ``1:580.95.05-0ubuntu1``."""
    return text.rpartition(":")[2].partition("-")[0]


def passes(answer: Plan, driver: str, matrix: Matrix) -> bool:
    """Does the planned machine pass with the release that apt would install?"""
    result = answer.result
    have = replace(result.driver, version=driver, kernel_module_version=driver)
    libcuda = replace(result.libcuda, version=driver) if result.libcuda.version else result.libcuda
    machine = replace(result, driver=have, libcuda=libcuda)
    return all(check(machine, goal, matrix).verdict == "compatible" for goal in answer.goals)


def table(lines: list[Line], by_hand: int) -> str:
    """The section of the page."""
    here = [one for one in lines if one.said != ELSEWHERE]
    good = sum(one.said.startswith("yes") for one in here)
    head = [
        f"{len(lines)} distinct apt commands of {sum(one.plans for one in lines)} plans by `scripts/plans/apt.py`, "
        f"simulated by apt over each release's own archive in a root of its own, where nothing is installed: {good} of "
        f"{len(here)} resolve, {len(lines) - len(here)} need NVIDIA's repository, which is not here. {by_hand} more "
        "plans leave the driver to a person. The last column: of the plans with that command, those whose machine "
        "passes the check with the driver that apt would install.",
        "",
        "| release | command | apt-get -s | plans | pass |",
        "|---|---|---|---|---|",
    ]
    rows = [f"| {one.release} | `{one.command}` | {one.said} | {one.plans} | {one.checked} |" for one in lines]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    raise SystemExit(main())
