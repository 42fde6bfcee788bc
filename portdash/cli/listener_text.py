"""Listeners as lines for people, and finding them by what a person types."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from portdash.model.listener import Listener, Ownership, Process
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.report.redaction import mask_secrets
from portdash.report.scope import workspace_label
from portdash.report.words import SIGNS, service_name, uptime
from portdash.text import clean, columns

NOBODY = "-"


def listener_lines(snapshot: Snapshot, listeners: Sequence[SeenListener]) -> Iterator[str]:
    """Yield the table of listeners: a heading, then a line a socket."""
    rows = [("PORT", "PROTO", "ADDRESS", "PID", "PROCESS", "PROJECT", "SERVICE", "CONN", "VIA", "UP", "COMMAND")]
    for seen in listeners:
        listener = seen.listener
        rows.append(
            (
                str(listener.port),
                listener.protocol.value,
                clean(listener.address),
                str(listener.server.pid if listener.server else NOBODY),
                process_text(seen),
                clean(listener.project.label) if listener.project else NOBODY,
                service_text(seen, snapshot),
                NOBODY if listener.connections is None else str(listener.connections),
                clean(listener.via) if listener.via else NOBODY,
                uptime(listener, snapshot.taken_at) or NOBODY,
                command_text(listener.server, limit=80) or _image_text(listener) or NOBODY,
            )
        )
    return columns(rows)


def process_text(seen: SeenListener) -> str:
    """Return who it is: the container, the process's name, or that the owner is hidden."""
    listener = seen.listener
    if listener.container:
        return clean(f"{listener.container.name} ({listener.container.engine})")
    if listener.owner:
        return clean(listener.owner.name or "process")
    return clean(listener.label)


def command_text(owner: Process | None, *, limit: int) -> str:
    """Return a command line with its secrets masked, cut at `limit`; empty where it is not known."""
    return clean(mask_secrets(" ".join(owner.command)), limit=limit) if owner and owner.command else ""


def _image_text(listener: Listener) -> str:
    return clean(listener.container.image, limit=80) if listener.container and listener.container.image else ""


def service_text(seen: SeenListener, snapshot: Snapshot) -> str:
    """Return the service concerned with whose the listener is, `= shop/api` or `≠ web`; a dash where there is none."""
    name = service_name(seen, snapshot)
    if name is None or seen.key is None:
        return NOBODY
    here = seen.key.workspace == snapshot.workspace
    place = "" if here else f"{workspace_label(snapshot, seen.key.workspace)}/"
    return clean(f"{SIGNS[seen.attribution.ownership]} {place}{name}")


def select(
    snapshot: Snapshot,
    *,
    pattern: str | None = None,
    protocol: IpProtocol | None = None,
    service_type: str | None = None,
) -> tuple[SeenListener, ...]:
    """Return the listeners that fit all that is given."""
    return tuple(
        seen
        for seen in snapshot.listeners
        if (protocol is None or seen.listener.protocol is protocol)
        and (service_type is None or _type_of(seen, snapshot) == service_type.casefold())
        and (pattern is None or fits(seen, pattern, snapshot))
    )


def fits(seen: SeenListener, pattern: str, snapshot: Snapshot) -> bool:
    """Say whether a listener is meant by `pattern`.

    Digits are a whole port or pid. With `*` or `?` the pattern has to fit a port, process, project, package, container,
    framework, unit or service from end to end; any other text is looked for within those names, without regard to case.
    """
    listener = seen.listener
    if pattern.isdigit():
        return pattern in (str(listener.port), *map(str, listener.pids))
    names = (
        listener.owner.name if listener.owner else None,
        listener.project.label if listener.project else None,
        listener.project.name if listener.project else None,
        listener.project.package if listener.project else None,
        listener.container.name if listener.container else None,
        listener.framework,
        listener.unit,
        service_name(seen, snapshot) if seen.attribution.ownership is not Ownership.FOREIGN else None,
    )
    wanted = pattern.casefold()
    texts = [name.casefold() for name in names if name]
    if "*" in wanted or "?" in wanted:
        glob = wanted.replace("[", "[[]")
        return any(fnmatchcase(text, glob) for text in (str(listener.port), *texts))
    return any(wanted in text for text in texts)


def _type_of(seen: SeenListener, snapshot: Snapshot) -> str | None:
    view = snapshot.service(seen.key) if seen.key else None
    return view.spec.type.casefold() if view and view.spec.type else None
