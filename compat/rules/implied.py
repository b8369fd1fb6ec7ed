"""What a description leaves no choice of: the platform of a Jetson, the driver's release by Windows' number of it."""

from compat import versions
from compat.machine import Machine
from compat.records import replace

_OF_JETSONS = "every Jetson's"


def implied(machine: Machine) -> Machine:
    """With what the rest of the description leaves no choice of: a Jetson runs Linux on aarch64.

    And the driver's release where Windows' number of it stands: 526.86 for 31.0.15.2686.
    """
    release = versions.of_device_manager(machine.driver.version or "")
    if release is not None:
        sources = {**machine.sources, "driver.version": f"Windows' number of it, {machine.driver.version}"}
        machine = replace(machine, driver=replace(machine.driver, version=release), sources=sources)
    named = [index for index, gpu in enumerate(machine.gpus or ()) if (gpu.name or "").startswith("Jetson ")]
    if not (named or machine.is_jetson):
        return machine
    missing = [name for name in ("os", "arch") if getattr(machine, name) is None]
    if not missing:
        return machine
    told = f"gpus[{named[0]}].name" if named else "environment" if machine.in_environment("jetson") else "jetson"
    sources = {**machine.sources, **dict.fromkeys(missing, f"{_OF_JETSONS} ({told})")}
    return replace(machine, os=machine.os or "linux", arch=machine.arch or "aarch64", sources=sources)


def of_every_jetson(machine: Machine) -> list[str]:
    """The fields that nothing but its being a Jetson tells."""
    return [name for name in ("os", "arch") if machine.sources.get(name, "").startswith(_OF_JETSONS)]
