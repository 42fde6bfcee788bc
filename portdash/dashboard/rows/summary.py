"""The two lines above the list: counts, and the trouble that matters most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portdash.dashboard import glyphs as g
from portdash.dashboard.rows.layout import choose, justify, line_width
from portdash.dashboard.rows.row import Line, RowKey, Span, Tone, service_row_key
from portdash.dashboard.rows.view import View
from portdash.dashboard.rows.words import State, beside, started_at, state_of
from portdash.model.conflict import ConflictKind
from portdash.model.listener import Listener
from portdash.model.plan import Strategy
from portdash.model.snapshot import ServiceView
from portdash.named_tuple import NamedTuple
from portdash.report.words import age, worst_conflict
from portdash.text import clean, plural

if TYPE_CHECKING:
    from portdash.dashboard.key_names import KeyNames
    from portdash.dashboard.rows.facts import Facts

SLOW_AFTER = 2.5
"""Seconds without a new look after which the header says so."""


class Standing(NamedTuple):
    """What the header says besides counts."""

    age: str
    """`live, 0.4s ago`, `PAUSED 42s, p resumes`, `stale: scan failed, retrying`."""
    is_wrong: bool = False
    """Whether the age is a warning."""
    is_paused: bool = False
    view: View = View.SERVICES
    only: str | None = None
    """Workspace that the list is narrowed to."""
    is_bell_off: bool = False
    problem: str = ""
    """What is wrong with the filter or with what was remembered."""
    filter_text: str = ""
    is_locked: bool = False
    is_framed: bool = True
    """Whether the frame of the list names the view, so that the header need not."""
    config_error: str = ""
    """What is wrong with the configuration files, while the last good ones are in force."""


def freshness(
    now: float, keys: KeyNames, *, looked_at: float | None, paused_at: float | None, stale: str | None, interval: float
) -> tuple[str, bool]:
    """Say how old what is shown is, and whether that is a warning. Times are monotonic."""
    if paused_at is not None:
        return f"PAUSED {age(now - paused_at)}, {keys.way('pause')} resumes", True
    if stale is not None:
        return f"stale: {clean(stale, limit=60)}, retrying", True
    if looked_at is None:
        return "reading sockets …", False
    seconds = now - looked_at
    is_slow = seconds > SLOW_AFTER + interval
    return (f"slow: {age(seconds)} ago", True) if is_slow else (f"live, {max(0.0, seconds):.1f}s ago", False)


def header_line(facts: Facts | None, standing: Standing, width: int) -> Line:
    """Return place, counts by state, and how old all this is, `width` cells wide."""
    age_tone = Tone.CURSOR if standing.is_paused else Tone.WARN if standing.is_wrong else Tone.DIM
    if facts is None:
        return justify((Span(" portdash", Tone.BOLD),), (Span(f"{standing.age} ", age_tone),), width)
    unusual = unusual_spans(facts, standing)
    ages = tuple(dict.fromkeys((standing.age, standing.age.partition(" ago")[0], standing.age.partition(",")[0])))
    for place, counts in ((3, 2), (2, 2), (3, 1), (2, 1), (1, 1), (0, 0)):
        left = (*place_spans(facts, standing, place), *count_spans(facts, counts, standing.only), *unusual)
        room = width - line_width(left) - 2
        if room >= line_width((Span(ages[0 if standing.is_wrong else min(1, len(ages) - 1)]),)):
            break
    else:
        if standing.problem:  # it has to be read whole: the counts come back when it is put right
            left = (*place_spans(facts, standing._replace(filter_text=""), 0), *unusual)
    return justify(left, (Span(f"{choose(ages, max(6, room))} ", age_tone),), width)


def place_spans(facts: Facts, standing: Standing, fullness: int) -> list[Span]:
    """Return which view it is, of which workspaces, and the filter; 3 is the fullest wording, 0 the shortest."""
    label = facts.label_of(standing.only or facts.snapshot.workspace)
    is_narrowed = standing.only is not None
    scope = f"only {label}" if is_narrowed else f"all workspaces ({len(facts.groups)})"
    title = facts.keys.hint(standing.view.command, standing.view.title) or standing.view.title
    if not facts.groups:
        name = "portdash" if fullness > 1 and standing.is_framed else title
        spans = [Span(f" {name}", Tone.BOLD), Span(" · none yet     " if fullness else "  ")]
    elif fullness > 1:
        where = "" if is_narrowed or fullness < 3 else f", you are in {label}"
        name, gap = ("portdash", "   ") if standing.is_framed else (title, " · ")
        spans = [Span(f" {name}", Tone.BOLD), Span(f"{gap}{scope}{where}     ")]
    elif fullness:
        spans = [Span(f" {title}", Tone.BOLD), Span(f" · {label if is_narrowed else 'all'}   ")]
    else:
        spans = [Span(f" {title}", Tone.BOLD), Span(" here  " if is_narrowed else "  ")]
    if standing.filter_text:
        spans.append(Span(f"/{standing.filter_text}   ", Tone.ACCENT))
    return spans


def count_spans(facts: Facts, fullness: int, only: str | None) -> list[Span]:
    """Return how many services there are, by state: of one workspace where the list is narrowed to that.

    `fullness` 2 is the fullest wording, 0 the shortest.
    """
    if not facts.snapshot.services:
        return [Span(plural(len(facts.others), "listener"))]
    views = [view for view in facts.snapshot.services if only in (None, view.key.workspace)]
    states = [state_of(view) for view in views]
    running = sum(1 for state in states if state.is_well)
    wide = fullness > 1
    first = f"{plural(len(views), 'service')}   {running} running" if wide else f"{len(views)}: {running} running"
    spans = [Span(first)]
    found = Counter[tuple[int, str, str, Tone]]()
    for state in states:
        if not state.is_well:
            word = "conflict" if state.severity == 0 else state.word.split()[0]
            word = "not running" if state.glyph == g.IDLE else word
            found[state.severity, state.glyph, word if wide else "", state.tone] += 1
    gap = ("", "  ", "   ")[fullness] or " "
    for (_severity, glyph, word, tone), count in sorted(found.items()):
        noun = plural(count, word).partition(" ")[2] if word == "conflict" else word
        text = (str(count), f" {count}", f" {count} {noun}")[fullness]
        spans += [Span(gap), Span(glyph, tone), Span(text)]
    return spans


def unusual_spans(facts: Facts, standing: Standing) -> list[Span]:
    """Say what is worth a place in the header only when it is not as always."""
    snapshot = facts.snapshot
    said = []
    if standing.is_locked:
        said.append("LOCKED")
    if standing.problem:
        said.append(clean(standing.problem, limit=70))
    if standing.is_bell_off:
        said.append("bell off")
    if standing.config_error:
        said.append("CONFIG ERROR, old one kept")
    if snapshot.stale_since is not None:
        said.append(f"STORE AWAY {age(snapshot.taken_at - snapshot.stale_since)}")
    if snapshot.went_back is not None:
        said.append("STORE WENT BACK")
    if snapshot.notices:
        said.append(f"{plural(len(snapshot.notices), 'note')} below")
    if snapshot.environment != "development":
        said.append(snapshot.environment)
    if snapshot.policy.strategy is not Strategy.MINIMAL:
        said.append(snapshot.policy.strategy.value)
    return [Span(f"   {'  '.join(said)}", Tone.WARN)] if said else []


def troubles(facts: Facts) -> tuple[RowKey, ...]:
    """Return the rows in trouble: conflicts as the snapshot ranks them, then dead answers, then bad ones."""
    ranks = {id(conflict): rank for rank, conflict in enumerate(facts.snapshot.conflicts)}
    order = {conflict.key: ranks[id(conflict)] for conflict in reversed(facts.snapshot.conflicts)}
    found = []
    for group_rank, group in enumerate(facts.groups):
        for view in group.views:
            state = state_of(view)
            key = service_row_key(view)
            if state.is_trouble and key not in facts.gone:
                rank = order.get(view.key, len(ranks)) if state.severity == 0 else 0
                found.append(((state.severity, rank, group_rank, view.key.service), key))
    return tuple(key for _rank, key in sorted(found))


def told(facts: Facts, rows: Sequence[RowKey], current: RowKey | None) -> tuple[State, str, tuple[str, ...]]:
    """Return how the service in trouble does, its place among all that are, and what is said of it, fullest first."""
    number = rows.index(current) if current in rows else 0
    view = facts.subjects[rows[number]]
    assert isinstance(view, ServiceView)
    return state_of(view), f"{number + 1}/{len(rows)}", describe(view, facts)


def trouble_line(facts: Facts | None, current: RowKey | None, width: int, *, stale: str | None = None) -> Line:
    """Return the line about the trouble under the cursor, else about the store, else about the worst one.

    `stale` is why the last look failed, None where it did not.
    """
    if facts is None:
        return ()
    from portdash.dashboard.rows.store_trouble import store_trouble  # noqa: PLC0415  not for the first frame

    rows, store = troubles(facts), store_trouble(facts, stale)
    if store and current not in rows:
        text = choose(store, width - 4)
        return (Span(" "), Span(g.TROUBLE, Tone.WARN), Span(f" {text}", Tone.BOLD))
    if not rows:
        return (Span(" No trouble.", Tone.DIM),) if facts.groups else ()
    state, place, texts = told(facts, rows, current)
    counts = f" {place.replace('/', ' of ')}   " if width >= 100 else f" {place} "
    start = (Span(" "), Span(state.glyph, state.tone), Span(counts))
    room = width - line_width(start) - 3
    wordings = [(text, keys) for text in texts for keys in key_words(state, facts.keys)]
    text, keys = next((each for each in wordings if line_width(map(Span, each)) <= room), wordings[-1])
    return justify((*start, Span(text, Tone.BOLD)), (Span(keys, Tone.DIM), Span(" ")), width)


def key_words(state: State, names: KeyNames) -> tuple[str, ...]:
    """Return what to press about it, fullest first; the footer says it again."""
    resolve, next_one, only = ("resolve", "resolve"), ("next_trouble", "next"), ("trouble", "only these")
    if state.severity == 0:
        full, short = names.hints(resolve, next_one, only), names.hints(resolve, next_one, gap="  ")
        bare = names.hints(("resolve", ""), next_one, gap="  ")
        return (full, short, bare, names.hints(("resolve", ""), ("next_trouble", ""), gap="  "))
    return (names.hints(next_one, only), names.hints(next_one), names.hints(("next_trouble", "")))


def describe(view: ServiceView, facts: Facts) -> tuple[str, ...]:
    """Say in a sentence what is wrong with a service; shorter wordings follow."""
    who = facts.full_name(view)
    conflict = worst_conflict(view)
    if conflict is None:
        from portdash.dashboard.rows.holders import own_server  # noqa: PLC0415  not for the first frame

        server = own_server(view)
        state = state_of(view)
        holder = f": {server.label}" if server else ""
        said = view.health.detail
        if said.startswith(state.word):
            return (f"{who} is {said}{holder}", f"{who} {state.word}{holder}", f"{who} {state.word}")
        detail = f", {more}" if (more := beside(state, said)) else ""
        return (f"{who} is {state.word}{holder}{detail}", f"{who} {state.word}{holder}", f"{who} {state.word}")
    if conflict.kind is ConflictKind.SQUATTED and view.listeners:
        return _squatted(who, view.listeners[0], conflict.port, facts)
    if conflict.kind is ConflictKind.MISPLACED and view.elsewhere:
        there = view.elsewhere[0]
        short = f"{who} runs on {there.port}, not {view.port}"
        full = f"{who} has {view.port} and runs on {there.port}: {there.label}"
        return (full, f"{short}: {there.label}", short, f"{who} on {there.port}")
    rest = conflict.detail or (f"{conflict.port} held by {conflict.holder}" if conflict.holder else str(conflict.port))
    kind = conflict.kind.value.replace("_", " ")
    named = (f"{who} {kind}: {clean(conflict.holder)}",) if conflict.holder else ()
    return (f"{who} is {kind}: {rest}", f"{who} {kind}: {rest}", *named, f"{who} {kind}")


def _squatted(who: str, holder: Listener, port: int, facts: Facts) -> tuple[str, ...]:
    place = holder.project.label if holder.project else ""
    since = started_at(holder)
    via = holder.via or ""
    ago = f" {age(facts.now - since)} ago" if since is not None else ""
    is_tunnel = via.startswith(("ssh -", "ssh to ", "kubectl "))
    starter = f" by {via}" if via and not holder.orphan and not is_tunnel else ""
    started = f", started{starter}{ago}" if starter or ago else ""
    started = f", {via}{started}" if is_tunnel else started
    of = f" of {place}" if place else ""
    where = f", {place}" if place else ""
    by = f" ({via})" if via else ""
    return (
        f"{who} cannot have {port}: {holder.label}{of} holds it{started}",
        f"{who}: {port} held by {holder.label}{where}{by}",
        f"{who}: {port} held by {holder.label}{by}",
        f"{who}: {port} {holder.label}",
    )
