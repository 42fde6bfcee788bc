"""What a command may know when it says whether it can be used: the row under the cursor and the state of the desk."""

from dataclasses import replace

from portdash.dashboard.restarts import own_listeners
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.row import Group, Other, OthersLine, Row
from portdash.dashboard.rows.times import clock_time
from portdash.dashboard.rows.view import View
from portdash.model.assignment import ServiceKey
from portdash.model.listener import Listener
from portdash.model.names import base_name
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.record import record
from portdash.report.words import worst_conflict

REMOTE = "it is another host's: it is changed there"


@record(kw_only=True)
class Context:
    """One moment of the main screen."""

    facts: Facts | None = None
    """None before the first look."""
    row: Row | None = None
    """The row under the cursor."""
    is_read_only: bool = False
    trouble: int = 0
    """How many services are in trouble."""
    stale: str | None = None
    """Why what is shown is old; changes wait until it is not."""
    is_in_details: bool = False
    """Whether keys go to the details."""
    can_go_back: bool = False
    """Whether `esc` has anything to take back."""
    has_details: bool = False
    """Whether the details stand beside or below the list."""
    resolution: str = ""
    """What resolving this row would do, where somebody has worked it out."""
    view: View = View.SERVICES
    marked: tuple[ServiceView | Other, ...] = ()
    """What is marked, whether or not it is shown."""
    hidden_marks: int = 0
    """How many marked rows the view, the filter or the scope leaves out."""
    is_locked_for_good: bool = False
    """Whether it was started read-only, or the configuration says so: Lock cannot give anything back then."""

    @property
    def subjects(self) -> tuple[ServiceView | Other, ...]:
        """What an act is about that works on several: the marked ones, else the one under the cursor."""
        if self.marked:
            return self.marked
        subject = self.row.subject if self.row else None
        return (subject,) if isinstance(subject, ServiceView | Other) else ()

    @property
    def service(self) -> ServiceView | None:
        """The service under the cursor."""
        return self.row.subject if self.row and isinstance(self.row.subject, ServiceView) else None

    @property
    def group(self) -> Group | None:
        """The workspace under the cursor."""
        return self.row.subject if self.row and isinstance(self.row.subject, Group) else None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What adopting would adopt: marked listeners, the one under the cursor, or all near ones of the line above."""
        if found := tuple(each.listener for each in self.subjects if isinstance(each, Other)):
            return found
        subject = self.row.subject if self.row and not self.marked else None
        if isinstance(subject, OthersLine) and self.facts:
            return tuple(other.listener for other in self.facts.others if other.is_near)
        return ()

    @property
    def services(self) -> tuple[ServiceKey, ...]:
        """The assignments that releasing would give back: of the marked services, of this one, of all of the group."""
        return tuple(dict.fromkeys(view.key for view in self._views if view.assignment and not view.is_remote))

    @property
    def running(self) -> tuple[ServiceKey, ...]:
        """What starting, stopping and restarting would be about: the marked services, this one, all of the group."""
        return tuple(dict.fromkeys(view.key for view in self._views if not view.is_remote))

    @property
    def _views(self) -> tuple[ServiceView, ...]:
        views: tuple[ServiceView, ...] = tuple(each for each in self.subjects if isinstance(each, ServiceView))
        return self.group.views if not views and self.group and not self.marked else views

    @property
    def config_file(self) -> str | None:
        """The portdash.toml of the row's workspace; None where there is none, or it is on another host."""
        if self.service and not self.service.is_remote:
            name = self.service.key.workspace
        elif self.group:
            name = self.group.workspace.name
        else:
            return None
        return self.facts.config_files.get(name) if self.facts else None

    @property
    def held(self) -> Listener | None:
        """Who holds the port of the row: the listener, or the first one on the service's port."""
        if self.row and self.row.socket:
            return self.row.socket
        subject = self.row.subject if self.row else None
        return _held(subject) if isinstance(subject, ServiceView | Other) else None

    @property
    def url(self) -> str:
        """Where a browser finds what the row is about; empty where it has no port or speaks no TCP."""
        if self.service and self.service.is_remote:
            return ""  # of its host no more is known than an id
        port = self.service.port if self.service and not (self.row and self.row.socket) else None
        held = self.held
        if port is None and held is not None and held.protocol is IpProtocol.TCP:
            port = held.port
        return f"http://localhost:{port}" if port is not None else ""

    @property
    def answered_by(self) -> str:
        """Who answers at `url`, where it is not the service: a stranger, or nobody; else empty."""
        view, held = self.service, self.held
        if view is None or (self.row and self.row.socket):
            return ""
        if held is None:
            return f"it runs on {view.elsewhere[0].port} instead" if view.elsewhere else "nobody listens there now"
        is_ours = view.attribution is not None and view.attribution.ownership.is_ours
        return "" if is_ours else f"THEIR server, {held.label}, not {view.name}"

    @property
    def slots(self) -> tuple[tuple[int, IpProtocol], ...]:
        """The ports that freeing would free: of marked rows, of the row, or what the servers of a workspace hold."""
        if self.marked:
            found = [each for each in map(_held, self.marked) if each]
        elif self.group:
            views = (view for view in self.group.views if view.is_running and not view.is_remote)
            found = [each for view in views for each in own_listeners(view)]
        else:
            found = [self.held] if self.held else []
        return tuple(dict.fromkeys((each.port, each.protocol) for each in found))

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
            return self.no_row()
        if self.hidden_marks:
            are = "row is" if self.hidden_marks == 1 else "rows are"
            return f"{self.hidden_marks} marked {are} not shown: show all of them, or take marks away with esc"
        return self.no_facts()

    def no_change(self) -> str | None:
        """Say why nothing may be changed now."""
        if self.is_read_only:
            return "read-only: nothing is changed"
        if reason := self.no_facts() or self.stale:
            return reason
        since = self.facts.snapshot.stale_since if self.facts else None
        return None if since is None else f"the store is away: its ports are those of {clock_time(since)}"

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
        return None if self.service and self.service.assignment else "it has no port yet: a allocates one"

    def no_resolve(self) -> str | None:
        """Say why there is nothing to resolve."""
        if reason := self.no_own():
            return reason
        if self.service and worst_conflict(self.service) is None:
            return f"{self.service.name} is in no conflict"
        return self.no_change()

    @property
    def homing(self) -> tuple[ServiceKey, ...]:
        """The services of this workspace whose missed port can be had now."""
        snapshot = self.facts.snapshot if self.facts else None
        if snapshot is None:
            return ()
        return tuple(
            view.key for view in snapshot.services if view.home_free and view.key.workspace == snapshot.workspace
        )

    def no_home(self) -> str | None:
        """Say why no service can go back to the port it would rather have."""
        if reason := self.no_change():
            return reason
        return None if self.homing else "no service of this workspace misses a port that is free now"

    def no_release(self) -> str | None:
        """Say why nothing can be given back."""
        if reason := self.no_target():
            return reason
        if not self._views:
            return "no marked row is a service" if self.marked else "the row under the cursor is no service"
        if any(view.is_remote for view in self._views):
            return REMOTE
        return self.no_change() or (None if self.services else "it has no port to give back")

    def no_free(self) -> str | None:
        """Say why no port can be freed."""
        if reason := self.no_target():
            return reason
        if any(view.is_remote for view in self._views):
            return REMOTE
        if not self.slots:
            return "nobody holds its port" if self.service and not self.marked else "nobody holds a port here"
        return self.no_change()

    def no_adopt(self) -> str | None:
        """Say why nothing can be adopted."""
        if reason := self.no_target():
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
        if not self._views or self.facts is None:
            return "no marked row is a service" if self.marked else "the row under the cursor is no service"
        if all(view.is_remote for view in self._views):
            return REMOTE
        if reason := self.no_change():
            return reason
        reasons = {_no_running(self.facts.snapshot, view) for view in self._views}
        if None in reasons:
            return None
        return reasons.pop() if len(reasons) == 1 else "portdash runs none of them, and none can be started"

    def no_probe(self) -> str | None:
        """Say why nobody can be asked what it is."""
        if reason := self.no_row():
            return reason
        subject = self.row.subject if self.row else None
        if not isinstance(subject, Other):
            return "it is a service: r checks it now" if self.service else "the row under the cursor is no listener"
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
            return "its workspace has no portdash.toml; Y copies the TOML" if self.service else "no workspace is meant"
        return "read-only: nothing is changed" if self.is_read_only else None

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
        return None if self.can_go_back else "nothing to go back from; q quits"

    def no_pane(self) -> str | None:
        """Say that there is only one pane."""
        return None if self.has_details else "only the list is shown; enter opens the details"

    def no_details(self) -> str | None:
        """Say that the row has no details, or that they are open."""
        return self.no_row() or ("the details are open" if self.is_in_details else None)


def _no_running(snapshot: Snapshot, view: ServiceView) -> str | None:
    """Say why a service can neither be started, nor anybody be asked to stop or restart it."""
    if view.is_remote:
        return REMOTE
    if view.key.workspace != snapshot.workspace:
        return "it is of another workspace; x frees its port once that is typed"
    lease = snapshot.leases.get(view.key)
    if lease is not None and lease.supervised:
        return None
    if view.is_running:
        return "portdash does not run it: `portdash run` does, and x frees its port"
    return None if _has_command(snapshot, view) else "it has no command: `portdash run` runs it with one"


def _has_command(snapshot: Snapshot, view: ServiceView) -> bool:
    """Say whether the configuration declares how a service of this workspace is started."""
    declared = replace(view.key, service=base_name(view.key.service))
    return any(each.has_command for each in snapshot.declarations if each.key == declared)


def _held(subject: ServiceView | Other) -> Listener | None:
    """Return who holds the port of a service, or the listener itself."""
    if isinstance(subject, Other):
        return subject.listener
    return subject.listeners[0] if subject.listeners else None
