"""The names that listeners get as services: one row each, suggested from what is seen, free to edit."""

from collections.abc import Iterable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.fields import Field
from portdash.dashboard.screens.wish_form import Mistake
from portdash.errors import PortdashError
from portdash.manager.naming import suggest_name, taken_names, wanted_ports
from portdash.model.listener import Listener
from portdash.model.names import DEFAULT_WORKSPACE, check_service
from portdash.model.snapshot import Snapshot
from portdash.report.starting import tilde
from portdash.text import clean


class AdoptForm(Vertical):
    """One row a listener. Posts `Changed` on each change."""

    DEFAULT_CSS = """
    AdoptForm { height: auto; }
    AdoptForm > Horizontal { height: 1; }
    AdoptForm .port { width: 8; text-style: bold; }
    AdoptForm .who { width: 1fr; padding-left: 2; }
    AdoptForm Field { width: 24; }
    .-narrow AdoptForm Field { width: 18; }
    """

    class Changed(Message):
        """A name is another now."""

    def __init__(self, desk: Desk, snapshot: Snapshot, listeners: Sequence[Listener]) -> None:
        super().__init__()
        self.desk = desk
        self.snapshot = snapshot
        self.listeners = tuple(listeners)

    def compose(self) -> ComposeResult:
        """Lay out the rows: port, name to be, who it is."""
        for number, (listener, name) in enumerate(zip(self.listeners, self._suggestions(), strict=True)):
            with Horizontal():
                yield Static(f":{listener.port}", classes="port", markup=False)
                yield Field(name, id=f"name-{number}", placeholder="name", max_length=63)
                yield Static(self._who(listener), classes="who", markup=False)
        undo = self.desk.keys.way("undo")
        yield Static(f"nothing is started, stopped or written; {undo} takes it back", classes="hint", markup=False)

    def names(self) -> tuple[str, ...]:
        """Return the names as they stand in the rows."""
        return tuple(field.value.strip() for field in self.query(Field))

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return what is wrong with the names."""
        return tuple(self._mistakes())

    def _mistakes(self) -> Iterable[Mistake]:
        seen: set[tuple[str | None, str]] = set()
        for listener, name in zip(self.listeners, self.names(), strict=True):
            label = f":{listener.port}"
            try:
                check_service(name)
            except PortdashError as error:
                yield Mistake(label, error.message if name else "give it a name")
                continue
            place = (listener.project.root if listener.project else None, name.casefold())
            if place in seen:
                yield Mistake(label, f"{name} is named twice")
            seen.add(place)

    @on(Input.Changed)
    def _announce(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def _suggestions(self) -> Iterable[str]:
        """Yield a name for each row that no service of its project and no row above it has."""
        given: set[tuple[str | None, str]] = set()
        wanted = wanted_ports(self.snapshot.services, self.snapshot.workspaces)
        labels = {each.root: each.name for each in self.snapshot.workspaces}
        for listener in self.listeners:
            root = listener.project.root if listener.project else None
            taken = taken_names(self.snapshot.services, labels.get(root, DEFAULT_WORKSPACE))
            taken |= {name for place, name in given if place == root}
            name = suggest_name(listener, wanted, taken)
            given.add((root, name.casefold()))
            yield name

    def _who(self, listener: Listener) -> str:
        project = f"  {tilde(listener.project.root, self.desk.home)}" if listener.project else "  no project"
        return f"{clean(listener.label)}{project}"
