"""Who answers on each way to say localhost: 127.0.0.1, ::1 and the network may be three different servers."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from portdash.model.listener import Listener
from portdash.model.snapshot import SeenListener


class Answer(NamedTuple):
    """Who a client reaches by one address."""

    address: str
    seen: SeenListener | None
    """None where nobody answers."""


def who_answers(seen: Iterable[SeenListener]) -> tuple[Answer, ...]:
    """Return who answers on 127.0.0.1, on ::1 and from outside, given the listeners on one port.

    The kernel prefers a socket bound to the very address over one bound to all addresses.
    """
    found = tuple(seen)
    return (
        Answer("127.0.0.1", _first(found, lambda each: each.address == "127.0.0.1", _takes_ipv4)),
        Answer("::1", _first(found, lambda each: each.address == "::1", lambda each: each.address == "::")),
        Answer("network", _first(found, _is_outside, lambda each: each.address in ("0.0.0.0", "::"))),  # noqa: S104
    )


def _first(found: tuple[SeenListener, ...], *tests: Callable[[Listener], bool]) -> SeenListener | None:
    for test in tests:
        for each in found:
            if test(each.listener):
                return each
    return None


def _takes_ipv4(listener: Listener) -> bool:
    wildcard = listener.address == "::" and listener.dual_stack is not False
    return listener.address == "0.0.0.0" or wildcard  # noqa: S104


def _is_outside(listener: Listener) -> bool:
    address = listener.address
    return not address.startswith("127.") and address not in ("0.0.0.0", "::", "::1")  # noqa: S104
