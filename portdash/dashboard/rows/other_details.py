"""The details of rows that are no service: other listeners, workspaces, and the lines that rows fold into."""

from collections.abc import Iterator

from rich.cells import cell_len

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows import words
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.health_lines import Probed, probed_facts
from portdash.dashboard.rows.listener_facts import answer_lines, listener_facts
from portdash.dashboard.rows.prose import LABEL, fact, heading, paragraph
from portdash.dashboard.rows.row import Group, Line, Other, OthersLine, Span, SystemLine, Tone
from portdash.manager.naming import suggest_name, waiting_for
from portdash.model.snapshot import SeenListener
from portdash.text import plural


def other_lines(other: Other, facts: Facts, width: int, probed: Probed | None) -> Iterator[Line]:
    """Yield what is known of a listener that is no service's; `probed` is what it answered, where it was asked."""
    whose = "a daemon or program of the system" if other.is_system else "no service has this port"
    yield from paragraph(f"{whose}; {_bound_to(other)}", width)
    if other.listener.project or other.listener.container:
        name = suggest_name(other.listener, facts.wanted)
        waits = f": it is declared, prefers {other.listener.port} and has no port yet"
        told = waits if waiting_for(other.listener, facts.wanted) else ""
        yield from paragraph(f"as a service it would be {name}{told}", width, tone=Tone.DIM)
    if probed:
        yield ()
        yield from probed_facts(probed, width)
    yield ()
    yield heading("WHO HOLDS IT", width)
    yield from listener_facts(other.listener, facts, width)
    yield ()
    yield from answer_lines([SeenListener(each) for each in other.listeners], other.listener.port, width)


def _bound_to(other: Other) -> str:
    addresses = dict.fromkeys(listener.address for listener in other.listeners)
    return f"{other.listener.protocol.value} on {', '.join(addresses)}"


def group_lines(group: Group, facts: Facts, width: int) -> Iterator[Line]:
    """Yield where a workspace is, and how its services stand."""
    root = group.workspace.root
    is_remote = any(view.is_remote for view in group.views)
    nowhere = "of another host: it is changed there" if is_remote else "outside any project"
    yield from paragraph(facts.abbreviated(root) if root else nowhere, width)
    if group.is_vanished:
        gone = f"its directory is gone; {facts.keys.way('release')} gives its ports back"
        yield from paragraph(gone, width, g.TROUBLE, Tone.WARN)
    yield ()
    yield heading(plural(len(group.views), "SERVICE").upper(), width)
    for view in group.views:
        state = words.state_of(view)
        port = "-" if view.port is None else str(view.port)
        name = view.name if cell_len(view.name) < LABEL else f"{view.name[: LABEL - 2]}…"
        label = Span(f"  {name}".ljust(LABEL + 2))
        yield (label, Span(f"{port:<7}"), Span(state.glyph, state.tone), Span(f" {state.word}"))


def others_lines(line: OthersLine, facts: Facts, width: int) -> Iterator[Line]:
    """Yield how many other listeners there are."""
    yield from paragraph(f"{plural(line.total, 'listener')} that no service of yours has", width)
    if line.near:
        adopt = facts.keys.way("adopt")
        near = (
            f"{len(line.near)} of them run in your projects: {adopt} looks at them all, or at the one under the cursor"
        )
        yield from paragraph(near, width)


def system_lines(system: SystemLine, facts: Facts, width: int) -> Iterator[Line]:
    """Yield the listeners of the system."""
    lists = f"{facts.keys.way('unfold')} lists them"
    yield from paragraph(f"daemons of other users and programs outside any project; {lists}", width)
    yield ()
    for other in system.others[:60]:
        yield from fact(f"{other.listener.port}", other.listener.label, width)
