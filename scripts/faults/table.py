"""The results in Markdown."""

import re

from scripts.faults.run import Result, judge


def table(results: list[Result]) -> list[str]:
    """The results in Markdown, as the README shows them."""
    lines = ["| fault | what really happened | what doctor said |", "|---|---|---|"]
    for result in results:
        real = _together({goal: _shortened(text) for goal, text in result["real"].items()})
        said = _together(
            {
                goal: f"`{', '.join(rules)}`" if rules else verdict
                for goal, (verdict, rules) in result.get("said", {}).items()
            }
        )
        wrong = f" **wrong: {'; '.join(judge(result))}**" if judge(result) else ""
        lines.append(f"| {result['name']} | {real} | {said}{wrong} |")
    return lines


_NOISE = re.compile(r"^(?:AssertionError|RuntimeError|ImportError|OSError|ModuleNotFoundError):? ?")


def _shortened(text: str) -> str:
    text = "works" if text == "works" else _NOISE.sub("", text).replace("|", "/")
    if not text or text.startswith("For simplicity, JAX"):
        return "fails"
    return text if len(text) <= 58 else f"{text[:55].rstrip()}..."


def _together(said: dict[str, str]) -> str:
    """The same word for all goals once, else each goal's own."""
    if len(set(said.values())) == 1:
        return f"all: {next(iter(said.values()))}"
    return "; ".join(f"{goal.partition(':')[2]}: {text}" for goal, text in said.items())
