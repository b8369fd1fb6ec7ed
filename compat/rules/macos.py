"""macOS, for which NVIDIA made drivers and CUDA once."""

from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence, Finding, Remedy

if TYPE_CHECKING:
    from compat.rules.case import Case


def without_cuda(case: "Case") -> tuple[Evidence, ...]:
    """Why no program starts CUDA on this macOS; empty on other systems, and where the release does not tell.

    CUDA 10.2 was the last for macOS, toolkit and driver (its release notes): for 10.13, on Intel's processors.
    """
    machine = case.machine
    row = case.matrix.traits.row("cuda", "for-macos")
    if machine.os != "macos" or row is None:
        return ()
    told = [case.read("os", "macos")]
    if machine.arch == "aarch64":
        told.append(case.read("arch", machine.arch))
    elif (
        machine.distribution_version is not None
        and versions.at_least(row["value"], machine.distribution_version) is False
    ):
        told.append(case.read("distribution_version", machine.distribution_version))
    else:
        return ()
    return (*told, case.cite(f"CUDA for macOS: {row['range']}, up to macOS {row['value']} on x86_64", row))


def no_driver_for_macos(case: "Case") -> Finding | None:
    """That no driver can answer; where a package has no build for macOS either, that is the cause to be told."""
    facts = without_cuda(case)
    if not facts:
        return None
    elsewhere = Remedy("use Linux or Windows, on a machine with an NVIDIA GPU", "environment")
    message = "There is no NVIDIA driver for this macOS."
    return Finding("driver-missing", "driver", message, facts, (elsewhere,), cause="no-gpu-build-for-platform")
