"""JAX: jax, jaxlib and the CUDA plugin move together; the extra names the CUDA major."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Pin
from compat.plan.offers.published import newest, pins, rows, serves_python

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

EXTRAS = ("cuda13", "cuda12")
# Before the plugins jaxlib itself held the GPU code, on pages of JAX's own (changelog, 0.4.26 has the last of CUDA 11).
OWN_EXTRAS = ("cuda12_pip", "cuda11_pip")
WITH_CUDA = ("with-cuda", "with_cuda")  # the plugin's extra, as wheels before and since 0.4.31 spell it


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """One choice for each CUDA major that the release has an extra and a published plugin for."""
    for row in rows(matrix, "jax", machine, wanted):
        for extra in EXTRAS if gpu else ("",):
            choice = _choice(row, extra, machine, matrix)
            if choice is not None:
                yield choice
        for extra in OWN_EXTRAS if gpu else ():
            yield from _whole(row, extra, machine, matrix)


def _whole(row: "Row", extra: str, machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    """With a jaxlib that holds the GPU code, and CUDA as packages."""
    lines = row.get("extras", {}).get(extra, ())
    label, source = f"jax {row['version']}", str(matrix.source(row, "extras"))
    found = pins(matrix, [*row.get("requires", ()), *lines], machine, label, source, extra)
    exact = next((pin.range[2:].strip() for pin in found if pin.name == "jaxlib" and "+cuda" in pin.range), None)
    if exact is None:
        return
    version, _, local = exact.partition("+")
    for one in matrix.packages.builds("jaxlib").get(version, ()):
        if (one["index"], one["os"], one["arch"]) == ("jax", machine.os, machine.arch) and one["variant"] == local:
            yield Choice(
                "jax",
                "jax",
                row["version"],
                "jax",
                extra,
                extras=(extra,),
                build=Build(source="pypi"),
                brings=(("jaxlib", exact),),
                pins=(*(pin for pin in found if pin.name != "jaxlib"), *_cudnn(one, exact, matrix)),
                row={**row, "cuda": one["cuda"]},
                extra_index=installers.JAX,
                default=False,
            )


def _cudnn(row: "Row", jaxlib: str, matrix: "Matrix") -> tuple[Pin, ...]:
    """cuDNN of the major that a jaxlib is built with: the extra leaves the next one open, whose soname is another."""
    if "cudnn" not in row:
        return ()
    major = versions.parse(row["cudnn"]).major
    name = f"nvidia-cudnn-cu{versions.parse(row['cuda']).major}"
    return (Pin(name, f">={row['cudnn']},<{major + 1}", f"jaxlib {jaxlib}", str(matrix.source(row, "cudnn"))),)


def _choice(row: "Row", extra: str, machine: Machine, matrix: "Matrix") -> Choice | None:
    lines = [*row.get("requires", ()), *row.get("extras", {}).get(extra, ())] if extra else row.get("requires", ())
    if extra and extra not in row.get("extras", {}):
        return None
    label, source = f"jax {row['version']}", str(matrix.source(row, "requires"))
    wanted = pins(matrix, lines, machine, label, source, extra)
    family = {"jaxlib", f"jax-{extra}-plugin"} if extra else {"jaxlib"}
    brings: dict[str, str] = {}
    for name in sorted(family, reverse=True):  # jaxlib first: a plugin is built for the jaxlib of its own release
        ranges = [pin.range for pin in wanted if pin.name == name]
        own = [f"=={brings['jaxlib']}"] if name != "jaxlib" else []
        found = _newest(matrix, name, machine, [*ranges, *own]) or _newest(matrix, name, machine, ranges)
        if found is None:
            return None
        brings[name] = found
    shared = tuple(pin for pin in wanted if pin.name not in family)
    plugin = _row(matrix, f"jax-{extra}-plugin", brings.get(f"jax-{extra}-plugin"), machine) if extra else None
    if extra and plugin is None:
        return None
    if plugin is not None:
        for name, spec, _ in matrix.packages.pins(plugin):
            if name == f"jax-{extra}-pjrt":
                brings[name] = _newest(matrix, name, machine, [spec]) or brings[f"jax-{extra}-plugin"]
        for name in WITH_CUDA:
            lines = plugin.get("extras", {}).get(name, ())
            shared += pins(matrix, lines, machine, label, str(matrix.source(plugin, "extras")), name)
    return Choice(
        "jax",
        "jax",
        row["version"],
        "pypi",
        extra,
        extras=(extra,) if extra else (),
        build=Build(source="pypi"),
        brings=tuple(sorted(brings.items())),
        pins=shared,
        row={**row, "cuda": (plugin or {}).get("cuda", False)},
    )


def _newest(matrix: "Matrix", name: str, machine: Machine, ranges: list[str]) -> str | None:
    found = newest(matrix, name, machine, ranges)
    if found is None:  # none for this Python: the rule says so
        fitting = rows(matrix, name, machine, ",".join(text for text in ranges if text != "*") or "*")
        found = fitting[0]["version"] if fitting else None
    return found


def _row(matrix: "Matrix", name: str, version: str | None, machine: Machine) -> "Row | None":
    fitting = rows(matrix, name, machine, f"=={version}") if version else ()
    return next((row for row in fitting if serves_python(row, machine)), fitting[0] if fitting else None)
