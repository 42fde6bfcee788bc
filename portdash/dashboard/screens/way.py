"""One strategy's way out of a conflict, as a box: its steps, and what it costs, leaves, asks and can take back."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.screens.facts import facts, table
from portdash.dashboard.screens.plan_view import (
    back_text,
    beside_lines,
    cost_text,
    file_lines,
    left_lines,
    step_cells,
    target_lines,
    to_do_lines,
    tried,
)
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Plan, Step, Strategy
from portdash.model.snapshot import Snapshot
from portdash.text import clean


class Way(VerticalScroll, can_focus=False):
    """A plan of one strategy. The chosen way is open; where there is no room, the others show their title and cost."""

    DEFAULT_CSS = """
    Way {
        border: round $border-blurred;
        border-title-color: $text-muted;
        padding: 0 1;
        height: auto;
        width: 1fr;
        &.-chosen { border: round $accent; border-title-color: $foreground; border-title-style: bold; }
        & > .short { display: none; height: auto; }
        & > .long { height: auto; }
    }
    """

    class Chosen(Message):
        """The way was clicked."""

        def __init__(self, strategy: Strategy) -> None:
            super().__init__()
            self.strategy = strategy

    def __init__(self, number: int, strategy: Strategy, keys: KeyNames, *, is_default: bool) -> None:
        super().__init__(id=f"way-{number}")
        self.keys = keys
        self.number = number
        self.strategy = strategy
        self.is_default = is_default
        self.plan: Plan | None = None
        self.error = ""

    def compose(self) -> ComposeResult:
        """Yield the long form, and the one line that stands for it."""
        yield Static(classes="long", markup=False)
        yield Static(classes="short", markup=False)

    def show(self, plan: Plan, snapshot: Snapshot, home: str, *, key: ServiceKey | None, files: Sequence[Path]) -> None:
        """Take a plan for the service `key`, None for all of them; `files` follow it."""
        self.plan, self.error = plan, ""
        beside = tuple(beside_lines(plan, snapshot, key)) if key else ()
        self._draw(Group(*_parts(plan, snapshot, home, beside=beside, files=file_lines(files, home), keys=self.keys)))

    def refuse(self, error: str) -> None:
        """Take the reason why there is no plan."""
        self.plan, self.error = None, error
        self._draw(Text(clean(error, limit=400)))

    def _draw(self, content: RenderableType) -> None:
        self.query_one(".long", Static).update(content)
        self.query_one(".short", Static).update(
            Text(brief(self.plan, self.error), style="dim", overflow="ellipsis", no_wrap=True)
        )

    def mark(self, *, chosen: bool, armed: bool) -> None:
        """Say in the title whether it is chosen, and whether `enter` would apply it."""
        self.set_class(chosen, "-chosen")
        words = [f"{'▸ ' if chosen else ''}{self.number} {self.strategy}"]
        words += ["default"] if self.is_default else []
        words += [] if armed else ["not armed"]
        self.border_title = Content(" ── ".join(words))

    def on_click(self, event: Click) -> None:
        """Choose it by mouse."""
        event.stop()
        self.post_message(self.Chosen(self.strategy))


def brief(plan: Plan | None, error: str) -> str:
    """Return one line for a way that is not open."""
    if plan is None:
        return clean(error)
    left = sum(1 for each in plan.unresolved if each.asked)
    return cost_text(plan) + (f"; leaves {left} unresolved" if left else "")


def _parts(
    plan: Plan, snapshot: Snapshot, home: str, *, beside: Sequence[str], files: Sequence[str], keys: KeyNames
) -> Iterator[RenderableType]:
    yield table(_steps(plan, snapshot)) if plan.steps else Text("no step", style="dim")
    yield Text("")
    yield facts(
        [
            ("COST", cost_text(plan)),
            ("LEFT", (*left_lines(plan), *beside) or "nothing"),
            ("NOTE", [clean(note) for note in plan.notices]),
            ("YOU", to_do_lines(plan, snapshot, home) or ("nothing" if plan.steps else "")),
            ("FILES", files),
            ("BACK", back_text(plan, keys)),
        ],
        width=5,
    )


def _steps(plan: Plan, snapshot: Snapshot) -> Iterator[tuple[str, str, Text]]:
    """Yield a row for each step, and dim ones under it for its reason and the ports it passed over."""
    for number, step in enumerate(plan.steps, 1):
        verb, what = step_cells(step, snapshot)
        yield f"{number}.", verb, Text(what, style="bold")
        for line in _because(step):
            yield "", "", Text(line, style="dim")


def _because(step: Step) -> Iterator[str]:
    if step.reason:
        yield clean(step.reason)
    if step.target and step.target.count > 1:
        yield from target_lines(step.target)
    if step.after and (passed := tried(step.after, left=step.from_port if step.reason else None)):
        yield passed


def plan_text(plan: Plan, snapshot: Snapshot, home: str, shell: str, keys: KeyNames) -> str:
    """Return a plan as plain text, to be pasted elsewhere."""
    lines = [clean(plan.title), ""]
    for number, step in enumerate(plan.steps, 1):
        lines.append(f"{number}. {'  '.join(step_cells(step, snapshot))}")
        lines += [f"   {each}" for each in _because(step)]
    lines += [] if plan.steps else ["no step"]
    lines += ["", f"COST  {cost_text(plan)}"]
    lines += [f"LEFT  {each}" for each in left_lines(plan) or ("nothing",)]
    lines += [f"YOU   {each}" for each in to_do_lines(plan, snapshot, home)]
    return "\n".join([*lines, f"BACK  {back_text(plan, keys)}", "", shell])
