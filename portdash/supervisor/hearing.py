"""Signals that this process takes for a while."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator


@contextlib.contextmanager
def hearing(names: Iterable[str], take: Callable[[int], object]) -> Iterator[None]:
    """Hand the signals of these names to `take` while inside, as far as this system has them. In an event loop."""
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    for number in numbers:
        with contextlib.suppress(NotImplementedError):  # Windows: a ctrl-c reaches the children by itself
            loop.add_signal_handler(number, take, number)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
