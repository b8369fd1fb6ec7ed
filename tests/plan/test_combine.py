"""The search for combinations agrees with trying all of them, in order, and loses none by jumping."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from compat.plan.solver.combine import Combinations

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


class Table:
    """A judge of numbers: those that fail alone, pairs that cannot be, wholes that fail."""

    def __init__(self, alone, pairs, wholes, most=10**6):
        self.bad_alone, self.bad_pairs, self.bad_wholes, self.left = alone, pairs, wholes, most

    def alone(self, one):
        return one not in self.bad_alone

    def like(self, one):
        return one

    def pair(self, one, other):
        return (one, other) not in self.bad_pairs

    def apart(self, one, others):
        return {index for index, other in enumerate(others) if (one, other) in self.bad_pairs}

    def whole(self, choices):
        self.left -= 1
        return None if tuple(choices) in self.bad_wholes else tuple(choices)

    def enough(self):
        return self.left <= 0


@st.composite
def problems(draw):
    columns, at = [], 0
    for size in draw(SIZES):
        columns.append(tuple(range(at, at + size)))
        at += size
    every = [one for column in columns for one in column]
    alone = draw(st.sets(st.sampled_from(every)))
    pairs = draw(st.sets(st.tuples(st.sampled_from(every), st.sampled_from(every)), max_size=20))
    wholes = draw(st.sets(st.sampled_from(list(product(*columns))), max_size=20))
    return columns, alone, pairs, wholes


@settings(max_examples=400, deadline=None)
@given(problem=problems(), long=st.sampled_from([0, 3, 1000]))
def test_the_same_answers_in_the_same_order_as_trying_everything(problem, long):
    columns, alone, pairs, wholes = problem
    expected = [
        choices
        for choices in product(*columns)
        if not alone.intersection(choices)
        and choices not in wholes
        and not any((choices[i], choices[j]) in pairs for i in range(len(choices)) for j in range(i + 1, len(choices)))
    ]
    search = Combinations(columns, Table(alone, pairs, wholes), long)
    assert list(search.answers()) == expected
    assert not search.cut


def test_a_search_that_may_not_go_on_says_so():
    columns = [tuple(range(9)), tuple(range(10, 19))]
    wholes = set(product(*columns))
    search = Combinations(columns, Table(set(), set(), wholes, most=5))
    assert list(search.answers()) == []
    assert search.cut


def test_what_leaves_a_later_column_nothing_is_not_looked_into():
    """A choice that excludes all that passes in a later column is not even asked for itself."""
    asked = []
    judge = Table({21}, {(0, 20), (1, 20)}, set())
    judge.alone = lambda one: (asked.append(one), one not in judge.bad_alone)[1]
    assert list(Combinations([(0, 1, 2), (10, 11), (20, 21)], judge).answers()) == [(2, 10, 20), (2, 11, 20)]
    assert not {0, 1} & set(asked)


def test_the_column_that_is_to_blame_is_gone_back_to_at_once():
    """The last column excludes the first: what lies between is not tried again for each."""
    columns = [(0, 1), tuple(range(10, 40)), tuple(range(50, 80)), (99,)]
    asked = []
    judge = Table(set(), {(0, 99), (1, 99)}, set())
    judge.pair = lambda one, other: (asked.append((one, other)), (one, other) not in judge.bad_pairs)[1]
    assert list(Combinations(columns, judge).answers()) == []
    assert len(asked) < 30


def test_a_long_search_leaves_out_what_has_no_partner():
    """The last column goes with few of the one before, and those with none of the first: each pair is asked of once."""
    columns = [tuple(range(60)), tuple(range(100, 160)), tuple(range(200, 260)), (300,)]
    few = (200, 201)
    bad = {(one, 300) for one in columns[2] if one not in few} | set(product(columns[0], few))
    counts = []
    for long in (100, 10**9):
        asked = []
        judge = Table(set(), bad, set())
        judge.pair = lambda one, other, asked=asked: (asked.append((one, other)), (one, other) not in bad)[1]
        assert list(Combinations(columns, judge, long).answers()) == []
        counts.append(len(asked))
    assert counts[0] < 800
    assert counts[1] > 5 * counts[0]
