"""What a command may know when it says whether it can be used: the row under the cursor and the state of the desk."""

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.row import Group, Other, OthersLine, Row
from portdash.model.assignment import ServiceKey
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView
from portdash.record import record
from portdash.report.words import worst_conflict


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
        """What adopting would adopt: the listener under the cursor, or all near ones from the line above them."""
        subject = self.row.subject if self.row else None
        if isinstance(subject, Other):
            return (subject.listener,)
        if isinstance(subject, OthersLine) and self.facts:
            return tuple(other.listener for other in self.facts.others if other.is_near)
        return ()

    @property
    def services(self) -> tuple[ServiceKey, ...]:
        """The assignments that releasing would give back: of the service or of all of the group."""
        views = (self.service,) if self.service else (self.group.views if self.group else ())
        return tuple(view.key for view in views if view.assignment)

    @property
    def held(self) -> Listener | None:
        """Who holds the port of the row: the listener, or the first one on the service's port."""
        subject = self.row.subject if self.row else None
        if isinstance(subject, Other):
            return subject.listener
        return self.service.listeners[0] if self.service and self.service.listeners else None

    def no_facts(self) -> str | None:
        """Say that there is nothing yet."""
        return "nothing has been read yet" if self.facts is None else None

    def no_row(self) -> str | None:
        """Say that no row is under the cursor, or only one that has gone."""
        if reason := self.no_facts():
            return reason
        if self.row is None:
            return "no row is under the cursor"
        if self.facts and self.row.key in self.facts.gone:
            return "it is gone"
        return None

    def no_change(self) -> str | None:
        """Say why nothing may be changed now."""
        if self.is_read_only:
            return "read-only: nothing is changed"
        return self.no_facts() or self.stale

    def no_service(self) -> str | None:
        """Say that the row is no service."""
        return self.no_row() or (None if self.service else "the row under the cursor is no service")

    def no_move(self) -> str | None:
        """Say why no service can be moved."""
        if reason := self.no_service() or self.no_change():
            return reason
        return None if self.service and self.service.assignment else "it has no port yet: a allocates one"

    def no_resolve(self) -> str | None:
        """Say why there is nothing to resolve."""
        if reason := self.no_service():
            return reason
        if self.service and worst_conflict(self.service) is None:
            return f"{self.service.name} is in no conflict"
        return self.no_change()

    def no_release(self) -> str | None:
        """Say why nothing can be given back."""
        if reason := self.no_row():
            return reason
        if not (self.service or self.group):
            return "the row under the cursor is no service"
        return self.no_change() or (None if self.services else "it has no port to give back")

    def no_free(self) -> str | None:
        """Say why no port can be freed."""
        if reason := self.no_row():
            return reason
        if self.held is None:
            return "nobody holds its port" if self.service else "the row under the cursor is no port"
        return self.no_change()

    def no_adopt(self) -> str | None:
        """Say why nothing can be adopted."""
        if reason := self.no_row():
            return reason
        if not self.listeners:
            is_service = self.service is not None
            return "it is a service already" if is_service else "the row under the cursor is no listener"
        return self.no_change()

    def no_probe(self) -> str | None:
        """Say why nobody can be asked what it is."""
        if reason := self.no_row():
            return reason
        subject = self.row.subject if self.row else None
        if not isinstance(subject, Other):
            return "it is a service: r checks it now" if self.service else "the row under the cursor is no listener"
        return None if subject.listener.protocol is IpProtocol.TCP else "only TCP servers can be asked"

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
