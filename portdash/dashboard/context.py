"""Why a command cannot be used at a moment: one question a command, and everybody who shows it asks that."""

from portdash.dashboard.moment import Moment
from portdash.dashboard.rows.row import Other
from portdash.dashboard.rows.times import clock_time
from portdash.dashboard.rows.view import View
from portdash.model.ports import IpProtocol
from portdash.report.words import worst_conflict

REMOTE = "it is another host's: it is changed there"


class Context(Moment):
    """A moment, and what can be done in it. Each `no_…` returns why not, None where it can."""

    __slots__ = ()

    def no_facts(self) -> str | None:
        """Say that there is nothing yet."""
        return "nothing has been read yet" if self.facts is None else None

    def no_row(self) -> str | None:
        """Say that no row is under the cursor, or only one that has gone."""
        if reason := self.no_facts():
            return reason
        if self.row is None:
            return "no row is under the cursor"
        if self.facts and self.row.subject_key in self.facts.gone:
            return "it is gone"
        return None

    def no_target(self) -> str | None:
        """Say why an act on several rows cannot be begun: a marked row that is not seen must not be touched."""
        if not self.marked:
            return self.no_row() or self._no_whole_group()
        return self._no_hidden_mark()

    def _no_hidden_mark(self) -> str | None:
        """Say that marked rows are not seen."""
        if self.hidden_marks:
            are = "row is" if self.hidden_marks == 1 else "rows are"
            back = self.keys.way("back")
            return f"{self.hidden_marks} marked {are} not shown: show all of them, or take marks away with {back}"
        return self.no_facts()

    def _no_whole_group(self) -> str | None:
        """Say that a filter hides some of the workspace under the cursor: they must not be touched either."""
        if not self.hidden_views or self.group is None:
            return None
        are = "service is" if self.hidden_views == 1 else "services are"
        back, mark = self.keys.way("back"), self.keys.way("mark_shown")
        where = self.group.workspace.label
        return f"{self.hidden_views} of its {are} not shown: {back} shows all of {where}, {mark} marks those that are"

    def no_change(self) -> str | None:
        """Say why nothing may be changed now."""
        if self.is_read_only:
            return self._shut()
        if reason := self.no_facts() or self.stale:
            return reason
        since = self.facts.snapshot.stale_since if self.facts else None
        return None if since is None else f"the store is away: its ports are those of {clock_time(since)}"

    def _shut(self) -> str:
        """Say why nothing may be changed at all, and what gives it back where Lock took it away."""
        if self.is_locked_for_good:
            return "read-only: nothing is changed"
        return f"locked: nothing is changed until {self.keys.way('lock')} unlocks"

    def no_service(self) -> str | None:
        """Say that the row is no service."""
        return self.no_row() or (None if self.service else "the row under the cursor is no service")

    def no_own(self) -> str | None:
        """Say that the row is no service of this host."""
        if reason := self.no_service():
            return reason
        return REMOTE if self.service and self.service.is_remote else None

    def no_move(self) -> str | None:
        """Say why no service can be moved."""
        if reason := self.no_own() or self.no_change():
            return reason
        has_port = self.service and self.service.assignment
        return None if has_port else f"it has no port yet: {self.keys.way('allocate')} allocates one"

    def no_resolve(self) -> str | None:
        """Say why there is nothing to resolve."""
        if reason := self.no_own():
            return reason
        if self.service and worst_conflict(self.service) is None:
            return f"{self.service.name} is in no conflict"
        return self.no_change()

    @property
    def opens_resolve(self) -> bool:
        """Whether the key that opens a row opens the ways out: on a conflict of the list of conflicts."""
        is_conflict = self.view is View.CONFLICTS and self.row is not None and self.row.conflict is not None
        return is_conflict and not self.is_in_details and self.no_resolve() is None

    def no_home(self) -> str | None:
        """Say why no service can go back to the port it would rather have."""
        if reason := self.no_change():
            return reason
        return None if self.homing else "no service of this workspace misses a port that is free now"

    def no_release(self) -> str | None:
        """Say why nothing can be given back."""
        if reason := self.no_target():
            return reason
        if not self.views:
            return "no marked row is a service" if self.marked else "the row under the cursor is no service"
        if any(view.is_remote for view in self.views):
            return REMOTE
        return self.no_change() or (None if self.services else "it has no port to give back")

    def no_free(self) -> str | None:
        """Say why no port can be freed."""
        if reason := self.no_target():
            return reason
        if any(view.is_remote for view in self.views):
            return REMOTE
        if not self.slots:
            return "nobody holds its port" if self.service and not self.marked else "nobody holds a port here"
        return self.no_change()

    def no_adopt(self) -> str | None:
        """Say why nothing can be adopted."""
        if reason := self._no_hidden_mark() if self.suggested else self.no_target():
            return reason
        if not self.listeners:
            if self.marked:
                return "no marked row is a listener"
            is_service = self.service is not None
            return "it is a service already" if is_service else "the row under the cursor is no listener"
        return self.no_change()

    def no_running(self) -> str | None:
        """Say why nothing of it can be started, and nobody be asked to stop or restart any."""
        if reason := self.no_target():
            return reason
        if not self.views or self.facts is None:
            return "no marked row is a service" if self.marked else "the row under the cursor is no service"
        if all(view.is_remote for view in self.views):
            return REMOTE
        if reason := self.no_change():
            return reason
        from portdash.dashboard.startable import no_running  # noqa: PLC0415  there is no row in the first frame

        return no_running(self.facts, self.views, free=self.keys.way("free"), is_all=not self.marked)

    def no_probe(self) -> str | None:
        """Say why nobody can be asked what it is."""
        if reason := self.no_row():
            return reason
        subject = self.row.subject if self.row else None
        if not isinstance(subject, Other):
            now = f"it is a service: {self.keys.way('refresh')} checks it now"
            return now if self.service else "the row under the cursor is no listener"
        return None if subject.listener.protocol is IpProtocol.TCP else "only TCP servers can be asked"

    def no_mark(self) -> str | None:
        """Say why the row cannot be marked."""
        if reason := self.no_row():
            return reason
        return None if self.row and self.row.can_be_marked else "only services and listeners can be marked"

    def no_mark_shown(self) -> str | None:
        """Say why nothing that is shown can be marked."""
        cannot = self.view in (View.RANGES, View.HISTORY)
        return "only services and listeners can be marked" if cannot else self.no_facts()

    def no_open(self) -> str | None:
        """Say why there is nothing to look at in a browser."""
        if reason := self.no_row():
            return reason
        return None if self.url else "it has no port that a browser could open"

    def no_copy(self) -> str | None:
        """Say why there is nothing to copy."""
        if reason := self.no_row():
            return reason
        return None if self.url or self.held else "it has no port to copy"

    def no_edit(self) -> str | None:
        """Say why no configuration can be edited."""
        if reason := self.no_row():
            return reason
        if self.config_file is None:
            if self.group:
                return f"{self.group.workspace.label} has no portdash.toml"
            none = f"its workspace has no portdash.toml; {self.keys.way('copy_more')} copies the TOML"
            return none if self.service else "the row under the cursor is of no workspace"
        return self._shut() if self.is_read_only else None

    def no_zoom(self) -> str | None:
        """Say that there is only one pane to be seen anyway."""
        return None if self.has_details else "only one pane is shown"

    def no_lock(self) -> str | None:
        """Say that nothing can be given back."""
        return "it was started read-only, and stays so" if self.is_locked_for_good else None

    def no_trouble(self) -> str | None:
        """Say that there is no trouble to go to."""
        return self.no_facts() or (None if self.trouble else "no trouble")

    def no_back(self) -> str | None:
        """Say that there is nothing to go back from."""
        return None if self.can_go_back else f"nothing to go back from; {self.keys.way('quit')} quits"

    def no_pane(self) -> str | None:
        """Say that there is only one pane."""
        return None if self.has_details else f"only the list is shown; {self.keys.way('details')} opens the details"

    def no_details(self) -> str | None:
        """Say that the row has no details, or that they are open."""
        return self.no_row() or ("the details are open" if self.is_in_details else None)
