"""The main screen: services by workspace, then other listeners, and what the keys open and start."""

from threading import Thread
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.events import Key, ScreenResume, ScreenSuspend
from textual.screen import Screen
from textual.widgets import Input

from portdash.dashboard.commands import BY_ID, in_help_order
from portdash.dashboard.desk import Desk
from portdash.dashboard.keymap import Keymap
from portdash.dashboard.messages import CommandRequested, ListenerProbed, SnapshotTaken, Watcher
from portdash.dashboard.options import Options
from portdash.dashboard.poller import Poller
from portdash.dashboard.prober import probe_in_thread
from portdash.dashboard.rows.health_lines import Probed, probed_text
from portdash.dashboard.rows.row import Kind, Other
from portdash.dashboard.screens.main_going import Going
from portdash.manager.apply import Outcome

_SILENT = frozenset({"back", "next_pane", "previous_pane", "next_tab", "previous_tab", "zoom"})
"""Commands that say nothing where they have no meaning: hands press them without thinking."""


class MainScreen(Going, inherit_bindings=False):
    """Runs commands; each action bears the id of its command. Bindings come from the keymap: see `main_screen`."""

    def __init__(self, desk: Desk, options: Options, keymap: Keymap) -> None:
        super().__init__(desk, options, keymap)
        self.poller = Poller(desk, self.post_message, interval=options.refresh)
        self._told_error = ""

    def on_mount(self) -> None:
        """Start looking. The thread is a daemon, so that a look that hangs cannot keep anyone from quitting."""
        Thread(target=self.poller.run, name="portdash-poller", daemon=True).start()

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

    @on(SnapshotTaken)
    def _tell_what_is_on_top(self, message: SnapshotTaken) -> None:
        """Let a dialog know that the world may have moved on under its plans."""
        if isinstance(self.app.screen, Watcher):
            self.app.screen.world_changed(message.facts.snapshot)

    @on(SnapshotTaken)
    def _tell_of_configuration(self) -> None:
        """Say it once when a configuration file was edited to something that cannot be used, and when it can again."""
        if self.desk.config_error == self._told_error:
            return
        self._told_error = self.desk.config_error
        if self._told_error:
            self.toast(f"{self._told_error} (the configuration before that is kept)", error=True)
        else:
            self.app.clear_notifications()
            self.toast("the configuration is in order again, and in force")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Grey out what cannot be used: the same question as for footer, palette and help."""
        command = BY_ID.get(action)
        return True if command is None or command.unavailable(self.context) is None else None

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing here."""
        command = self.keymap.by_key.get(event.key)
        if command is None or isinstance(self.focused, Input) or command.is_global:
            return
        if (reason := command.unavailable(self.context)) and command.id not in _SILENT:
            event.stop()
            self.toast(f"{command.label}: {reason}")

    @on(CommandRequested)
    async def _command_requested(self, message: CommandRequested) -> None:
        if message.command_id in BY_ID:
            await self.run_command(message.command_id)
        elif message.command_id == "keep_filter":
            self._filter_kept()

    async def run_command(self, command_id: str) -> None:
        """Run a command that was chosen otherwise than by its key."""
        if reason := BY_ID[command_id].unavailable(self.context):
            self.toast(f"{BY_ID[command_id].label}: {reason}")
            return
        await self.run_action(command_id if not BY_ID[command_id].is_global else f"app.{command_id}")

    # Looking.

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
        before = self.probed.get(row.key)
        if before is not None and before.health is None:
            return  # it is being asked
        begun = Probed(self.desk.now())
        self.probed = {key: each for key, each in self.probed.items() if key in self.facts.subjects}
        self.probed[row.key] = begun
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
                self.toast(probed_text(message.port, message.probed))
        self.show_bars()

    # What opens a dialog. Each is imported when it is first wanted.

    def action_allocate(self) -> None:
        """A port for a new service, or for the one at hand that is declared and has none yet."""
        from portdash.dashboard.screens.allocate import AllocateScreen  # noqa: PLC0415

        if self.snapshot:
            view = self.context.service
            declared = view is not None and view.port is None and view.key.workspace == self.snapshot.workspace
            self._open(AllocateScreen(self.desk, self.snapshot, name=view.name if view and declared else ""))

    def action_adopt(self) -> None:
        """Make what runs a service."""
        from portdash.dashboard.screens.allocate import AllocateScreen  # noqa: PLC0415

        if self.snapshot:
            self._open(AllocateScreen(self.desk, self.snapshot, listeners=self.context.listeners))

    def action_move(self) -> None:
        """Another port for the service."""
        from portdash.dashboard.screens.move import MoveScreen  # noqa: PLC0415

        if self.snapshot and (view := self.context.service):
            self._open(MoveScreen(self.desk, self.snapshot, view.key))

    def action_resolve(self) -> None:
        """The ways out of the conflict."""
        from portdash.dashboard.screens.resolve import ResolveScreen  # noqa: PLC0415

        if self.snapshot and (view := self.context.service):
            self._open(ResolveScreen(self.desk, self.snapshot, view.key))

    def action_release(self) -> None:
        """Give ports back."""
        from portdash.dashboard.screens.release import ReleaseScreen  # noqa: PLC0415

        if self.snapshot and (keys := self.context.services):
            self._open(ReleaseScreen(self.desk, self.snapshot, keys))

    def action_free(self) -> None:
        """End who holds the port."""
        from portdash.dashboard.screens.free import FreeScreen  # noqa: PLC0415

        slots = self.context.slots
        if self.snapshot and len(slots) > 1:
            from portdash.dashboard.screens.free_many import FreeManyScreen  # noqa: PLC0415

            self._open(FreeManyScreen(self.desk, self.snapshot, slots))
        elif self.snapshot and slots:
            self._open(FreeScreen(self.desk, self.snapshot, *slots[0]))

    def action_undo(self) -> None:
        """Take the last change back."""
        from portdash.dashboard.screens.undo import UndoScreen  # noqa: PLC0415

        if self.snapshot:
            self._open(UndoScreen(self.desk, self.snapshot))

    def action_report(self) -> None:
        """The summary report."""
        from portdash.dashboard.screens.report import ReportScreen  # noqa: PLC0415

        if self.snapshot:
            view = self.context.service
            self.app.push_screen(
                ReportScreen(self.desk, self.snapshot, view.key if view and not view.is_remote else None)
            )

    def action_help(self) -> None:
        """Every key, and what works on this row."""
        from portdash.dashboard.screens.help import HelpRow, HelpScreen  # noqa: PLC0415

        context = self.context
        rows = [
            HelpRow(
                " ".join(self.keymap.printed(command.id)),
                command.label,
                command.help,
                command.unavailable(context),
                command.id,
            )
            for command in in_help_order()
            if self.keymap.printed(command.id)
        ]
        self.app.push_screen(HelpScreen(rows, "Help"), self._chosen)

    def _chosen(self, command_id: str | None) -> None:
        if command_id is not None and command_id in BY_ID:
            self.post_message(CommandRequested(command_id))

    def _open(self, screen: Screen[Outcome | None]) -> None:
        self.app.push_screen(screen, self._done)

    def _done(self, outcome: Outcome | None) -> None:
        """Say what was done, and look at what came of it."""
        if outcome is None:
            return
        said = "; ".join(outcome.lines)
        back = (
            f". {self.keymap.printed('undo')[0]} undoes"
            if _can_be_undone(outcome) and self.keymap.printed("undo")
            else ""
        )
        self.toast(f"{said}{back}")
        rows = [change.after for change in outcome.operation.changes if change.after] if outcome.operation else []
        self.wanted = (Kind.SERVICE, rows[0].key) if rows else None
        self.poller.look_now()

    # The program.

    def action_palette(self) -> None:
        """Find a command by name."""
        from portdash.dashboard.palette import PortdashCommands  # noqa: PLC0415

        self.app.push_screen(CommandPalette([PortdashCommands], placeholder="Search for a command …"))

    def action_redraw(self) -> None:
        """Draw the whole screen again."""
        self.app.refresh(layout=True)

    def action_suspend(self) -> None:
        """Go to the shell."""
        self.app.action_suspend_process()

    def action_quit(self) -> None:
        """Close what is on top; on the list, quit."""
        if self.is_in_details:
            self._leave_details()
        else:
            self.app.run_worker(self.app.run_action("leave"), group="leave", exit_on_error=False)


def _can_be_undone(outcome: Outcome) -> bool:
    """Say whether rows were changed: a process that has ended stays so."""
    return outcome.operation is not None and bool(outcome.operation.changes)


def main_screen(desk: Desk, options: Options, keymap: Keymap) -> MainScreen:
    """Return the main screen with the keys in force: Textual reads bindings from a class."""

    class KeyedMainScreen(MainScreen, inherit_bindings=False):
        """The main screen with its keys."""

        BINDINGS: ClassVar[list[BindingType]] = [*keymap.bindings(everywhere=False)]

    return KeyedMainScreen(desk, options, keymap)
