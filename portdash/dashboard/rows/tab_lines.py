"""The Log, History and Config tabs of the details."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from rich.cells import chop_cells

from portdash.config.show import Row as Setting
from portdash.dashboard.rows.asked import Log, Past
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.prose import LABEL, fact, heading, paragraph
from portdash.dashboard.rows.row import Line, Span, Tone
from portdash.dashboard.rows.times import clock_text
from portdash.model.history import Event
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView
from portdash.report.history import what
from portdash.report.redaction import Redaction, mask_secrets
from portdash.report.starting import has_command, own_listeners
from portdash.text import clean


def log_lines(view: ServiceView, log: Log | None, facts: Facts, width: int) -> Iterator[Line]:
    """Yield what a service printed, or where it can be found that portdash keeps no log of it."""
    if log is None:
        yield from paragraph("reading the log …", width, tone=Tone.DIM)
    elif log.error:
        yield from paragraph(f"the log cannot be read: {log.error}", width)
    elif not log.is_kept:
        yield from _elsewhere(view, facts, width)
    elif not log.lines:
        yield from paragraph("it has printed nothing yet", width, tone=Tone.DIM)
    else:
        for line in log.lines:
            yield from _chopped(line, width)


@lru_cache(maxsize=2048)
def _chopped(line: str, width: int) -> tuple[Line, ...]:
    """Return a line as it was printed, broken where it is too long; it is asked for again at each look."""
    return tuple((Span(piece),) for piece in chop_cells(line, max(10, width)) or [""])


def _elsewhere(view: ServiceView, facts: Facts, width: int) -> Iterator[Line]:
    yield from paragraph("portdash did not start it, so it keeps no log of it", width)
    yield ()
    if server := next(iter(own_listeners(view)), None):
        yield from fact("its own log", _log_command(server), width)
    command = "" if has_command(facts.snapshot, view.key) else " -- COMMAND"
    yield from fact("to keep one", f"portdash run {view.name}{command}", width)


def _log_command(server: Listener) -> str:
    if server.container:
        return f"{server.container.engine} logs -f {server.container.name}"
    if server.unit:
        return f"journalctl -u {server.unit} -f"
    return f"the terminal of {server.label}"


def history_lines(view: ServiceView, past: Past | None, facts: Facts, width: int) -> Iterator[Line]:
    """Yield what happened to a service, the latest first."""
    if past is None:
        yield from paragraph("reading the history …", width, tone=Tone.DIM)
    elif past.error:
        yield from paragraph(f"the history cannot be read: {past.error}", width)
    elif not past.events:
        yield from paragraph("nothing has happened to it so far", width, tone=Tone.DIM)
    else:
        yield heading(f"HISTORY of {view.name}", width)
        for event in past.events:
            yield from event_lines(event, facts, width)


def event_lines(event: Event, facts: Facts, width: int) -> Iterator[Line]:
    """Yield one event: when, what, by whom, why."""
    said = [what(event), f"by {event.actor}" if event.actor else "", mask_secrets(event.reason)]
    yield from fact(clock_text(event.at, facts.now), ", ".join(filter(None, said)), width)


def config_lines(view: ServiceView, settings: Sequence[Setting], facts: Facts, width: int) -> Iterator[Line]:
    """Yield what is declared of a service with the origin of each value; else what its assignment remembers."""
    told = [each for each in settings if each.text != "-"]
    for origin, values in groupby(told, key=attrgetter("origin")):
        yield heading(f"FROM {facts.abbreviated(origin)}", width)
        for each in values:
            yield from fact(each.key.rpartition(".")[2], _declared(each, facts), width)
        yield ()
    if told:
        return
    here = view.key.workspace == facts.snapshot.workspace
    where = (
        ("no file says more of it than its name" if settings else "no file declares it")
        if here
        else f"declared, if at all, in {facts.label_of(view.key.workspace)}"
    )
    yield from paragraph(f"{where}: this is what it asked for when it got its port", width)
    yield ()
    yield heading("STORED", width)
    for field in fields(view.spec):
        value = getattr(view.spec, field.name)
        if value not in (None, (), "", False, frozenset()):
            yield from fact(field.name, _stored(value), width)
    if here:
        yield ()
        yield from fact("to declare it", f"portdash add {view.name}", width, label_width=LABEL)


def _declared(setting: Setting, facts: Facts) -> str:
    """Return a value as people write it: a command as in a shell, paths below the home directory with `~`."""
    value = setting.value
    is_command = setting.key.endswith(".command") and isinstance(value, list)
    text = shlex.join(map(str, value)) if is_command and isinstance(value, list) else setting.text
    return clean(Redaction(facts.home)(text), limit=None)


def _stored(value: object) -> str:
    if isinstance(value, tuple | frozenset):
        return clean(", ".join(str(each) for each in (sorted(value) if isinstance(value, frozenset) else value)))
    return clean(mask_secrets(str(value)))
