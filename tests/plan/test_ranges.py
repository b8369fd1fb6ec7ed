"""Several demands on one package as one range."""

import pytest

from compat.plan.ranges import joined


@pytest.mark.parametrize(
    ("texts", "one"),
    [
        (["<2", "<2,>=1.26"], "<2,>=1.26"),
        (["<2", "<1.17"], "<1.17"),
        ([">=1.23.2", ">=1.26.0"], ">=1.26.0"),
        (["<82", "<=80.8.0"], "<=80.8.0"),
        (["<2", "<=2"], "<2"),
        ([">=0.5.2,<0.11", "<0.11"], ">=0.5.2,<0.11"),
        ([">=1.8.0", "==2.0.1", "!=2.0.0"], ">=1.8.0,==2.0.1,!=2.0.0"),
        (["~=1.4", "*", ""], "~=1.4"),
        ([], "*"),
    ],
)
def test_it_says_no_more_than_it_has_to(texts, one):
    assert joined(texts) == one
