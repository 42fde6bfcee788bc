"""A menu: lines to choose from, by cursor, by mouse or by the letter that stands before them."""

from textual.events import Key

from portdash.dashboard.screens.help import HelpScreen


class MenuScreen(HelpScreen):
    """Closes with the command of the line that was chosen, None where none was."""

    def on_key(self, event: Key) -> None:
        """Choose the line of a letter; what was typed too early does nothing."""
        super().on_key(event)
        if event._no_default_action or not event.is_printable:  # noqa: SLF001  set where the key did not count
            return
        for number, row in enumerate(self.rows):
            if row.key and row.key == event.character:
                event.stop()
                event.prevent_default()
                self.choose(number)
                return
