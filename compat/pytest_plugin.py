"""pytest plugin: tests marked ``gpu`` are skipped, or fail at once, where the machine cannot run them.

``pytest --compatcheck=skip`` (or ``fail``); ``@pytest.mark.gpu`` is about what is installed,
``@pytest.mark.gpu("use:torch")`` about that goal. The reason is the rule's. Nothing is imported or run for the verdict;
without the option the plugin does nothing.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from compat.check import Report
    from compat.machine import Machine

_REPORTS = pytest.StashKey["dict[str, Report]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """--compatcheck and --compatcheck-machine."""
    group = parser.getgroup("compatcheck", "GPU compatibility")
    group.addoption(
        "--compatcheck",
        choices=("skip", "fail"),
        default=None,
        help="What becomes of tests marked gpu that this machine cannot run.",
    )
    group.addoption("--compatcheck-machine", metavar="FILE", default=None, help="Judge this described machine instead.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "gpu(*goals): needs a GPU that works for the goals, such as use:torch (compatcheck)"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a marked test whose goal the machine does not reach. What cannot be told is tried."""
    mode = item.config.getoption("--compatcheck")
    if mode is None:
        return
    goals = [goal for mark in item.iter_markers("gpu") for goal in mark.args or ("",)]
    for goal in dict.fromkeys(goals):
        for report in _reports(item.config, goal):
            if report.verdict == "incompatible" and report.primary is not None:
                reason = f"{report.goal}: {report.primary.rule}: {report.primary.message}"
                if mode == "skip":
                    pytest.skip(reason)
                pytest.fail(reason, pytrace=False)


def _reports(config: pytest.Config, goal: str) -> "list[Report]":
    """The reports for a goal, or for every goal that the machine suggests; judged once a session."""
    from compat.check import check
    from compat.goals import parse
    from compat.matrix import Matrix
    from compat.suggest import goals_of

    known = config.stash.setdefault(_REPORTS, {})
    if not any(key == goal or key.startswith(f"{goal}|") for key in known):
        machine, matrix = _machine(config), Matrix.load()
        for one in (parse(goal),) if goal else goals_of(machine, matrix):
            known[f"{goal}|{one}"] = check(machine, one, matrix)
    return [report for key, report in known.items() if key.startswith(f"{goal}|")]


def _machine(config: pytest.Config) -> "Machine":
    path = config.getoption("--compatcheck-machine")
    if path is not None:
        from compat.description import load

        return next(load(path))
    import sys

    from compat.probe.assemble import read_machine
    from compat.probe.host import Host

    return read_machine(Host("/"), sys.executable)
