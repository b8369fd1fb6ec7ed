"""How indexes compare the names of distributions."""


def normal(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503), without extras."""
    plain = name.partition("[")[0].strip().lower().replace("_", "-").replace(".", "-")
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain
