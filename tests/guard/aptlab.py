"""A scratch system for real apt and dpkg: tiny packages, a root of its own, nothing of this machine touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HAVE_APT = (
    all(shutil.which(name) for name in ("apt-get", "dpkg", "dpkg-deb")) and hasattr(os, "geteuid") and os.geteuid() == 0
)
_CONFIG = """Dir "{root}"; Dir::State::status "{root}/var/lib/dpkg/status"; Dir::Bin::dpkg "/usr/bin/dpkg";
DPkg::Options {{ "--root={root}"; "--force-script-chrootless"; }};
Debug::NoLocking "1"; APT::Sandbox::User "root"; quiet "2";
"""


class Lab:
    """An apt with its own root; ``program`` is what the hook calls."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            "debs",
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "var/log",
            "var/lib/apt/lists/partial",
            "opt",
            "var/cache/apt/archives/partial",
            "etc/apt/apt.conf.d",
            "etc/apt/preferences.d",
        ):
            (root / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        (root / "etc/os-release").write_text("ID=ubuntu\nVERSION_ID=22.04\n")
        (root / "apt.conf").write_text(_CONFIG.format(root=root))
        self.program = root / "compatcheck"
        self.script(f'exec {sys.executable} -m compat "$@" --root {root}')

    def script(self, line: str) -> None:
        """What stands where the hook expects compatcheck."""
        self.program.write_text(f"#!/bin/sh\n{line}\n")
        self.program.chmod(0o755)

    def deb(self, name: str, version: str, depends: str = "") -> str:
        """Build a package without files."""
        folder = self.root / "debs" / f"{name}_{version}"
        (folder / "DEBIAN").mkdir(parents=True)
        (folder / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
            f"Maintainer: nobody <nobody@example.org>\nDescription: tiny\n"
            + (f"Depends: {depends}\n" if depends else "")
        )
        subprocess.run(["dpkg-deb", "-b", str(folder), f"{folder}.deb"], check=True, capture_output=True)
        return f"{folder}.deb"

    def repository(self) -> None:
        """Let apt find all packages that were built, as it finds those of an archive."""
        listed = subprocess.run(
            ["dpkg-scanpackages", "--multiversion", "."], cwd=self.root / "debs", capture_output=True, check=True
        )
        (self.root / "debs" / "Packages").write_bytes(listed.stdout)
        (self.root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{self.root}/debs ./\n")
        done = self.apt("update")
        assert done.returncode == 0, done.stderr

    def apt(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run apt-get for real."""
        environ = {
            **os.environ,
            "APT_CONFIG": str(self.root / "apt.conf"),
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C",
        }
        return subprocess.run(
            ["apt-get", "-y", "--allow-downgrades", *words], capture_output=True, text=True, env=environ, timeout=120
        )

    def version(self, name: str) -> str | None:
        """The installed version, None where it is not installed."""
        done = subprocess.run(
            ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${db:Status-Status} ${Version}", name],
            capture_output=True,
            text=True,
        )
        status, _, version = done.stdout.partition(" ")
        return version if status == "installed" else None

    @property
    def log(self) -> str:
        path = self.root / "var/log/compatcheck.log"
        return path.read_text() if path.exists() else ""

    def environment(self, **packages: str) -> str:
        """A virtual environment with these distributions, read inside the root."""
        site = self.root / "opt/env/lib/python3.11/site-packages"
        (self.root / "opt/env/bin").mkdir(parents=True)
        site.mkdir(parents=True)
        (self.root / "opt/env/bin/python").write_text("")
        (self.root / "opt/env/bin/python").chmod(0o755)
        (self.root / "opt/env/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
        for name, version in packages.items():
            info = site / f"{name}-{version}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
            )
            (info / "RECORD").write_text("")
        return "/opt/env/bin/python"
