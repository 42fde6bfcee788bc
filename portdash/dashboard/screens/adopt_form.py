"""The listeners that become services: a row each with a name to edit, a mark, and what speaks against it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox, Input, Select, Static

from portdash.dashboard.desk import Desk
from portdash.dashboard.screens.fields import Field, Tick
from portdash.dashboard.screens.wish_form import Labelled, Mistake
from portdash.dashboard.widgets.bounds import Choice
from portdash.errors import PortdashError
from portdash.manager.doubts import doubts_of
from portdash.manager.naming import suggest_name, taken_names, wanted_ports
from portdash.model.listener import Listener
from portdash.model.names import DEFAULT_WORKSPACE, check_service
from portdash.model.snapshot import Snapshot
from portdash.report.starting import tilde
from portdash.text import clean

OWN = ""
"""The choice of a workspace that means the listener's own project."""


class AdoptForm(Vertical):
    """One row a listener; of several each has a mark, which `space` sets and takes away. Posts `Changed` when it does.

    Beforehand those are marked that plainly fit, or all of them with `is_chosen`: a person has picked them in the list.
    A single one is meant as it is, and its workspace can be chosen.
    """

    DEFAULT_CSS = """
    AdoptForm {
        height: auto;
        & > Horizontal { height: 1; }
        .port { width: 8; text-style: bold; }
        .who { width: 1fr; padding-left: 2; }
        .against { height: auto; padding-left: 4; color: $text-muted; }
        Field { width: 24; }
        Tick { width: 12; }
        /* Of what is part of a tick the toolkit reverses nothing, so the whole of it is, in its own colours. */
        Tick.-textual-compact:focus { background-tint: transparent; text-style: reverse; }
        Tick.-textual-compact:focus > .toggle--label { color: $foreground; background: transparent; text-style: none; }
    }
    .-narrow AdoptForm Field { width: 18; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "row(-1)", show=False),
        Binding("down", "row(1)", show=False),
    ]

    class Changed(Message):
        """A name, a mark or the workspace is another now."""

    def __init__(
        self, desk: Desk, snapshot: Snapshot, listeners: Sequence[Listener], *, is_chosen: bool = False
    ) -> None:
        super().__init__()
        self.desk = desk
        self.snapshot = snapshot
        self.listeners = tuple(listeners)
        self._is_chosen = is_chosen

    def compose(self) -> ComposeResult:
        """Lay out the rows: mark, port, name to be, who it is; and below what speaks against it."""
        is_one = len(self.listeners) == 1
        for number, (listener, name) in enumerate(zip(self.listeners, self._suggestions(), strict=True)):
            doubts = doubts_of(listener, self.snapshot.user)
            with Horizontal():
                port = f":{listener.port}"
                if is_one:
                    yield Static(port, classes="port", markup=False)
                else:
                    yield Tick(port, id=f"take-{number}", is_set=self._fits(doubts))
                yield Field(name, id=f"name-{number}", placeholder="its name", max_length=63)
                yield Static(self._who(listener), classes="who", markup=False)
            if against := self._against(listener, doubts):
                yield Static(against, classes="against", markup=False)
        if is_one and len(choices := self._workspaces(self.listeners[0])) > 1:
            choice = Choice(choices, value=OWN, allow_blank=False, id="workspace", compact=True)
            yield Labelled("Workspace", choice)
        marks = "" if is_one else "space takes a row in or leaves it out; "
        undo = self.desk.keys.way("undo")
        yield Static(
            f"{marks}nothing is started, stopped or written; {undo} takes it back", classes="hint", markup=False
        )

    def taken(self) -> tuple[tuple[Listener, str], ...]:
        """Return the listeners that are marked, each with the name that stands in its row."""
        names = [field.value.strip() for field in self.query(Field)]
        ticks = [tick.value for tick in self.query(Tick)] or [True] * len(names)
        rows = zip(self.listeners, names, ticks, strict=True)
        return tuple((listener, name) for listener, name, is_taken in rows if is_taken)

    def names(self) -> tuple[str, ...]:
        """Return what those that are marked are to be called, with the workspace where another was chosen."""
        where = self._workspace
        return tuple(f"{where}/{name}" if where else name for _listener, name in self.taken())

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return what is wrong with the names, and whether none is marked."""
        return tuple(self._mistakes())

    def _mistakes(self) -> Iterable[Mistake]:
        seen: set[tuple[str | None, str]] = set()
        taken = self.taken()
        if not taken:
            yield Mistake("Services", "none is marked: space on a row takes it in")
        for listener, name in taken:
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

    def action_row(self, by: int) -> None:
        """Go to the row above or below, and there to the mark or the name, as in this one."""
        now = self.screen.focused
        of_a_kind = list(self.query(Tick if isinstance(now, Tick) else Field))
        if now in of_a_kind:
            of_a_kind[(of_a_kind.index(now) + by) % len(of_a_kind)].focus()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    @on(Select.Changed)
    def _announce(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())

    def _fits(self, doubts: Sequence[str]) -> bool:
        """Say whether a row is marked beforehand."""
        return self._is_chosen or not doubts

    @property
    def _workspace(self) -> str:
        """The workspace that was chosen; empty for the listener's own project."""
        found = self.query("#workspace").results(Select)
        value = next((each.value for each in found), OWN)
        return value if isinstance(value, str) else OWN

    def _workspaces(self, listener: Listener) -> list[tuple[Content, str]]:
        """Return what can be chosen: its own project first, then the workspaces there are."""
        root = listener.project.root if listener.project else None
        known = {each.name: each for each in self.snapshot.workspaces}
        others = [known[name] for name in self.desk.workspace_names(self.snapshot) if known[name].root != root]
        own = (
            f"{clean(self._home_of(listener))}   its own project"
            if root
            else f"{DEFAULT_WORKSPACE}   it has no project"
        )
        return [(Content(own), OWN), *((Content(clean(each.label)), each.name) for each in others)]

    def _home_of(self, listener: Listener) -> str:
        """Return how the workspace of a listener's project is called, or would be."""
        project = listener.project
        if project is None:
            return DEFAULT_WORKSPACE
        return next((each.label for each in self.snapshot.workspaces if each.root == project.root), project.label)

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

    def _against(self, listener: Listener, doubts: Sequence[str]) -> str:
        """Return what speaks against a row, and that it is not of the workspace that one is in."""
        here = self.snapshot.workspace_named(self.snapshot.workspace)
        is_here = listener.project is None or (here is not None and here.root == listener.project.root)
        other = [] if is_here else [f"another workspace: {clean(self._home_of(listener))}"]
        said = "; ".join([*doubts, *other])
        return f"▲ {said}" if doubts else said
