"""Which of Textual's drivers reads the terminal: our own, unless the environment names another."""

import inspect
import sys
from collections.abc import Callable

from textual import constants
from textual.driver import Driver

from portdash.errors import ConfigError


def driver_class(of_textual: Callable[[], type[Driver]]) -> type[Driver]:
    """Return one that reads keys without waking for none, where that is known to work, else what Textual takes.

    Raises ConfigError where `TEXTUAL_DRIVER` names none.
    """
    name = constants.DRIVER
    if name is not None:
        return _named(name, of_textual)
    if sys.platform != "linux":
        return of_textual()
    from portdash.dashboard.key_reader import SleepingDriver  # noqa: PLC0415  Windows has no such terminals

    return SleepingDriver


def _named(name: str, of_textual: Callable[[], type[Driver]]) -> type[Driver]:
    module, _, symbol = name.partition(":")
    if not (module and symbol):
        raise _no_driver(name, "it is not of the form module:Class")
    try:
        found = of_textual()
    except Exception as error:  # what a module raises that is loaded for its name can be anything
        raise _no_driver(name, f"{type(error).__name__}: {error}") from error
    if inspect.isabstract(found):
        raise _no_driver(name, "it is the pattern of a driver, not one")
    return found


def _no_driver(name: str, reason: str) -> ConfigError:
    return ConfigError(f"TEXTUAL_DRIVER={name!r} names no driver: {reason}", hint="unset it, or name another")
