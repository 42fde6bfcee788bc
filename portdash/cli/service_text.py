"""Services and detection as lines for people."""

from collections.abc import Iterator, Sequence

from portdash.cli.output import Tone
from portdash.config.settings import Config
from portdash.config.urls import redacted
from portdash.model.conflict import Conflict
from portdash.model.snapshot import ServiceView, Snapshot, Status
from portdash.report.scope import Scope, workspace_label
from portdash.report.words import health_phrase, held_by, source_phrase, status_words
from portdash.text import clean, columns

Line = tuple[str, Tone]


def service_lines(snapshot: Snapshot, scope: Scope) -> Iterator[Line]:
    """Yield the table of services, a heading and a line each; the line of one in conflict is toned so."""
    views = scope.services(snapshot)
    if not views:
        yield (
            "no services yet: `portdash allocate NAME` makes one, `portdash adopt PORT` takes up a running one",
            Tone.PLAIN,
        )
        return
    several = len({view.key.environment for view in views}) > 1
    purposes = any(view.spec.purpose for view in views)
    names = [qualified(view, snapshot) for view in views]
    named = ("PORT", "SOURCE", "STATUS", "HEALTH", "HELD BY")
    rows = [("SERVICE", *(["ENVIRONMENT"] if several else []), *named, *(["PURPOSE"] if purposes else []))]
    for name, view, status in zip(names, views, status_words(views, snapshot), strict=True):
        rows.append(
            (
                name,
                *([clean(view.key.environment)] if several else []),
                str(view.port) if view.port is not None else "-",
                source_phrase(view.assignment) if view.assignment else "-",
                status,
                health_phrase(view.health) or view.health.state.value,
                held_by(view),
                *([clean(view.spec.purpose)] if purposes else []),
            )
        )
    heading, *lines = columns(rows)
    yield heading, Tone.HEADING
    for line, view in zip(lines, views, strict=True):
        yield line, Tone.BAD if view.status is Status.CONFLICT else Tone.PLAIN


def qualified(view: ServiceView, snapshot: Snapshot) -> str:
    """Return the service's name, with its workspace's where that is another than ours."""
    if view.key.workspace == snapshot.workspace:
        return clean(view.name)
    return clean(f"{workspace_label(snapshot, view.key.workspace)}/{view.name}")


def elsewhere_lines(config: Config) -> Iterator[str]:
    """Yield the services that are declared to run elsewhere, each with its URL; they have no port of this machine."""
    found = [(each.name, config.url_of(each.name)) for each in config.services if each.url is not None]
    yield from columns([(clean(name), clean(redacted(url or ""), limit=None)) for name, url in found])


def detection_lines(snapshot: Snapshot, scope: Scope) -> Iterator[str]:
    """Yield which services were found running, then which listeners of the same place are no service yet."""
    for view in scope.services(snapshot):
        running = (
            *(view.listeners if view.attribution and view.attribution.ownership.is_ours else ()),
            *view.elsewhere,
        )
        for port in dict.fromkeys(listener.port for listener in running):
            who = next(listener.label for listener in running if listener.port == port)
            yield clean(f"{qualified(view, snapshot)} detected on port {port}: {who}")
    if scope.workspace is None:
        return
    seen: set[int] = set()
    for other in scope.other_listeners(snapshot):
        listener = other.listener
        if listener.port not in seen:
            seen.add(listener.port)
            yield clean(
                f"{listener.label} listens on {listener.port}, no service yet: `portdash adopt {listener.port}`"
            )


def conflict_lines(snapshot: Snapshot, conflicts: Sequence[Conflict]) -> Iterator[Line]:
    """Yield the table of conflicts; notices are toned down."""
    rows = [("KIND", "SERVICE", "PORT", "HOLDER", "DETAIL")]
    for conflict in conflicts:
        home = conflict.key.workspace == snapshot.workspace
        place = "" if home else f"{workspace_label(snapshot, conflict.key.workspace)}/"
        rows.append(
            (
                conflict.kind.value,
                clean(place + conflict.name),
                str(conflict.port),
                clean(conflict.holder) if conflict.holder else "-",
                clean(conflict.detail),
            )
        )
    heading, *lines = columns(rows)
    yield heading, Tone.HEADING
    for line, conflict in zip(lines, conflicts, strict=True):
        yield line, Tone.WARNING if conflict.kind.is_notice else Tone.BAD
