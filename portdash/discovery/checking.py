"""What a client is told, looked at where it is made: its first request is a bad place to learn of a slip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from portdash.config.problems import suggestion
from portdash.discovery.source import Source
from portdash.errors import UsageError
from portdash.manager.given import has, no_use
from portdash.text import clean


class UnknownOption(UsageError, TypeError):
    """An option that is none. Also the TypeError that Python itself has for such a keyword."""


def check_known(options: Iterable[str], known: Iterable[str]) -> None:
    """Raise UnknownOption for the first option that is none, with the nearest that is one."""
    names = frozenset(known)
    for name in options:
        if name not in names:
            raise UnknownOption(
                f"{clean(name)}= is no option here", hint=suggestion(name, sorted(names), what="there are")
            )


def check_kinds(options: Mapping[str, object]) -> None:
    """Raise UsageError for a value of a kind that its option cannot have, as far as nobody else looks at it."""
    for name, (fits, wanted, hint) in _KINDS.items():
        if name in options and not fits(options[name]):
            no_use(name, options[name], wanted, hint=hint)


def check_kind(name: str, value: object) -> None:
    """Raise UsageError for a value of a kind that this option cannot have."""
    check_kinds({name: value})


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_recorder(value: object) -> bool:
    return value is None or has(value, "of") or has(value, "found", "attempt", "failover")


def _is_logger(value: object) -> bool:
    return value is None or isinstance(value, logging.Logger) or has(value, "debug", "info", "warning", "error")


def _is_source(value: object) -> bool:
    return value is None or (isinstance(value, Source) and not isinstance(value, type))


_KINDS: Mapping[str, tuple[Callable[[object], bool], str, str]] = {
    "workspace": (_is_text, "the name of a workspace", 'workspace="shop"'),
    "environment": (_is_text, "the name of an environment", 'environment="staging"'),
    "source": (_is_source, "a source of instances", 'source=portdash.source_for("api")'),
    "retry_unsafe": (lambda value: isinstance(value, bool), "True or False", "True sends POST again as well"),
    "metrics": (_is_recorder, "told what a client does", "metrics=portdash.Metrics()"),
    "logger": (_is_logger, "a logger", 'logger=logging.getLogger("mine")'),
}
