"""What to do about an engine that does not load here: the TensorRT that built it, the JetPack, or a new build."""

from typing import TYPE_CHECKING

from compat.artifacts import Artifact
from compat.convert import tensorrt
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.check import Report
    from compat.matrix import Matrix, Row


@dataclass(frozen=True)
class Advice:
    """A way out, in words and as commands (argument lists)."""

    text: str
    commands: tuple[tuple[str, ...], ...] = ()


def for_engine(artifact: Artifact, report: "Report", matrix: "Matrix") -> tuple[Advice, ...]:
    """Ways out of the findings about an engine, the nearest first; none where nothing was found."""
    rules = {found.rule for found in report.findings}
    ways: list[Advice] = []
    foreign = rules & {"engine-from-other-gpu", "engine-from-other-os"}
    wants = not rules and artifact.engine is not None and _lacks_tensorrt(report)
    if wants or ("engine-from-other-tensorrt" in rules and not foreign):
        ways += _that_tensorrt(artifact, report, matrix)
    if rules & {"engine-from-other-gpu", "engine-from-other-os", "engine-from-other-tensorrt", "engine-unreadable"}:
        ways.append(_rebuild(artifact, report, matrix))
    return tuple(ways)


def _lacks_tensorrt(report: "Report") -> bool:
    return any(one.component == "tensorrt" for one in report.untold)


def _that_tensorrt(artifact: Artifact, report: "Report", matrix: "Matrix") -> list[Advice]:
    release = artifact.engine.tensorrt if artifact.engine else None
    if release is None:
        return []
    ways = []
    machine = report.machine
    packs = tensorrt.jetpacks(matrix, release)
    device = artifact.facts.get("device", {})
    of_jetson = (artifact.engine is not None and artifact.engine.platform == "utrt") or device.get("integrated")
    if packs and (machine.in_environment("jetson") or of_jetson):
        ways.append(Advice(_jetpacks(packs, _family(machine.jetson.module, matrix))))
    if machine.in_environment("jetson"):
        return ways
    found = tensorrt.published(matrix, release, machine)
    if found is not None:
        ways.append(
            Advice(f"install the TensorRT {release} that built it", (tensorrt.install_command(*found, machine),))
        )
    elif not ways:
        ways.append(
            Advice(f"install TensorRT {release} from NVIDIA's archive: the matrix knows no pip package of exactly it")
        )
    return ways


def _family(module: str | None, matrix: "Matrix") -> str | None:
    """The module as JetPack's rows name it: "Orin NX" for "Jetson Orin NX 16GB"; None for one that they do not."""
    names = {name for row in matrix.every("jetpack") for name in row.get("modules", ()) if name in (module or "")}
    return max(names, key=len, default=None)


def _jetpacks(packs: "list[Row]", module: str | None) -> str:
    """The JetPacks with a TensorRT, those of the module where it is known."""
    own = [row for row in packs if module is None or module in row.get("modules", (module,))]
    text = ", ".join(f"{row['jetpack']} (L4T {row['l4t']})" for row in own or packs)
    release = (own or packs)[-1]["tensorrt"]
    if not own:
        return f"JetPack {text} has TensorRT {release}, and none of them is for {module}: build the engine again"
    return (
        f"JetPack {text} has TensorRT {release}; on a Jetson TensorRT comes with JetPack, so the board is flashed with "
        "one of them, or the engine runs in a container of that L4T release"
    )


def _rebuild(artifact: Artifact, report: "Report", matrix: "Matrix") -> Advice:
    """The trtexec line for this machine's TensorRT and the fastest precision that needs no calibration."""
    from compat.goals import parse
    from compat.rules.case import Case
    from compat.rules.tensorrt.release import installed

    case = Case(report.machine, parse("convert:onnx-tensorrt"), matrix)
    found = installed(case)
    release = found[0] if found else None
    capability = case.gpus[0].capability if case.gpus else None
    have = tensorrt.precisions(matrix, capability, release)
    plain = next((name for name in ("fp16", "fp32") if name in have), None)
    name = artifact.path.rpartition("/")[2].rpartition(".")[0] or "model"
    line = tensorrt.trtexec(matrix, f"{name}.onnx", f"{name}.engine", release, plain)
    typed = (
        " (TensorRT 11 takes the precision from the model itself)"
        if release and tensorrt.is_strongly_typed(matrix, release)
        else ""
    )
    can = f"; this GPU and TensorRT have {', '.join(have)}" if have else ""
    return Advice(f"build it again on this machine from the ONNX model{typed}{can}", (line,))
