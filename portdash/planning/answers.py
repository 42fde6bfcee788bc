"""Who answers on each way to say localhost: 127.0.0.1, ::1 and the network may be three different servers."""

from collections.abc import Callable, Collection, Iterable

from portdash.model.listener import Listener
from portdash.named_tuple import NamedTuple
from portdash.planning.wording import holders_text
from portdash.text import clean

IPV4, IPV6, NETWORK = "127.0.0.1", "::1", "network"
_EVERY_IPV4 = ("0.0.0.0",)  # noqa: S104  compared, not bound
_EVERY = ("::", "*", "")


class Answer(NamedTuple):
    """Who a client reaches by one address."""

    address: str
    """`127.0.0.1`, `::1`, or `network`: any address of this machine that others can reach."""
    listeners: tuple[Listener, ...] = ()
    """Who answers there: several where they share the very address, nobody where it is empty."""


class Answers(NamedTuple):
    """Who answers on one port."""

    ipv4: Answer
    ipv6: Answer
    network: Answer

    @property
    def localhost(self) -> tuple[Answer, ...]:
        """The answers to a client that says localhost, in the order in which it tries the addresses."""
        return tuple(each for each in (self.ipv6, self.ipv4) if each.listeners)


def who_answers(listeners: Iterable[Listener]) -> Answers:
    """Return who answers on 127.0.0.1, on ::1 and from outside, given the listeners on one port.

    The kernel prefers a socket bound to the very address over one bound to all addresses of that family, and that one
    over an IPv6 socket which takes IPv4 too. What comes from outside to a published port is the container's, whatever
    else listens there.
    """
    found = tuple(listeners)
    return Answers(
        Answer(IPV4, _best(found, lambda each: _address(each) == IPV4, _is_every_ipv4, _takes_ipv4)),
        Answer(IPV6, _best(found, lambda each: _address(each) == IPV6, lambda each: _address(each) in _EVERY)),
        Answer(NETWORK, _best(found, _is_published, _is_outside, lambda each: _is_every_ipv4(each) or _is_every(each))),
    )


def reach_text(answers: Answers, port: int, own: Collection[Listener]) -> str:
    """Say which server each address of localhost reaches; `own` are those of the service itself.

    `localhost:3000 reaches node 41 (blog) on ::1, and 127.0.0.1:3000 reaches its own python 17 (shop)`.
    """
    parts: list[str] = []
    for answer in answers.localhost:
        where = f"{answer.address}:{port} reaches" if parts else f"localhost:{port} reaches"
        parts.append(f"{where} {_whose(answer, own)}{'' if parts else f' on {answer.address}'}")
    if not any(each in own for answer in answers.localhost for each in answer.listeners):
        where = ", ".join(dict.fromkeys(clean(each.address) for each in own))
        parts.append(f"its own, {holders_text(own)}, is on {where} and is not reached so")
    return ", and ".join(parts)


def _whose(answer: Answer, own: Collection[Listener]) -> str:
    shared = len(answer.listeners) > 1
    text = holders_text(answer.listeners)
    if shared:
        return f"now one, now another of {text}"
    return f"its own {text}" if answer.listeners[0] in own else text


def _best(found: tuple[Listener, ...], *tests: Callable[[Listener], bool]) -> tuple[Listener, ...]:
    """Return those that fit the first test which any fits."""
    for test in tests:
        if fitting := tuple(each for each in found if test(each)):
            return fitting
    return ()


def _address(listener: Listener) -> str:
    return listener.address.casefold().removeprefix("::ffff:")


def _is_every_ipv4(listener: Listener) -> bool:
    return _address(listener) in _EVERY_IPV4


def _is_every(listener: Listener) -> bool:
    return _address(listener) in _EVERY


def _takes_ipv4(listener: Listener) -> bool:
    return _is_every(listener) and listener.dual_stack is not False


def _is_outside(listener: Listener) -> bool:
    address = _address(listener)
    return not address.startswith("127.") and address not in (IPV6, *_EVERY_IPV4, *_EVERY)


def _is_published(listener: Listener) -> bool:
    return listener.container is not None and not _address(listener).startswith("127.") and _address(listener) != IPV6
