"""How a README sets up a checkout: what it installs before the checkout's own list counts beside that."""

import json

import pytest
from files_asked import planned

LIST = "tensorflow==2.12.0\n"


@pytest.mark.parametrize(
    ("readme", "asked"),
    [
        # As TMElyralab/MuseTalk and state-spaces/s4 have it: what the list does not name, before it or beside it.
        ("```\npip install torch==2.0.1\n```\n\n```\npip install -r requirements.txt\n```\n", {"torch", "tensorflow"}),
        (
            "```\nconda install pytorch==2.0.1 -c pytorch\npip install -r requirements.txt\n```\n",
            {"torch", "tensorflow"},
        ),
        # What comes after it is for something more, and what the list names it says better.
        ("```\npip install -r requirements.txt\n```\n\n```\npip install torch==2.0.1\n```\n", {"tensorflow"}),
        ("```\npip install torch==2.0.1 tensorflow==2.11.0\npip install -r requirements.txt\n```\n", {"tensorflow"}),
        ("```\npip install torch==2.0.1\n```\n", {"tensorflow"}),
    ],
)
def test_what_counts_beside_the_list(tmp_path, capsys, readme, asked):
    (tmp_path / "requirements.txt").write_text(LIST)
    (tmp_path / "README.md").write_text(readme)
    _, out, _ = planned(capsys, tmp_path, "--format", "json")
    assert set(json.loads(out)["request"]) == asked
