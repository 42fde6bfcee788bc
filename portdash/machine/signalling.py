"""Asking processes to end, waiting for them, and, where that was agreed to, ending them without their consent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from portdash.errors import Refused
from portdash.machine.handles import Handle, hold

if TYPE_CHECKING:
    from portdash.machine.kinship import Kin
    from portdash.model.plan import Target

KILLING = 5.0
"""Seconds after which a killed process is gone, unless the kernel itself waits for something."""


@contextmanager
def held(pids: Sequence[int]) -> Iterator[dict[int, Handle]]:
    """Hold all of these processes that there are, in this order. Raises Refused when one of them cannot be held."""
    with ExitStack() as stack:
        found: dict[int, Handle] = {}
        for pid in pids:
            try:
                found[pid] = stack.enter_context(closing(hold(pid)))
            except ProcessLookupError:
                continue  # ended by itself
            except OSError as error:
                raise Refused(
                    f"process {pid} cannot be held, so nothing is ended: {error.strerror or error}",
                    hint="raise the limit of open files (`ulimit -n`), or close something",
                ) from error
        yield found


def ask(handles: Sequence[Handle], stopped: Collection[int], target: Target) -> None:
    """Ask each to end, one after the other; one that is suspended is let go on, or it would never hear it.

    Raises Refused when the system forbids it.
    """
    for number, handle in enumerate(handles):
        _send(handle.ask_to_end, handle, target, before=number)
        if handle.pid in stopped:
            _send(handle.resume, handle, target, before=number)


def kill(handles: Sequence[Handle], target: Target) -> None:
    """End each that is still there. Raises Refused when the system forbids it."""
    for number, handle in enumerate(handles):
        if not handle.wait(0):
            _send(handle.kill, handle, target, before=number)


def survivors(handles: Sequence[Handle], *, seconds: float) -> list[Handle]:
    """Wait at most so long for all to end; return those that have not."""
    until = time.monotonic() + seconds
    return [handle for handle in handles if not handle.wait(until - time.monotonic())]


def end(
    handles: Sequence[Handle],
    target: Target,
    *,
    kin: Mapping[int, Kin],
    grace: float,
    may_kill: Callable[[], bool],
) -> str | None:
    """Ask all to end, and after `grace` seconds end by force what is left, if it may be killed by then.

    Return how that went, as `ended after 0.3s`; None when some are left. Raises Refused when the system forbids it.
    """
    stopped = [handle.pid for handle in handles if handle.pid in kin and kin[handle.pid].is_stopped]
    started = time.monotonic()
    ask(handles, stopped, target)
    left = survivors(handles, seconds=grace)
    took = time.monotonic() - started
    if not left:
        return f"ended after {took:.1f}s"
    if not may_kill():
        return None
    kill(left, target)
    return None if survivors(left, seconds=KILLING) else f"did not end within {grace:g}s and was killed"


def _send(signal_it: Callable[[], None], handle: Handle, target: Target, *, before: int) -> None:
    try:
        signal_it()
    except ProcessLookupError:
        return  # ended by itself
    except PermissionError as error:
        told = f"; {before} before it had been asked" if before else ""
        raise Refused(
            f"the system does not let us end process {handle.pid} on {target.port}{told}",
            hint="whoever runs it, or an administrator, can end it",
        ) from error
