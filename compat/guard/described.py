"""The machine that a file describes: the target's hardware and system, with what the file would install on it.

An exact release counts as installed, a range as requested. Where each fact is from goes into ``sources`` as PATH:LINE,
so that every finding's evidence leads back to the line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.goals import Goal, parse
from compat.guard.files import Contents, Requirement
from compat.guard.images import inside
from compat.guard.transaction import source_of
from compat.machine import Build, Engine, Machine, Toolkit
from compat.markers import applies
from compat.matrix.packages import normal
from compat.names import OF_TORCH
from compat.plan.solver.scene import emptied
from compat.records import replace
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix

# conda's packages that say which CUDA the environment has.
_CONDA_CUDA = ("cudatoolkit", "pytorch-cuda", "cuda-version", "cuda-toolkit", "cuda")


def target(machine: Machine | None) -> Machine:
    """The machine to judge for. One that has no GPU is where the file is read, not where it is to run."""
    if machine is None or (machine.gpus == () and machine.interpreter is not None):
        return Machine(os="linux", arch=machine.arch if machine else None)
    return replace(emptied(machine), packages=None)


def described(contents: Contents, machine: Machine | None, matrix: "Matrix") -> Machine:
    """The machine after the file has been carried out."""
    base = target(machine)
    base = replace(base, name=contents.path)
    if contents.image is not None:
        base = inside(base, contents.image, matrix)
        base = replace(base, name=contents.path)
    if contents.python is not None:
        where = {**base.sources, "python": f"{contents.path}:{contents.python_line}"}
        base = replace(base, python=contents.python, sources=where)
    return _with_packages(base, contents, matrix)


def _with_packages(base: Machine, contents: Contents, matrix: "Matrix") -> Machine:
    packages: dict[str, Any] = dict(base.packages or {})
    builds: dict[str, Build] = dict(base.builds)
    request: dict[str, str] = {}
    sources: dict[str, str] = dict(base.sources)
    for one in _in_python(_that_count(contents, base), matrix):
        if _already(one, packages.get(one.name), request.get(one.name)):
            continue  # pip leaves what is there and suits
        packages.pop(one.name, None)
        request.pop(one.name, None)
        exact = one.exact
        (packages if exact else request)[one.name] = exact or one.range
        sources[f"{'packages' if exact else 'request'}.{one.name}"] = one.where
        build = _build(one, contents, matrix)
        if build is not None:
            builds[one.name] = build
            sources |= {f"builds.{one.name}.{field}": one.where for field in ("cuda", "source")}
    kits = base.toolkits if base.toolkits is not None else _conda_toolkit(contents)
    return replace(base, packages=packages, builds=builds, request=request or None, sources=sources, toolkits=kits)


def _already(one: Requirement, there: str | None, asked: str | None) -> bool:
    """Does what an earlier line installs (a release, or one inside a range) meet this one?"""
    if there and versions.try_parse(there) is not None:
        return versions.parse_range(one.range).admits(there) is True
    return asked is not None and one.range == "*"


def _in_python(requirements: Iterable[Requirement], matrix: "Matrix") -> Iterator[Requirement]:
    """Those of conda under the names that they have in Python. What conda offers in another release than the one that
    is named (cudatoolkit, and ranges of frameworks) is not known here, and the index's own builds say nothing of it."""
    from compat.probe.layers.distributions import CONDA_NAMES

    for one in requirements:
        if not one.conda:
            yield one
            continue
        name = CONDA_NAMES.get(one.name, one.name)
        line = re.fullmatch(r"==(\d+\.\d+\.\d+)\.\*", one.range)  # conda's pytorch=2.1.0
        if line is not None:
            yield replace(one, name=name, range=f"=={line[1]}")
        elif one.exact or (matrix.packages.component(name) is None and name not in _CONDA_CUDA):
            yield replace(one, name=name)


def _that_count(contents: Contents, machine: Machine) -> Iterable[Requirement]:
    """Requirements whose marker holds; a constraint narrows what is asked for and asks for nothing itself."""
    limits = {one.name: one for one in contents.constraints if applies(one.marker, machine)}
    for one in contents.requirements:
        if not applies(one.marker, machine):
            continue
        limit = limits.get(one.name)
        if limit is None or one.exact:
            yield one
        else:
            text = limit.range if one.range == "*" or limit.exact else f"{one.range},{limit.range}"
            yield replace(one, range=text)


def _build(one: Requirement, contents: Contents, matrix: "Matrix") -> Build | None:
    """What the line, or the index of its command or file, says of the build; of packages that have several builds."""
    if matrix.packages.component(one.name) is None:
        return None
    if one.conda:
        from compat.probe.layers.builds import of_conda

        return of_conda(one.build.strip("*")) if one.build is not None else Build(source="conda")
    if one.url is not None:
        if source_of(one.url) == "pytorch" and not one.url.endswith(".whl") and "+" not in (one.exact or ""):
            return _of_pytorch((one.url,))  # an index of one variant
        return Build(source=source_of(one.url, contents.kind != "pylock"))
    indexes = contents.indexes if one.indexes is None else one.indexes
    vendors = {source_of(url) for url in indexes} - {"pypi", None}
    if "pytorch" in vendors and one.name in ("torch", *OF_TORCH) and (one.exact or "+").partition("+")[2] == "":
        return _of_pytorch(indexes)
    if vendors:
        return _of_one(one, vendors | {"pypi"}, matrix)
    return Build(source="pypi") if "+" not in (one.exact or "") else None


def _of_one(one: Requirement, indexes: "set[str | None]", matrix: "Matrix") -> Build | None:
    """Of several indexes that are asked the one that has what is wanted, where it is one."""
    wanted = versions.parse_range(one.range)
    having = {
        row["index"]
        for version, rows in matrix.packages.builds(one.name).items()
        if wanted.admits(version)
        for row in rows
    }
    return Build(source=next(iter(having & indexes))) if len(having & indexes) == 1 else None


def _of_pytorch(indexes: Iterable[str]) -> Build:
    """The last folder of download.pytorch.org/whl/cu124 is the variant; without one any build can come."""
    tags = {url.rstrip("/").rpartition("/")[2] for url in indexes if source_of(url) == "pytorch"}
    if tags == {"cpu"}:
        return Build(cuda=False, source="pytorch")
    cuda = versions.cuda_of_tag(next(iter(tags))) if len(tags) == 1 else None
    return Build(cuda=cuda, source="pytorch")


def _conda_toolkit(contents: Contents) -> tuple[Toolkit, ...] | None:
    found = [one for one in contents.requirements if contents.kind == "conda" and one.name in _CONDA_CUDA]
    release = found[0].range.removeprefix("==").removesuffix(".*") if found else ""
    return (Toolkit(release, "conda"),) if release[:1].isdigit() and "," not in release else None


def goals(machine: Machine, matrix: "Matrix") -> tuple[Goal, ...]:
    """Use what is pinned, install what is asked for; a name that the matrix calls dead is judged as a request."""
    dead = {normal(row["distribution"]) for row in matrix.every("name")}
    # A TensorRT or an engine that lies on the target is no matter of a file that does not speak of it.
    told = machine if machine.container.image else replace(machine, libraries=None, engine=Engine())
    pinned = [goal for goal in goals_of(told, matrix) if str(goal) != "use:gpu" or machine.container.image]
    if machine.gpus is None:  # for any machine: who pins a CPU build means the CPU
        pinned = [goal for goal in pinned if not any(_without_cuda(machine, name) for name in goal.subjects)]
    asked = [name for name in machine.request or {} if name in dead or _accelerated(name, matrix)]
    return (*pinned, *(parse(f"install:{name}") for name in dict.fromkeys(asked)))


def _without_cuda(machine: Machine, name: str) -> bool:
    version = (machine.packages or {}).get(name)
    return machine.builds.get(name, Build()).cuda is False or str(version or "").endswith("+cpu")


def _accelerated(name: str, matrix: "Matrix") -> bool:
    component = matrix.packages.component(name)
    return component is not None and matrix.packages.about(component).get("accelerator") in ("optional", "always")


def dead_pins(machine: Machine, matrix: "Matrix") -> tuple[tuple[Machine, Goal], ...]:
    """Pinned names that the matrix calls dead: each as a request, so that the rule about requests is asked."""
    dead = {normal(row["distribution"]) for row in matrix.every("name")}
    found = []
    for name, version in (machine.packages or {}).items():
        if version and normal(name) in dead:
            sources = {
                **machine.sources,
                f"request.{name}": machine.sources.get(f"packages.{name}", machine.name or ""),
            }
            builds = {one: build for one, build in machine.builds.items() if one == name}
            asked = replace(machine, request={name: f"=={version}"}, packages=None, builds=builds, sources=sources)
            found.append((asked, parse(f"install:{name}")))
    return tuple(found)
