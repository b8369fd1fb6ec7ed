"""Takes out of a description what names a person, a computer or one single device, for bug reports.

What stays is what a verdict depends on: releases, library paths below a home directory (the home's name
replaced), which GPU is selected but not its UUID.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from compat import records
from compat.machine import Machine
from compat.probe.host import Host

USER, HOST, TOKEN, DEVICE = "<user>", "<host>", "<token>", "<device>"

_HOME = re.compile(r"(/(?:home|Users)/)[^/\\:;,\s\"']+|([A-Za-z]:\\Users\\)[^/\\:;,\"']+")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_MAC = re.compile(r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b")
_URL_USER = re.compile(r"(://)[^/@\s]+@")
_SERIAL = re.compile(r"(?i)(serial(?: ?number)?\W{1,3})[\w-]+")
_ASSIGNED = re.compile(r"(?i)((?:token|secret|passw(?:or)?d|api_?key|credential)s?[=:]\s*)[^\s,;:]+")
# Long runs of letters and digits mixed: hf_..., ghp_..., AKIA..., JSON web tokens.
_LOOSE = re.compile(r"\b(?:hf_|gh[pousr]_|github_pat_|sk-|nvapi-|xox[abp]-|AKIA|eyJ)[A-Za-z0-9_\-.=]{12,}")
_EFI_GUID = re.compile(r"(?:SecureBoot|MokListRT|MokSBStateRT)\d*-$")


def redacted(machine: Machine, host: Host | None = None) -> Machine:
    """The same machine with names of users, hosts and devices replaced; `host` tells which names those are."""
    clean = _Cleaner(names_of(host) if host else ())
    cleaned: Machine = clean.value(machine)
    return records.replace(cleaned, name=None)


def names_of(host: Host) -> tuple[tuple[str, str], ...]:
    """Words that stand for this user and this computer, with what replaces them; the longest first."""
    variables = host.environ
    hostnames = {variables.get("HOSTNAME", ""), variables.get("COMPUTERNAME", "")}
    text = host.read_text("/etc/hostname", 4096)
    if isinstance(text, str):
        hostnames.add(text.strip())
    if host.native and hasattr(os, "uname"):
        hostnames.add(os.uname().nodename)
    users = {variables.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")}
    homes = {variables.get("HOME", ""), variables.get("USERPROFILE", "")} - {"/root", "/"}
    words = [(home, f"<home of {USER}>") for home in homes if len(home) > 3]
    words += [(name, USER) for name in users - {"root"} if len(name) > 2]
    words += [(name.partition(".")[0] if "." in name else name, HOST) for name in hostnames if len(name) > 2]
    words += [(name, HOST) for name in hostnames if "." in name]
    common = {
        "localhost",
        "ubuntu",
        "debian",
        "fedora",
        "nvidia",
        "cuda",
        "linux",
        "docker",
        "jetson",
        "colab",
        "python",
    }
    return tuple(sorted({word for word in words if word[0].lower() not in common}, key=lambda word: -len(word[0])))


class _Cleaner:
    """Replaces in every string of a value; the keys of mappings are names of fields, packages and variables."""

    def __init__(self, words: tuple[tuple[str, str], ...]) -> None:
        self._words = [
            (re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])"), substitute) for word, substitute in words
        ]

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (tuple, list)):
            return type(value)(self.value(item) for item in value)
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if records.is_dataclass(value) and not isinstance(value, type):
            changes = {field.name: self.value(getattr(value, field.name)) for field in records.fields(value)}
            return records.replace(value, **changes)
        return value

    def text(self, text: str) -> str:
        """One string; a string without anything to hide comes back as it was."""
        for pattern, substitute in self._words:
            text = pattern.sub(substitute.replace("\\", ""), text)
        text = _HOME.sub(lambda match: (match.group(1) or match.group(2)) + USER, text)
        text = _UUID.sub(lambda match: match.group() if _EFI_GUID.search(text[: match.start()]) else DEVICE, text)
        text = _MAC.sub(DEVICE, text)
        text = _SERIAL.sub(lambda match: match.group(1) + DEVICE, text)
        text = _URL_USER.sub(lambda match: match.group(1) + TOKEN + "@", text)
        text = _ASSIGNED.sub(lambda match: match.group(1) + TOKEN, text)
        return _LOOSE.sub(TOKEN, text)
