"""Seconds that a caller says, read as the configuration reads them."""

from portdash.config.durations import parse_duration
from portdash.errors import UsageError


def seconds_of(option: str, said: float | str) -> float:
    """Return the seconds that `said` means, a number or text such as `10s`. Raises UsageError that names the option."""
    try:
        return parse_duration(said)
    except ValueError as error:
        raise UsageError(f"{option}= cannot be used: {error}", hint='say "30s", or seconds') from error


def wait_of(said: float | str | None) -> float | None:
    """Return how long to wait for an instance; None for not at all, which 0 means as well. Raises UsageError."""
    return None if said is None or said in (0, "0") else seconds_of("wait", said)
