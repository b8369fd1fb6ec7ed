"""What a request may take is counted in questions: the same on every machine, and bounded where it is advice."""

from pathlib import Path

import pytest

from compat.description import load
from compat.plan import solve
from compat.plan.asking.request import packages, requests
from compat.plan.solver.effort import EACH, LEAST, MOST, PROOF, WHOLE, Effort, Spent
from compat.plan.solver.verdicts import Verdict
from compat.plan.ways import several
from compat.report.plan import as_data, render

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


@pytest.fixture
def efforts(monkeypatch):
    """What each plan took, as it is made."""
    made = []

    class Kept(Effort):
        def __init__(self, machines: int = 1, *, bounded: bool = True) -> None:
            super().__init__(machines, bounded=bounded)
            self.proof = None
            made.append(self)

        def allow(self, hundredths: int) -> None:
            self.proof = self.done if self.proof is None else self.proof
            super().allow(hundredths)

    monkeypatch.setattr(solve, "Effort", Kept)
    return made


def planned(real, name, asked, others="", machines=1):
    machine = next(iter(load(str(DESCRIBED / f"{name}.toml"))))
    wanted = (*requests(asked), *packages(tuple(others.split()), real))
    return solve.plan(machine, wanted, real, machines=machines)


def test_what_may_be_asked_is_asked_and_nothing_more():
    effort = Effort()
    effort.takes(MOST)  # without a bound
    effort.allow(100)
    effort.takes(LEAST)
    assert not effort.cut
    with pytest.raises(Spent):
        effort.takes(1)
    assert effort.cut
    assert effort.done == MOST + LEAST


def test_several_machines_share_what_one_may_take():
    one, three = Effort(), Effort(3)
    one.allow(50)
    three.allow(50)
    assert one.most == MOST // 2
    assert three.most == MOST // 3 // 2


LONG = ("gtx1080ti-driver535", {"torch": "2.6", "tensorflow": "2.15"})


def test_advice_is_bounded_and_says_so(real, efforts):
    """Everything else is the same as with all the advice that there is."""
    cut = planned(real, *LONG, machines=20)
    effort = efforts.pop()
    assert effort.done <= effort.proof + max(MOST // 20 - effort.proof, LEAST // 20) + 2 * WHOLE
    assert not cut.advised
    every = planned(real, *LONG)
    assert len(cut.lifts) < len(every.lifts)
    assert (cut.outcome, cut.conflict, cut.proven) == (every.outcome, every.conflict, every.proven)
    assert every.advised
    for form in ("text", "markdown", "html"):
        assert "cut short" in "".join(render([cut], real, form, "pip"))
        assert "cut short" not in "".join(render([every], real, form, "pip"))
    assert as_data(cut, real)["advised"] is False


@pytest.mark.parametrize(
    ("name", "asked", "most"),
    [
        ("rtx3090-driver470", {"jax": "0.4.30"}, 5_000),
        ("rtx5090-driver570", {"jax": "0.3.25"}, 5_000),
        ("a100-driver450", {"tensorflow": "2.15"}, 16_000),
        ("k80-driver470", {"tensorflow": "1.15"}, 8_000),
        ("gtx1080ti-driver535", {"torch": "2.6", "tensorflow": "2.15"}, 18_000),
    ],
    ids=str,
)
def test_requests_take_no_more_than_they_did(real, efforts, name, asked, most):
    """Half as much again as when this was written: the matrix grows, the search is not to."""
    found = planned(real, name, asked)
    assert efforts[0].done <= most
    assert found.advised


@pytest.mark.parametrize(
    ("name", "asked", "most"),
    [
        ("rtx5090-driver570", {"tensorflow": "*"}, 220),
        ("rtx5090-driver570", {"tensorflow": "1.15"}, 290),
        ("cpu-only", {"tensorflow": "*"}, 100),
    ],
    ids=str,
)
def test_builds_that_a_rule_cannot_tell_apart_are_asked_once(real, monkeypatch, name, asked, most):
    """Questions to rules about builds: of the nearly two hundred builds most are refused as one of their kind was."""
    told, ask = [], Verdict._ask
    monkeypatch.setattr(Verdict, "_ask", lambda *given: (told.append(given[1].rule), ask(*given))[1])
    planned(real, name, asked)
    assert 0 < len(told) <= most


def test_the_same_request_takes_the_same(real, efforts):
    for _ in range(2):
        planned(real, "k80-driver470", {"torch": "2.6", "tensorflow": "2.15"})
    assert efforts[0].done == efforts[1].done > 0


def test_a_proof_is_bounded_apart_from_advice():
    effort = Effort()
    with pytest.raises(Spent):
        effort.within(effort.until(), lambda: [effort.takes(1) for _ in range(PROOF + 1)])
    assert effort.given_up()
    assert not effort.cut  # of advice nothing was left out
    effort.takes(1)  # what is neither has no bound
    effort.allow(100)
    effort.within(effort.until(), lambda: effort.takes(1))  # as advice it may take what advice may
    with pytest.raises(Spent):
        effort.within(effort.until(), lambda: effort.takes(LEAST) or effort.takes(1))
    assert not effort.given_up()
    assert effort.cut


def test_a_proof_that_takes_too_long_is_given_up_and_says_so(real, efforts, monkeypatch):
    """This one took six seconds, and was not proven then either."""
    monkeypatch.setattr("compat.plan.solver.effort.PROOF", 12_000)
    monkeypatch.setattr("compat.plan.solver.effort.MOST", 16_000)
    monkeypatch.setattr("compat.plan.solver.effort.LEAST", 1_000)
    cut = planned(real, "a100-driver450", {"jax": "==0.4.*", "tensorrt": "*"}, "keras keras2onnx==1.3.* vllm")
    assert (cut.outcome, cut.proven) == ("impossible", False)
    assert cut.conflict
    assert efforts[0].proof <= 12_000 + 10 * WHOLE
    assert "not all was tried" in "".join(render([cut], real, "text", "pip")).lower()


def test_a_scene_is_searched_though_another_took_everything():
    effort = Effort()
    effort.takes(PROOF)
    effort.within(effort.until(EACH), lambda: effort.takes(EACH))
    assert Effort(bounded=False).until(EACH) is None


def shared(real, asked, allow=(), names=("a100-driver450", "gtx1080ti-driver535")):
    machines = [next(iter(load(str(DESCRIBED / f"{name}.toml")))) for name in names]
    return several.plan_for(machines, requests(asked), real, None, frozenset(allow), "installed", False)


@pytest.mark.parametrize("bound", ["compat.plan.solver.effort.COMMON", "compat.plan.ways.several._TRIED"])
def test_the_search_for_builds_that_machines_share_is_bounded_and_says_so(real, monkeypatch, bound):
    """Each machine has a plan; that they share none is not proven where the search for it was cut."""
    monkeypatch.setattr("compat.plan.ways.several._AT_ONCE", 0)
    assert {one.outcome for one in shared(real, {"torch": "2.x"}, ("driver",))} <= {"planned", "nothing-to-do"}
    monkeypatch.setattr(bound, 0)
    for one in shared(real, {"torch": "2.x"}, ("driver",)):
        assert (one.outcome, one.proven) == ("impossible", False)
        assert "that was found" in one.conflict[0].message
        assert "not all was tried" in "".join(render([one], real, "text", "pip")).lower()


def test_machines_that_share_no_builds_are_proven_to(real):
    found = shared(real, {"torch": "*"}, names=("k80-driver470", "rtx5090-driver570"))
    assert {(one.outcome, one.proven) for one in found} == {("impossible", True)}
    assert all("that was found" not in reason.message for one in found for reason in one.conflict)
    assert {reason.rule for one in found for reason in one.conflict} == {"machines"}
