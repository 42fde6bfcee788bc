"""The palette: every command by name, from the same declarations as the keys."""

from collections.abc import Callable

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from portdash.dashboard.commands import COMMANDS, Command, Group
from portdash.dashboard.messages import CommandRequested
from portdash.dashboard.screens.main import MainScreen
from portdash.text import clean

_KEPT = frozenset({"next_trouble", "previous_trouble"})
"""The ways to go about that have a name worth typing."""


_BY_NAME, _BY_WORD = 2.0, 1.0
"""How much more it is worth that a name begins so, or a word of it, than any likeness of letters, which is below 1."""


def score_of(query: str, command: Command, likeness: Callable[[str], float]) -> float:
    """Return how well a command fits what was typed, 0 where it does not: what it is called comes before its help."""
    likely = likeness(f"{command.label} {command.help}")
    if likely <= 0:
        return 0.0
    wanted, name = query.strip().casefold(), command.label.casefold()
    by_name = _BY_NAME if name.startswith(wanted) else _BY_WORD if f" {wanted}" in name else 0.0
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
    Palette CommandList { min-width: 8; }
    Palette > .command-palette--help-text { text-style: not bold; }
    """

    def __init__(self) -> None:
        super().__init__([PortdashCommands], placeholder="Search for a command …")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn no page of a list that has no room: Textual looks up lines that it has not laid out yet, and fails."""
        if action == "command_list" and not self.query_one(CommandList).scrollable_content_region:
            return False
        return super().check_action(action, parameters)


class Runner:
    """Asks the main screen for one command."""

    def __init__(self, screen: MainScreen, command_id: str) -> None:
        self._screen = screen
        self._command_id = command_id

    def __call__(self) -> None:
        """Ask for it."""
        self._screen.post_message(CommandRequested(self._command_id))
