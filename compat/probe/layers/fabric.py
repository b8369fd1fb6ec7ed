"""Layer: NVSwitch's service, the fabric manager. Asked only where there is an NVSwitch."""

from __future__ import annotations

from compat.probe import dpkg
from compat.probe.host import Host
from compat.probe.layer import Reading

WHERE = {
    "fabric_manager": "the program, its process in /proc; its release by dpkg's status file, else rpm's database "
    "where that is SQLite",
}

PROGRAM = "nv-fabricmanager"
_PID_FILES = ("/run/nvidia-fabricmanager/nv-fabricmanager.pid", "/var/run/nvidia-fabricmanager/nv-fabricmanager.pid")
_COMM = PROGRAM[:15]
"""The kernel keeps 15 characters of a process's name (proc(5), comm)."""

_PROCESS_LIMIT = 4000


def read(host: Host, so_far: Reading) -> Reading:
    """fabric_manager; unknown in a container, where the host's processes and packages are not seen."""
    found = Reading()
    contained = "docker" in (so_far.get("environment") or ())
    if not so_far.get("nvswitch"):
        return found
    program = host.exists_program(PROGRAM)
    table = dpkg.table(host, so_far, found)
    packages = {
        name: version
        for name, version in table.items()
        if name.startswith(("nvidia-fabricmanager", "nvidia-fabric-manager")) and not name.endswith("-dev")
    }
    if program or packages or not contained:
        found.put("fabric_manager.installed", bool(program or packages), program or table.source)
    if packages:
        name = max(packages)
        found.put("fabric_manager.version", dpkg.upstream(packages[name]), f"{table.source}: {name}")
    running, source = _running(host)
    if running or not contained:
        found.put("fabric_manager.running", running, source)
    return found


def _running(host: Host) -> tuple[bool | None, str]:
    for path in _PID_FILES:
        text = host.read_text(path, 64) if host.exists(path) else None
        if isinstance(text, str) and text.strip().isdigit() and _is(host, text.strip()):
            return True, path
    processes = [name for name in host.listdir("/proc") if name.isdigit()]
    if not processes:
        return None, ""
    return any(_is(host, number) for number in processes[:_PROCESS_LIMIT]), "/proc"


def _is(host: Host, number: str) -> bool:
    text = host.read_text(f"/proc/{number}/comm", 64)
    return isinstance(text, str) and text.strip() == _COMM
