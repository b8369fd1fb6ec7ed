"""What was measured on an H200 of copies in front and of damaged parts: who fails, and who does not."""

from tried import Facts, errors, judge
from tried.base import PLUGIN, lib


def test_damage_that_the_process_does_not_meet_is_a_warning() -> None:
    """Measured on an H200: with pip's libcudnn_graph emptied torch fails and JAX works, by the system's copy."""
    damaged = [{"package": "nvidia-cudnn-cu12", "path": "nvidia/cudnn/lib/libcudnn_graph.so.9", "problem": "empty"}]
    machine = {
        "packages": {"torch": "2.7.1+cu128", "nvidia-cudnn-cu12": "9.7.1.26", **PLUGIN},
        "damaged": damaged,
        "libraries": [
            lib("cudnn", "9.7.1", "pip", path="/env/nvidia/cudnn/lib", loaded_by=["torch"]),
            lib("cudnn", "9.14.0", path="/usr/lib/x86_64-linux-gnu/libcudnn.so.9", loaded_by=["jax"]),
        ],
    }
    assert errors(judge("use:torch", machine)) == ["library-damaged"]
    report = judge("use:jax", machine)
    assert errors(report) == []
    assert [(one.rule, one.severity) for one in report.findings if one.rule == "library-damaged"] == [
        ("library-damaged", "warning")
    ]


def test_a_copy_in_front_is_judged_by_what_it_serves() -> None:
    """Measured on an H200: cuDNN 9.14 in front of 9.19 stops torch, built with 9.19, not JAX, built with 9.12."""

    def machine(package: str, built: str) -> Facts:
        return {
            "packages": {package: None},
            "builds": {package: {"cudnn": built}},
            "libraries": [lib("cudnn", "9.14.0", loaded_by=[package]), lib("cudnn", "9.19.0", "pip")],
        }

    assert errors(judge("use:torch", machine("torch", "9.19.0"))) == ["library-shadowed"]
    assert errors(judge("use:jax", machine("jax", "9.12.0"))) == []
