"""The palette: every command by name, from the same declarations as the keys."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandInput, CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import LoadingIndicator

from portdash.dashboard.commands import COMMANDS, Command, Group
from portdash.dashboard.messages import CommandRequested
from portdash.dashboard.screens.main import MainScreen
from portdash.dashboard.widgets.bounds import CommandLines
from portdash.text import clean

_KEPT = frozenset({"next_trouble", "previous_trouble"})
"""The ways to go about that have a name worth typing."""
_MOST, _BESIDE, _LEAST = 0.7, 8, 4
"""How much of the screen the list may take; how many lines stay for what is above it and for the footer; the least."""


_CALLED_SO, _BEGINS_SO, _HAS_A_WORD = 3.0, 2.0, 1.0
"""How much more it is worth than any likeness of letters, which is below 1."""


def score_of(query: str, command: Command, likeness: Callable[[str], float]) -> float:
    """Return how well a command fits what was typed, 0 where it does not: its id and what it is called come first."""
    wanted = query.strip().casefold().replace("_", " ")
    names = (command.id.replace("_", " "), command.label.casefold())
    if wanted in names:
        by_name = _CALLED_SO
    elif any(name.startswith(wanted) for name in names):
        by_name = _BEGINS_SO
    else:
        by_name = _HAS_A_WORD if any(f" {wanted}" in name for name in names) else 0.0
    likely = max(0.0, likeness(f"{command.label} {command.help}"))
    return by_name + likely / (1 + likely)


class PortdashCommands(Provider):
    """Offers all commands but those that only go about; those that cannot be used say why."""

    async def discover(self) -> Hits:
        """Offer everything while nothing has been typed."""
        for command in self._commands():
            yield DiscoveryHit(self._display(command), self._run(command), text=command.label, help=command.help)

    async def search(self, query: str) -> Hits:
        """Offer what fits the words typed."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = score_of(query, command, matcher.match)
            if score > 0:
                yield Hit(score, self._display(command), self._run(command), text=command.label, help=command.help)

    @property
    def _main(self) -> MainScreen:
        screen = self.screen
        assert isinstance(screen, MainScreen)
        return screen

    def _commands(self) -> tuple[Command, ...]:
        return tuple(command for command in COMMANDS if command.id in _KEPT or command.group is not Group.MOVE)

    def _display(self, command: Command) -> Content:
        """Return the line of a command. It is never markup: a reason may hold foreign words."""
        keys = " ".join(self._main.keymap.printed(command.id))
        reason = command.unavailable(self._main.context)
        tail = f"   not here: {clean(reason)}" if reason else ""
        return Content(f"{command.label}   {keys}{tail}")

    def _run(self, command: Command) -> "Runner":
        return Runner(self._main, command.id)


class Palette(CommandPalette):
    """The line to type in, and the commands that fit."""

    # A list as narrow as the air round its lines has no column left for them, and Textual fails to break them.
    # What a command does stands below its name; grey on the line under the cursor it could not be read.
    DEFAULT_CSS = """
    Palette CommandList { min-width: 8; border-bottom: hkey $border; }
    Palette #--input { border: hkey $border; }
    Palette #--input.--list-visible { border-bottom: none; }
    Palette > .command-palette--help-text { text-style: not bold; }
    """

    def __init__(self) -> None:
        super().__init__([PortdashCommands], placeholder="Search for a command …")

    def compose(self) -> ComposeResult:
        """Lay out what the toolkit does, with lines that show which one is chosen."""
        with Vertical(id="--container"):
            with Horizontal(id="--input"):
                yield CommandInput(placeholder=self._placeholder, select_on_focus=False)
            with Vertical(id="--results"):
                lines = CommandLines()
                lines.styles.max_height = _room(self.app.size.height)
                yield lines
                yield LoadingIndicator()

    def on_resize(self, event: Resize) -> None:
        """Leave the footer to be seen."""
        for lines in self.query(CommandList):  # the first size is told before there are any
            lines.styles.max_height = _room(event.size.height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn no page of a list that has no room: Textual looks up lines that it has not laid out yet, and fails.

        A key that comes in midst of opening or leaving finds no list at all.
        """
        if action == "command_list" and not any(each.scrollable_content_region for each in self.query(CommandList)):
            return False
        return super().check_action(action, parameters)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, once: Textual's own takes away whatever is on top, be it the main screen."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


def _room(height: int) -> int:
    """Return how many lines the list may take, its edges among them, on a screen of so many."""
    return max(_LEAST, min(int(height * _MOST), height - _BESIDE))


class Runner:
    """Asks the main screen for one command, once: `enter` may come again before the palette has gone."""

    def __init__(self, screen: MainScreen, command_id: str) -> None:
        self._screen = screen
        self._command_id = command_id
        self._has_asked = False

    def __call__(self) -> None:
        """Ask for it."""
        if self._has_asked:
            return
        self._has_asked = True
        self._screen.post_message(CommandRequested(self._command_id))
