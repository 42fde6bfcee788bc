"""A pilot that waits for what its keys make of the screen, however long a frame takes on a busy machine."""

from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen


class SteadyPilot(Pilot[Any]):
    """Also waits until nothing is left to be drawn, and draws at once: Textual's own waits for messages alone."""

    async def press(self, *keys: str) -> None:
        """Press one key after the other; a dialog that one of them opens can be read before the next."""
        for key in keys:
            await super().press(key)

    async def _wait_for_screen(self, timeout: float = 30.0) -> bool:  # noqa: ASYNC109  the signature is Textual's
        is_done = await super()._wait_for_screen(timeout)
        while is_done and self._is_to_be_drawn():
            # What is drawn may ask for more: a body that is cut gets a scroll bar.
            self.app.screen._on_timer_update()
            is_done = await super()._wait_for_screen(timeout)
        return is_done

    def _is_to_be_drawn(self) -> bool:
        return self.app.is_running and not self.app._batch_count and is_unfinished(self.app.screen)


def is_unfinished(screen: Screen[Any]) -> bool:
    """Say whether the screen, left alone, would be another in a moment."""
    wants = screen._layout_required, screen._scroll_required, screen._repaint_required, screen._recompose_required
    return any(wants) or bool(screen._dirty_widgets or screen._callbacks)
