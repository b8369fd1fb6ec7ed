"""A folder of TensorRT-LLM: config.json and one engine for each rank."""

import json
from typing import Any

from compat.artifacts import engine
from compat.artifacts.artifact import Artifact, Malformed
from compat.probe.host import Host, Unreadable
from compat.records import replace


def recognise_folder(names: tuple[str, ...]) -> bool:
    """config.json beside rank0.engine, or beside engines of older names."""
    return "config.json" in names and any(name.endswith(".engine") for name in names)


def read_folder(host: Host, path: str) -> Artifact:
    """The release of TensorRT-LLM, the builder's settings, and the first rank's engine."""
    text = host.read_text(f"{path}/config.json", 1 << 18)
    try:
        config: Any = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        config = {}
    facts = _facts(config if isinstance(config, dict) else {})
    ranks = sorted(name for name in host.listdir(path) if name.endswith(".engine"))
    facts["ranks"] = len(ranks)
    source = host.open_at(f"{path}/{ranks[0]}")
    if isinstance(source, Unreadable):
        raise Malformed(f"{ranks[0]}: {source.reason}")
    with source:
        first = engine.read(source)
    title = f"TensorRT-LLM engine folder{' of ' + facts['tensorrt_llm'] if 'tensorrt_llm' in facts else ''}"
    return replace(first, format="tensorrt-llm", title=title, facts={**first.facts, **facts})


def _facts(config: dict[str, Any]) -> dict[str, Any]:
    pretrained = config.get("pretrained_config")
    builder = config.get("build_config", config.get("builder_config"))
    found: dict[str, Any] = {}
    if isinstance(config.get("version"), str):
        found["tensorrt_llm"] = config["version"][:40]
    for part, keys in (
        (pretrained, ("architecture", "dtype")),
        (builder, ("precision", "max_batch_size", "max_input_len")),
    ):
        if isinstance(part, dict):
            found |= {key: part[key] for key in keys if isinstance(part.get(key), (str, int))}
    return found
