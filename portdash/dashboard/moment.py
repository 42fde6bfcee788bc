"""One moment of the main screen: the row under the cursor, what is marked, and what an act would be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.dashboard.rows.row import Group, Other, OthersLine, Row
from portdash.dashboard.rows.view import View
from portdash.model.assignment import ServiceKey
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView
from portdash.record import record

if TYPE_CHECKING:
    from portdash.dashboard.key_names import KeyNames
    from portdash.dashboard.rows.facts import Facts


@record(kw_only=True)
class Moment:
    """One moment of the main screen."""

    keys: KeyNames
    """How the reasons name keys."""
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
    suggested: tuple[ServiceView | Other, ...] = ()
    """What nobody but the dashboard has marked, for adopting alone; nothing once a mark was set or taken by hand."""
    hidden_marks: int = 0
    """How many marked rows the view, the filter or the scope leaves out."""
    hidden_views: int = 0
    """How many services of the workspace under the cursor the filter leaves out."""
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
        """What adopting would adopt: marked listeners, the one under the cursor, or the near ones its line counts."""
        meant = self.suggested or self.subjects
        if found := tuple(each.listener for each in meant if isinstance(each, Other)):
            return found
        subject = self.row.subject if self.row and not self.marked else None
        if isinstance(subject, OthersLine):
            return tuple(other.listener for other in subject.near)
        return ()

    @property
    def services(self) -> tuple[ServiceKey, ...]:
        """The assignments that releasing would give back: of the marked services, of this one, of all of the group."""
        return tuple(dict.fromkeys(view.key for view in self.views if view.assignment and not view.is_remote))

    @property
    def running(self) -> tuple[ServiceKey, ...]:
        """What starting, stopping and restarting would be about: the marked services, this one, all of the group."""
        return tuple(dict.fromkeys(view.key for view in self.views if not view.is_remote))

    @property
    def views(self) -> tuple[ServiceView, ...]:
        """The services that an act is about: the marked ones, the one under the cursor, all of the group."""
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
            from portdash.report.starting import own_listeners  # noqa: PLC0415  not for the first frame

            views = (view for view in self.group.views if view.is_running and not view.is_remote)
            found = [each for view in views for each in own_listeners(view)]
        else:
            found = [self.held] if self.held else []
        return tuple(dict.fromkeys((each.port, each.protocol) for each in found))

    @property
    def homing(self) -> tuple[ServiceKey, ...]:
        """The services of this workspace whose missed port can be had now."""
        snapshot = self.facts.snapshot if self.facts else None
        if snapshot is None:
            return ()
        return tuple(
            view.key for view in snapshot.services if view.home_free and view.key.workspace == snapshot.workspace
        )


def _held(subject: ServiceView | Other) -> Listener | None:
    """Return who holds the port of a service, or the listener itself."""
    if isinstance(subject, Other):
        return subject.listener
    return subject.listeners[0] if subject.listeners else None
