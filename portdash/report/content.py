"""What the summary report for people says, apart from how it is laid out. Every string is cleaned and redacted.

It holds no arguments of processes, no hostname, and no user's name but where a path outside the home has one.
"""

from collections import Counter
from collections.abc import Iterator

from portdash.model.assignment import Source, Verdict
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.record import record
from portdash.report.record import Record
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope, workspace_label
from portdash.report.serialise import iso
from portdash.report.tally import tally
from portdash.report.words import health_phrase, held_by, reason_phrase, source_phrase, staleness, state_word, uptime
from portdash.text import clean, plural

Row = tuple[str, ...]

LEGEND = "held by: = its own server, ~ presumably its own, ? not verified, ≠ somebody else's"


@record
class Section:
    """A heading with a table, a list of lines, or the one sentence that says there is nothing."""

    title: str
    columns: Row = ()
    """Headings of the table; empty where there are lines."""
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()
    empty: str = ""
    """Said when there are neither rows nor lines; a section without even that is left out."""


@record
class Report:
    """All that is said, in order."""

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def compose(snapshot: Snapshot, scope: Scope, redaction: Redaction, record: Record | None = None) -> Report:
    """Say about `scope` what somebody needs who cannot look at this machine; `record` is what history says of it."""
    author = _Author(snapshot, scope, redaction, record)
    sections = (
        author.services(),
        author.conflicts(),
        author.misses(),
        author.health(),
        author.other_listeners(),
        author.variables(),
        author.notices(),
    )
    return Report(
        title=author.shown(f"portdash report: {scope.label(snapshot)}"),
        facts=tuple((label, author.shown(value)) for label, value in author.facts()),
        sections=tuple(section for section in sections if section.rows or section.lines or section.empty),
    )


class _Author:
    """Writes the parts of one report."""

    def __init__(self, snapshot: Snapshot, scope: Scope, redaction: Redaction, record: Record | None) -> None:
        self._snapshot = snapshot
        self._scope = scope
        self._redaction = redaction
        self._record = record
        self._views = scope.services(snapshot)

    def shown(self, text: str) -> str:
        return clean(self._redaction(text), limit=1000)

    def facts(self) -> Iterator[tuple[str, str]]:
        snapshot, scope = self._snapshot, self._scope
        yield "Taken", iso(snapshot.taken_at)
        wanted = scope.service.workspace if scope.service else scope.workspace
        for each in snapshot.workspaces:
            if wanted in (None, each.name):
                gone = ", directory gone" if each.name in snapshot.vanished else ""
                yield "Workspace", f"{each.label}  {each.root or 'outside any project'}{gone}"
        yield "Environment", snapshot.environment
        stale = f", {staleness(snapshot)}" if snapshot.stale_since is not None else ""
        yield "Store", f"{snapshot.store_url}  revision {snapshot.revision}{stale}"
        yield "Strategy", snapshot.policy.strategy.value
        states = Counter(map(state_word, self._views)).most_common()
        yield "Services", f"{len(self._views)}: {', '.join(f'{count} {word}' for word, count in states) or 'none'}"
        figures = tally(self._views)
        sources = ", ".join(f"{count} {source.value}" for source, count in figures.sources.items())
        if sources:
            tried = plural(figures.attempts, "attempt")
            yield "Ports", f"{sources}; {tried}; {figures.success_rate}% have their first choice"
        if self._record:
            yield "History", self._record.ports_phrase
            yield "Conflicts", self._record.conflicts_phrase
        if snapshot.hidden_owners:
            yield "Hidden", f"{plural(snapshot.hidden_owners, 'listener')} whose owner may not be read"

    def services(self) -> Section:
        rows = tuple(
            (
                self._name(view),
                _slot(view.port, view.key.protocol) if view.port else "-",
                self.shown(source_phrase(view.assignment)) if view.assignment else "-",
                state_word(view),
                self.shown(held_by(view)),
            )
            for view in self._views
        )
        return Section(
            "Services", ("service", "port", "source", "state", "held by"), rows, empty="No service is known."
        )

    def conflicts(self) -> Section:
        rows = []
        for conflict in self._scope.conflicts(self._snapshot):
            kind = f"{conflict.kind.value} (notice)" if conflict.kind.is_notice else conflict.kind.value
            said = conflict.detail or (f"{conflict.holder} is in the way" if conflict.holder else "-")
            name = self._qualified(conflict.name, conflict.key.workspace)
            rows.append((kind, self.shown(name), _slot(conflict.port, conflict.protocol), self.shown(said)))
        columns = ("conflict", "service", "port", "what is wrong")
        return Section("Conflicts", columns, tuple(rows), empty="None." if self._views else "")

    def misses(self) -> Section:
        """Say for each service that has not its first choice what was tried before."""
        lines = []
        for view in self._views:
            row = view.assignment
            if row is None or row.source not in (Source.FALLBACK, Source.SEQUENTIAL):
                continue
            refused = [each for each in row.reasons if each.verdict is not Verdict.CHOSEN]
            tried = "; ".join(f"{each.port or view.spec.env or 'override'} {reason_phrase(each)}" for each in refused)
            if tried or row.source is Source.FALLBACK:
                why = self.shown(tried or "why was not recorded")
                lines.append(f"{self._name(view)} has {row.port}: {why}")
        return Section("Why not the first choice", lines=tuple(lines))

    def health(self) -> Section:
        told = ((view, health_phrase(view.health)) for view in self._views)
        return Section("Health", lines=tuple(f"{self._name(view)} {self.shown(said)}" for view, said in told if said))

    def other_listeners(self) -> Section:
        rows = tuple(self._listener(seen.listener) for seen in self._scope.other_listeners(self._snapshot))
        return Section("Other listeners", ("port", "address", "process", "project", "via", "up"), rows)

    def variables(self) -> Section:
        rows = tuple(
            (self.shown(view.spec.variable), str(view.port), self._name(view)) for view in self._views if view.port
        )
        return Section("Environment variables", ("variable", "port", "service"), rows)

    def notices(self) -> Section:
        return Section("Notices", lines=tuple(map(self.shown, self._snapshot.notices)))

    def _listener(self, listener: Listener) -> Row:
        return (
            _slot(listener.port, listener.protocol),
            clean(listener.address),
            self.shown(listener.label),
            self.shown(listener.project.label) if listener.project else "-",
            clean(listener.via or "-"),
            uptime(listener, self._snapshot.taken_at) or "-",
        )

    def _name(self, view: ServiceView) -> str:
        return self.shown(self._qualified(view.name, view.key.workspace))

    def _qualified(self, name: str, workspace: str) -> str:
        """Return the bare name where the title says the workspace already."""
        if self._scope.workspace or self._scope.service:
            return name
        return f"{workspace_label(self._snapshot, workspace)}/{name}"


def _slot(port: int, protocol: IpProtocol) -> str:
    return f"{port}/udp" if protocol is IpProtocol.UDP else str(port)
