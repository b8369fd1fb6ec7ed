"""Machines made up of whatever can be said of one: no rule fails on them, and none concludes from what is unknown."""

from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from test_honesty import _EXCUSES, judge, without

GPUS = ["NVIDIA H100 PCIe", "Tesla T4", "NVIDIA GeForce RTX 5090", "GeForce GTX 1080 Ti", "Tesla K80", "Unheard Of 1"]
OFFERED = {
    "418.87.01": "10.1",
    "470.57.02": "11.4",
    "525.60.13": "12.0",
    "550.54.15": "12.4",
    "580.95.05": "13.0",
    "595.45.04": "13.2",
}
DRIVERS = [*OFFERED, "535", "999.1"]
CUDAS = ["9.0", "10.2", "11.8", "12", "12.4", "12.8", "13.0"]
PACKAGES = {
    "torch": ["1.13.1+cu117", "2.1.0", "2.4.0+cpu", "2.7.1+cu128", "2.9.0+cu130", None],
    "tensorflow": ["2.4.0", "2.10.0", "2.17.0", "2.20", None],
    "onnxruntime-gpu": ["1.16.3", "1.18.1", "1.20.0", "1.31.1", None],
    "jax": ["0.4.13", "0.4.35", "0.6.0", None],
    "jaxlib": ["0.4.13+cuda12.cudnn89", "0.4.35", None],
    "jax-cuda12-plugin": ["0.4.35", "0.6.0", False],
    "tensorrt": ["8.6.1", "10.3.0", "11.4.0.106", None],
    "vllm": ["0.6.3", "0.21.0", None],
    "numpy": ["1.26.4", "2.1.0"],
    "protobuf": ["3.20.3", "4.25.0", "6.31.1"],
    "torchvision": ["0.18.0", "0.22.1", None],
    "nvidia-cudnn-cu12": ["8.9.7.29", "9.10.2.21"],
    "nvidia-cudnn-cu13": ["9.13.0.50"],
    "keras": ["2.15.0", "3.4.0"],
    "triton": ["3.5.0"],
}
GOALS = [
    "use:gpu",
    "use:torch",
    "use:tensorflow",
    "use:jax",
    "use:vllm",
    "use:onnxruntime-cuda",
    "use:onnxruntime-tensorrt",
    "use:tensorrt",
    "use:tf-trt",
    "use:torchvision",
    "import:torch",
    "import:tensorflow",
    "convert:onnx-tensorrt",
    "run:engine",
    "run:cuda-binary",
    "run:onnx",
    "build:cuda-extension",
    "start:container",
    "convert:tensorflow-onnx",
    "install:torch",
]


def _some(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=choices)


def _consistent(machine: dict[str, Any]) -> dict[str, Any]:
    """Without builds that nobody published (CUDA of a release or platform that had none), or Linux in Windows."""
    unheard = machine.get("packages", {}).get("torch") is not None or machine.get("arch") == "aarch64"
    linux_only = ("glibc", "glibcxx", "environment", "missing_libraries") if machine.get("os") == "windows" else ()
    return {key: value for key, value in machine.items() if not (unheard and key == "builds") and key not in linux_only}


_library = st.builds(
    lambda name, version, origin, loaded: {
        "name": name,
        "version": version,
        "origin": origin,
        **({"loaded": True} if loaded else {}),
    },
    st.sampled_from(["cudnn", "cublas", "tensorrt", "ptxas"]),
    st.sampled_from(["8.6.0", "8.9.7", "9.1.0", "10.3.0", "12.4.5"]),
    st.sampled_from(["system", "pip", "conda"]),
    st.booleans(),
)
MACHINES = _some(
    os=st.sampled_from(["linux", "windows"]),
    arch=st.sampled_from(["x86_64", "aarch64"]),
    glibc=st.sampled_from(["2.17", "2.31", "2.39"]),
    glibcxx=st.sampled_from(["3.4.21", "3.4.32"]),
    python=st.sampled_from(["3.8.10", "3.11.4", "3.13.0"]),
    secure_boot=st.booleans(),
    environment=st.lists(st.sampled_from(["docker", "wsl2", "conda"]), max_size=2, unique=True),
    nvswitch=st.booleans(),
    gpus=st.lists(st.sampled_from(GPUS).map(lambda name: {"name": name}), min_size=1, max_size=2),
    driver=st.tuples(st.sampled_from(sorted(OFFERED)), st.sampled_from(["version", "cuda", "both"])).map(
        lambda one: {
            **({"version": one[0]} if one[1] != "cuda" else {}),
            **({"cuda": OFFERED[one[0]]} if one[1] != "version" else {}),
        }
    ),
    libcuda=_some(version=st.sampled_from(DRIVERS), compat=st.booleans()),
    toolkits=st.lists(st.sampled_from(CUDAS).map(lambda version: {"version": version, "origin": "system"}), max_size=2),
    libraries=st.lists(_library, max_size=3),
    missing_libraries=st.lists(st.sampled_from(["libcudnn.so.8", "libcublasLt.so.12"]), max_size=2),
    packages=_some(**{name: st.sampled_from(found) for name, found in PACKAGES.items()}),
    builds=_some(torch=_some(cuda=st.sampled_from(CUDAS))),
    model=_some(
        precision=st.sampled_from(["fp8", "int8", "bf16"]), opset=st.sampled_from(["13", "21"]), target=st.just("sm_90")
    ),
    engine=_some(compute_capability=st.sampled_from(["7.5", "9.0"]), tensorrt=st.sampled_from(["8.6.1", "10.3.0"])),
    container=_some(
        requires=st.sampled_from(["cuda>=12.6", "cuda>=12.6 brand=tesla,driver>=535,driver<536"]),
        gpu_access=st.booleans(),
    ),
).map(_consistent)


# What is taken to be the rest of what there is: a package or copy less can leave only one that does not serve, and
# without word of a build of one's own, or of a platform for which none was published, the published ones count.
_PROVIDERS = ("packages", "toolkits", "libraries", "builds", "os", "arch")


@seed(20261122)
@given(st.sampled_from(GOALS), MACHINES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_fact_less_never_makes_a_sound_machine_unsound(goal: str, machine: dict[str, Any]) -> None:
    before = judge(goal, machine)
    assert (before.verdict == "incompatible") == bool(before.errors)
    if before.verdict == "incompatible":
        return
    for path, less in without(machine):
        if path[:2] in _EXCUSES or path[0] in _PROVIDERS or path == ("libcuda",):
            continue
        after = judge(goal, less)
        assert after.verdict != "incompatible", (path, [one.message for one in after.errors])


@seed(20261122)
@given(st.sampled_from(GOALS), MACHINES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_order_is_no_fact(goal: str, machine: dict[str, Any]) -> None:
    turned = {
        key: value[::-1]
        if isinstance(value, list)
        else dict(reversed(value.items()))
        if isinstance(value, dict)
        else value
        for key, value in reversed(machine.items())
    }
    one, other = judge(goal, machine), judge(goal, turned)
    assert (one.verdict, {found.rule for found in one.errors}) == (
        other.verdict,
        {found.rule for found in other.errors},
    )


@seed(20261122)
@given(st.sampled_from(GOALS), MACHINES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_answer_is_explained(goal: str, machine: dict[str, Any]) -> None:
    report = judge(goal, machine)
    for found in report.findings:
        assert found.evidence
        assert found.remedies
    if report.verdict == "compatible":
        assert report.holds
