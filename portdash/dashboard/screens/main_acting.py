"""What opens a dialog, or hands a row to another program. Each of them is imported when it is first wanted."""

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported
from textual.screen import Screen

from portdash.dashboard.rows.row import Kind
from portdash.dashboard.screens.main_choosing import Choosing
from portdash.errors import PortdashError

if TYPE_CHECKING:
    from portdash.dashboard.commands import Command
    from portdash.manager.apply import Outcome


class Acting(Choosing):
    """The actions that may change the world, each after its dialog; each bears the id of its command."""

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
            context = self.context
            adopting = AllocateScreen(
                self.desk, self.snapshot, listeners=context.listeners, is_chosen=bool(context.marked)
            )
            self._open(adopting)

    def action_details(self) -> None:
        """On a row of the conflicts, the ways out of it; on any other what that view has."""
        if self.context.opens_resolve:
            self.action_resolve()
        else:
            super().action_details()

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
        """End who holds the port, or the ports of all marked rows."""
        from portdash.dashboard.screens.free import FreeScreen  # noqa: PLC0415
        from portdash.dashboard.screens.free_many import FreeManyScreen  # noqa: PLC0415

        slots = self.context.slots
        if self.snapshot and len(slots) > 1:
            self._open(FreeManyScreen(self.desk, self.snapshot, slots))
        elif self.snapshot and slots:
            self._open(FreeScreen(self.desk, self.snapshot, *slots[0]))

    def action_service(self) -> None:
        """Start what does not run; stop what portdash runs, or start it again."""
        from portdash.dashboard.screens.service import ServiceScreen  # noqa: PLC0415
        from portdash.dashboard.screens.services import ServicesScreen, title_for  # noqa: PLC0415

        context = self.context
        keys = context.running
        if self.snapshot and len(keys) > 1:
            title = title_for(self.snapshot, keys, marked=bool(context.marked))
            self._open(ServicesScreen(self.desk, self.snapshot, keys, title=title))
        elif self.snapshot and keys:
            self._open(ServiceScreen(self.desk, self.snapshot, keys[0]))

    def refuse(self, command: "Command", reason: str) -> None:
        """Say why a command cannot be used: Service in its menu all the same, which takes the letter that follows."""
        if command.id != "service" or self.snapshot is None:
            self.toast(f"{command.label}: {reason}")
            return
        from portdash.dashboard.screens.service import NoDeedScreen  # noqa: PLC0415
        from portdash.report.starting import service_label  # noqa: PLC0415

        keys = self.context.running
        what = f" {service_label(self.snapshot, keys[0])}" if len(keys) == 1 else ""
        self._open(NoDeedScreen(reason, title=f"Service{what}"))

    def action_home(self) -> None:
        """Services of this workspace go back to the ports they would rather have."""
        from portdash.dashboard.screens.home import HomeScreen  # noqa: PLC0415

        if self.snapshot and (keys := self.context.homing):
            self._open(HomeScreen(self.desk, self.snapshot, keys))

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

    # What other programs do.

    def action_open(self) -> None:
        """Open it in the browser, or say where it is."""
        from portdash.dashboard.opening import open_url  # noqa: PLC0415

        context = self.context
        theirs = f"{context.answered_by}: " if context.answered_by else ""
        self.toast(f"{theirs}{open_url(context.url, self.options.environ)}")

    def action_copy(self) -> None:
        """Copy its URL, or its port where it has none."""
        context = self.context
        held = context.held
        self.copy(context.url or (str(held.port) if held else ""))

    def action_copy_more(self) -> None:
        """Choose what else to copy of it."""
        from portdash.dashboard.copies import copies_of  # noqa: PLC0415

        rows = copies_of(self.context)
        self.ask("Copy", rows, self._copy_chosen)

    def _copy_chosen(self, text: str | None) -> None:
        if text:
            self.copy(text)

    def copy(self, text: str) -> None:
        """Copy a text, and say what became of it."""
        from portdash.dashboard.clipboard import copy_text  # noqa: PLC0415

        async def copied() -> None:
            done = await copy_text(self.app, text, self.options.environ)
            first, *more = text.splitlines()
            self.toast(f"{first}{' …' if more else ''}: {done}")

        self.run_worker(copied(), group="copy", exit_on_error=False)

    def action_edit(self) -> None:
        """Edit the portdash.toml of the row's workspace, at this service."""
        from portdash.dashboard.opening import check_there, edit_file  # noqa: PLC0415

        context = self.context
        if context.config_file is None:
            return
        name = context.service.name if context.service else ""
        try:
            check_there(Path(context.config_file))
            with self.app.suspend():
                edit_file(Path(context.config_file), name, self.options.environ)
        except SuspendNotSupported:
            self.toast(f"no editor can be shown here; the file is {context.config_file}", error=True)
        except PortdashError as error:
            self.toast(f"{error.message}. {error.hint}", error=True)
        self.app.refresh(layout=True)
        self.look_now()

    def look_now(self) -> None:
        """Look without waiting."""

    def _open(self, screen: "Screen[Outcome | None]") -> None:
        self.app.push_screen(screen, self._done)

    def _done(self, outcome: "Outcome | None") -> None:
        """Say what was done, and look at what came of it."""
        from portdash.dashboard.screens.outcomes import outcome_text  # noqa: PLC0415

        if outcome is None:
            return
        undo = self.desk.keys.first("undo")
        self.toast(outcome_text(outcome, self.desk.home, width=self.size.width, undo=undo))
        self.outlook.marked = frozenset()
        rows = [change.after for change in outcome.operation.changes if change.after] if outcome.operation else []
        self.wanted = (Kind.SERVICE, rows[0].key) if rows else None
        self.look_now()
