"""The hooks that run while a dashboard is open: those that its configuration has at any time."""

from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Self

from portdash.dashboard.desk import Desk

if TYPE_CHECKING:
    from portdash.supervisor.hooks.crew import Say


class HookDuty:
    """A context in which the hooks of a desk's configuration run; `say` is called with what is wrong with one.

    Most people have none: what runs them is loaded and started once there are some, at the start or by a later edit.
    """

    def __init__(self, desk: Desk, say: "Say") -> None:
        self._desk = desk
        self._say = say
        self._stack = ExitStack()
        self._lock = Lock()
        self._is_over = False
        self._is_begun = False

    def __enter__(self) -> Self:
        """Begin with the hooks there are, and look at each configuration that comes into force later."""
        self._desk.when_renewed = self._see
        self._see()
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the hooks: what runs has a moment to come to its end."""
        with self._lock:
            self._is_over = True
        self._stack.close()

    def _see(self) -> None:
        """Start what runs hooks where there are some now; it follows their changes by itself from then on."""
        config = self._desk.deps.config
        with self._lock:
            if self._is_begun or self._is_over or not config.hooks or config.read_only:
                return
            from portdash.supervisor.hooks.runner import hooks_on_duty  # noqa: PLC0415  see above

            self._stack.enter_context(
                hooks_on_duty(self._desk.deps, say=self._say, current=lambda: self._desk.deps),
            )
            self._is_begun = True
