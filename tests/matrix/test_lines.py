"""Where things stand in a TOML file."""

from compat.matrix.lines import scan

TEXT = '''# head
component = "x"

[source.a]
title = "A"

# why b
[source."b c"]
title = """
[[release]] is not a row here
# nor a comment
"""

# section
[[release]]
version = "1"
note = "y"

[release.built]
cudnn = "9.1"

[[release]]
"version" = "2"
# the end
'''


def test_headers_and_fields() -> None:
    found = scan(TEXT)
    assert [found.of("release", 0), found.of("release", 1), found.of("source", "a"), found.of("source", "b c")] == [
        15,
        22,
        4,
        8,
    ]
    assert found.of_field("release", 0, "note") == 17
    assert found.of_field("release", 0, "built") == 19
    assert found.of_field("release", 1, "version") == 23
    assert found.of_field("release", 1, "note") == 22
    assert found.of("build", 0) == 1


def test_comments() -> None:
    found = scan(TEXT)
    assert found.head == "# head\n"
    assert found.tail == "# the end\n"
    assert found.remarks == {("source", "b c"): "# why b\n", ("release", 0): "# section\n"}


def test_a_file_of_comments_has_only_a_head() -> None:
    assert (scan("# one\n# two\n").head, scan("# one\n# two\n").tail) == ("# one\n# two\n", "")
