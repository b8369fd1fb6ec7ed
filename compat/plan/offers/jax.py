"""JAX: jax, jaxlib and the CUDA plugin move together; the extra names the CUDA major."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.matrix.packages import fits_python
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Pin
from compat.plan.offers import parts
from compat.plan.offers.published import newest, pins, rows

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

EXTRAS = ("cuda13", "cuda12")
# Before the plugins jaxlib itself held the GPU code, on pages of JAX's own (changelog, 0.4.26 has the last of CUDA 11);
# these draw CUDA as packages, those before 0.4.7 take the machine's.
OWN_EXTRAS = ("cuda12_pip", "cuda11_pip")
WITH_CUDA = ("with-cuda", "with_cuda")  # the plugin's extra, as wheels before and since 0.4.31 spell it


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """One choice for each CUDA major that the release has an extra and a published plugin for."""
    for row in rows(matrix, "jax", machine, wanted):
        for extra in EXTRAS if gpu else ("",):
            choice = _choice(row, extra, machine, matrix)
            if choice is not None:
                yield choice
        seen: set[str] = set()
        for extra in _of_page(row) if gpu else ():
            for choice in _whole(row, extra, machine, matrix):
                jaxlib = dict(choice.brings)["jaxlib"]
                if jaxlib not in seen:
                    seen.add(jaxlib)
                    yield choice


def _of_page(row: "Row") -> tuple[str, ...]:
    """The extras that draw a jaxlib of JAX's own pages: first those with CUDA as packages, then those that take it
    from the machine (``cuda``, ``cuda11_cudnn82``; the newest cuDNN first)."""
    drawing = [name for name, lines in row.get("extras", {}).items() if any("+cuda" in line for line in lines)]
    return (*OWN_EXTRAS, *sorted((one for one in drawing if one not in OWN_EXTRAS), key=lambda one: (len(one), one)))


def _whole(row: "Row", extra: str, machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    """With a jaxlib that holds the GPU code, and CUDA as packages or that of the machine."""
    lines = row.get("extras", {}).get(extra, ())
    label, source = f"jax {row['version']}", str(matrix.source(row, "extras"))
    found = pins(matrix, [*row.get("requires", ()), *lines], machine, label, source, extra)
    exact = next((pin.range[2:].strip() for pin in found if pin.name == "jaxlib" and "+cuda" in pin.range), None)
    if exact is None:
        return
    version, _, local = exact.partition("+")
    packaged = any(pin.name.startswith("nvidia-") for pin in found)
    for one in matrix.packages.builds("jaxlib").get(version, ()):
        if (one["index"], one["os"], one["arch"]) == ("jax", machine.os, machine.arch) and one["variant"] == local:
            if not packaged and not parts.on_machine(machine, versions.parse(one["cuda"]).major, cudnn="cudnn" in one):
                continue
            own = _cudnn(one, exact, matrix) if packaged else ()
            yield Choice(
                "jax",
                "jax",
                row["version"],
                "jax",
                extra,
                extras=(extra,),
                build=Build(source="pypi"),
                brings=(("jaxlib", exact),),
                pins=(*(pin for pin in found if pin.name != "jaxlib"), *own),
                row={**row, **{name: one[name] for name in ("cuda", "cudnn", "python") if name in one}},
                extra_index=_page(row["version"], matrix),
                default=False,
            )


def _page(version: str, matrix: "Matrix") -> str:
    """The page of links that the release names; the first one had builds without CUDA too."""
    claim = matrix.traits.claim("jax", "own-page", version)
    return str(claim["value"]) if claim is not None else installers.JAX


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
    return next((row for row in fitting if fits_python(row, machine.python)), fitting[0] if fitting else None)
