"""What can go wrong with an installation, each with a hint."""


class InstallError(Exception):
    """Nothing was changed, or all was put back; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadPlan(InstallError):
    """The plan file is not one that compatcheck writes."""


class StepFailed(InstallError):
    """A step's command failed or was stopped; ``status`` is its exit status, negative for a signal."""

    def __init__(self, message: str, hint: str = "", status: int = 1, output: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.output = output


class Locked(InstallError):
    """Another run works on this environment."""
