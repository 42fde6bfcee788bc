"""The main screen: services by workspace, then other listeners, and what the keys open and start."""

from __future__ import annotations

from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Key, ScreenResume, ScreenSuspend
from textual.widgets import Input

from portdash.dashboard.commands import BY_ID, Command, in_help_order, menu_commands
from portdash.dashboard.context import Context
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.messages import CommandRequested, ListenerProbed, MenuRequested, Watcher
from portdash.dashboard.options import Options
from portdash.dashboard.poller import Poller
from portdash.dashboard.rows.help_row import HelpRow
from portdash.dashboard.rows.row import Other
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.main_acting import Acting
from portdash.text import and_list

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts

_SILENT = frozenset({"back", "next_pane", "previous_pane", "next_tab", "previous_tab", "zoom"})
"""Commands that say nothing where they have no meaning: hands press them without thinking."""
_FOR_THE_TABLE = tuple(f"portdash.dashboard.rows.{name}" for name in ("seeing", "column_sets", "details"))
"""Modules that the first frame does without, and that take all others along which the first table needs."""
_WITH_HISTORY = (View.HISTORY, View.CONFLICTS)
"""Views that tell of what has happened."""


class MainScreen(Acting, inherit_bindings=False):
    """Runs commands; each action bears the id of its command. Bindings come from the keymap: see `main_screen`."""

    def __init__(self, desk: Desk, options: Options, keymap: Keymap) -> None:
        super().__init__(desk, options, keymap)
        self.poller = Poller(desk, self.post_message, interval=options.refresh)
        self.poller.with_history = options.view in _WITH_HISTORY
        self._told_error = ""
        self._told_gone: tuple[str, ...] = ()

    def begin_to_look(self) -> None:
        """Start looking; load what the first table is drawn by while the kernel answers.

        The thread is a daemon, so that a look that hangs cannot keep anyone from quitting.
        """
        Thread(target=self.poller.run, name="portdash-poller", daemon=True).start()
        for name in _FOR_THE_TABLE:
            import_module(name)

    def on_unmount(self) -> None:
        """Stop looking."""
        self.poller.stop()
        self.stop_following()

    @on(ScreenSuspend)
    def _covered(self) -> None:
        """Stop looking while nothing of it can be seen; a dialog leaves the list in sight."""
        if not self.app.screen.is_modal:
            self.poller.hold("covered")

    @on(ScreenResume)
    def _uncovered(self) -> None:
        self.poller.release("covered")

    def world_told(self, facts: Facts) -> None:
        """Let a dialog know that the world may have moved on under its plans, and say what became of configuration."""
        top = self.app.screen
        if top is not self and isinstance(top, Watcher):
            top.world_changed(facts.snapshot)
        told, self._told_gone = (self._told_error, self._told_gone), self.desk.config_gone
        if self.desk.config_error != self._told_error:
            self._tell_of_configuration()
        if self._told_gone and (self._told_error, self._told_gone) != told:
            self.toast(f"{and_list(self._told_gone)} is gone: what it declared counts no more")

    def _tell_of_configuration(self) -> None:
        """Say it once when a configuration file was edited to something that cannot be used, and when it can again."""
        if self._told_error:
            self.take_back(_kept(self._told_error))
        self._told_error = self.desk.config_error
        if self._told_error:
            self.toast(_kept(self._told_error), error=True)
        elif not self._told_gone:
            self.toast("the configuration is in order again, and in force")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Grey out what cannot be used: the same question as for footer, palette and help."""
        command = BY_ID.get(action)
        return True if command is None or command.unavailable(self.context) is None else None

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing here."""
        super().on_key(event)
        command = self.keymap.by_key.get(event.key)
        if command is None or isinstance(self.focused, Input) or command.is_global:
            return
        if (reason := command.unavailable(self.context)) and command.id not in _SILENT:
            event.stop()
            self.refuse(command, reason)

    @on(CommandRequested)
    async def _command_requested(self, message: CommandRequested) -> None:
        if message.command_id in BY_ID:
            await self.run_command(message.command_id)
        elif message.command_id == "keep_filter":
            self.filter_kept()

    async def run_command(self, command_id: str) -> None:
        """Run a command that was chosen otherwise than by its key."""
        if reason := BY_ID[command_id].unavailable(self.context):
            self.refuse(BY_ID[command_id], reason)
            return
        await self.run_action(command_id if not BY_ID[command_id].is_global else f"app.{command_id}")

    @on(MenuRequested)
    def _menu_requested(self) -> None:
        self.action_menu()

    # Looking.

    def look_now(self) -> None:
        """Look without waiting."""
        self.poller.look_now()

    def view_changed(self) -> None:
        """Read the history while it is looked at."""
        self.poller.with_history = self.outlook.view in _WITH_HISTORY
        if self.poller.with_history:
            self.poller.look_now()

    def world_seen(self, before: Facts | None, after: Facts) -> None:
        """Tell of new trouble, and ring, unless somebody wants silence."""
        if before is None:
            return
        from portdash.dashboard.news import news_between  # noqa: PLC0415  there is none at the first look

        news = news_between(before, after, is_done_to=self.desk.is_done_to)
        for text in news.texts if self.has_bell else ():
            self.toast(text)
        if news.rings and self.has_bell and not self.desk.is_own_doing(after.now):
            self.app.bell()

    def action_bell(self) -> None:
        """Ring and tell of new trouble, or be silent."""
        self.has_bell = not self.has_bell
        self.toast("new trouble rings and is told" if self.has_bell else "new trouble neither rings nor is told")
        self.show_header()

    def action_lock(self) -> None:
        """Take away all that changes something, or give it back."""
        self.is_locked = not self.is_locked
        self.toast("locked: nothing can be changed from here" if self.is_locked else "unlocked")
        self.show_bars()

    def action_refresh(self) -> None:
        """Look now, and have the service under the cursor checked."""
        if view := self.context.service:
            self.desk.check_now(view.key)
        self.poller.look_now()

    def action_pause(self) -> None:
        """Stop looking, or go on."""
        if self.paused_at is None:
            self.paused_at = self.options.monotonic()
            self.poller.hold("paused")
        else:
            self.paused_at = None
            self.poller.release("paused")
        self.show_header()

    def action_probe(self) -> None:
        """Ask the listener under the cursor what it is."""
        row = self.table.row
        if self.facts is None or row is None or not isinstance(row.subject, Other):
            return
        before = self.probed.get(row.subject_key)
        if before is not None and before.health is None:
            return  # it is being asked
        from portdash.dashboard.rows.health_lines import Probed  # noqa: PLC0415  not for the first frame

        begun = Probed(self.desk.now())
        self.probed = {key: each for key, each in self.probed.items() if key in self.facts.subjects}
        self.probed[row.subject_key] = begun
        from portdash.dashboard.prober import probe_in_thread  # noqa: PLC0415

        probe_in_thread(self.desk, row.subject, begun, self.post_message)
        self.show_bars()

    @on(ListenerProbed)
    def _listener_probed(self, message: ListenerProbed) -> None:
        if message.error:
            self.probed.pop(message.key, None)
            self.toast(f":{message.port} could not be asked: {message.error}", error=True)
        else:
            self.probed[message.key] = message.probed
            if not self.pane.display:
                from portdash.dashboard.rows.health_lines import probed_text  # noqa: PLC0415  as above

                self.toast(probed_text(message.port, message.probed))
        self.show_bars()

    # The program.

    def action_help(self) -> None:
        """What works on this row first, then every key; each line can be run."""
        from portdash.dashboard.screens.help import HelpScreen  # noqa: PLC0415

        context = self.context
        rows = [self._help_row(command, context) for command in in_help_order() if self.keymap.printed(command.id)]
        usable = [row for row in rows if row.reason is None]
        title = f"Help ─ {self.outlook.view.title}{' ─ details' if self.is_in_details else ''}"
        self.app.push_screen(HelpScreen([*usable, *(row for row in rows if row.reason)], title), self._chosen)

    def action_menu(self) -> None:
        """What can be done with this row, as a menu."""
        context = self.context
        rows = [self._help_row(command, context) for command in menu_commands()]
        usable = [row for row in rows if row.reason is None]
        self.ask("This row", [*usable, *(row for row in rows if row.reason)], self._chosen)

    def _help_row(self, command: Command, context: Context) -> HelpRow:
        keys = " ".join(self.keymap.printed(command.id))
        return HelpRow(keys, command.label, command.help, command.unavailable(context), command.id)

    def _chosen(self, command_id: str | None) -> None:
        if command_id is not None and command_id in BY_ID:
            self.post_message(CommandRequested(command_id))

    def action_palette(self) -> None:
        """Find a command by name."""
        from portdash.dashboard.palette import Palette  # noqa: PLC0415

        self.app.push_screen(Palette())

    def action_redraw(self) -> None:
        """Draw the whole screen again."""
        self.app.refresh(layout=True)

    def action_suspend(self) -> None:
        """Go to the shell."""
        self.app.action_suspend_process()

    def action_quit(self) -> None:
        """Close what is on top; on the list, quit."""
        if self.is_in_details:
            self.leave_details()
        else:
            self.app.run_worker(self.app.run_action("leave"), group="leave", exit_on_error=False)


def _kept(error: str) -> str:
    return f"{error} (the configuration before that is kept)"


def main_screen(desk: Desk, options: Options, keymap: Keymap) -> MainScreen:
    """Return the main screen with the keys in force: Textual reads bindings from a class."""

    class KeyedMainScreen(MainScreen, inherit_bindings=False):
        """The main screen with its keys."""

        BINDINGS: ClassVar[list[BindingType]] = [*keymap.bindings(everywhere=False)]

    return KeyedMainScreen(desk, options, keymap)
