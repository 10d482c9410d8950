"""Errors meant for the user: each message is a sentence that says what is wrong and what to do."""


class StudioError(Exception):
    """The base of every error whose message may be shown as it is."""


class InvalidField(StudioError):
    """A field of a request is out of its limits; `field` is the request's name for it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)  # both, so that the error can be copied and pickled
        self.field = field

    def __str__(self) -> str:
        return self.args[1]


class NotFound(StudioError):
    """Something named by its id does not exist, or not for the one who asks."""


class LoadError(StudioError):
    """A checkpoint cannot be loaded; the one loaded before still works."""


class RunError(StudioError):
    """A run failed half-way: out of memory, or a picture that is no picture."""


class Cancelled(StudioError):
    """The job was stopped by its owner."""
