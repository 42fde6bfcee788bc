"""Who holds one port: what `check` and `who` say, as a document and as lines."""

from collections.abc import Iterator

from portdash.cli.listener_text import command_text, process_text, service_text
from portdash.manager.deps import Deps
from portdash.model.listener import Container, Hints, Listener
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot
from portdash.record import record
from portdash.report.origins import project_text, why_text
from portdash.report.scope import workspace_label
from portdash.report.serialise import listener_json
from portdash.report.words import uptime
from portdash.text import clean


@record(kw_only=True)
class Holding:
    """What is known about one port."""

    port: int
    protocol: IpProtocol
    holders: tuple[SeenListener, ...]
    refusal: str | None
    """Why the kernel does not let us bind it though nobody listens."""
    services: tuple[ServiceView, ...]
    """Whose assignment it is; those that inherit it come after the one they inherit from."""

    @property
    def free(self) -> bool:
        """Whether a server could bind it now, on every address."""
        return not self.holders and self.refusal is None


def look_at(deps: Deps, snapshot: Snapshot, port: int, protocol: IpProtocol) -> Holding:
    """Find out about a port; it is bound for an instant if nobody listens there."""
    holders = tuple(
        seen for seen in snapshot.listeners if (seen.listener.port, seen.listener.protocol) == (port, protocol)
    )
    services = [view for view in snapshot.services if view.port == port and view.key.protocol is protocol]
    return Holding(
        port=port,
        protocol=protocol,
        holders=holders,
        refusal=None if holders else deps.machine.bind_error(protocol, port),
        services=tuple(sorted(services, key=lambda view: view.spec.inherit_from is not None)),
    )


def holding_json(holding: Holding, snapshot: Snapshot) -> dict[str, object]:
    """Return `{port, free, holders}`, each holder a Listener with its parents, unit, connections and evidence."""
    return {
        "port": holding.port,
        "free": holding.free,
        "holders": [
            {
                **listener_json(seen, snapshot, arguments=True),
                "parents": [{"pid": each.pid, "process": clean(each.name)} for each in seen.listener.ancestors],
                "unit": clean(seen.listener.unit) if seen.listener.unit else None,
                "evidence": [clean(each) for each in seen.attribution.evidence],
            }
            for seen in holding.holders
        ],
    }


def verdict_lines(holding: Holding, snapshot: Snapshot) -> Iterator[str]:
    """Yield one line a holder, or the one that says it is free."""
    name = port_text(holding)
    assigned = assigned_text(holding, snapshot)
    if holding.free:
        yield f"{name} is free{assigned}{_reserved_text(holding, snapshot)}"
    elif holding.refusal is not None:
        yield clean(f"{name} is taken: nobody listens, but the system refuses it: {holding.refusal}{assigned}")
    for seen in holding.holders:
        project = seen.listener.project
        where = f" ({project.label})" if project else ""
        yield clean(f"{name} is taken: {seen.listener.label}{where} on {seen.listener.address}{assigned}")


def detail_lines(holding: Holding, snapshot: Snapshot) -> Iterator[str]:
    """Yield all that is known of each holder."""
    for number, seen in enumerate(holding.holders):
        if number:
            yield ""
        for label, value in _facts(seen, snapshot):
            yield f"{label:<12} {value}"


def port_text(holding: Holding) -> str:
    """Return `3000`, or `53/udp`."""
    return str(holding.port) if holding.protocol is IpProtocol.TCP else f"{holding.port}/{holding.protocol}"


def assigned_text(holding: Holding, snapshot: Snapshot) -> str:
    """Return `, assigned to shop/web`, or nothing."""
    names = [f"{workspace_label(snapshot, view.key.workspace)}/{view.name}" for view in holding.services]
    return clean(f", assigned to {', '.join(names)}") if names else ""


def _reserved_text(holding: Holding, snapshot: Snapshot) -> str:
    """Return `, reserved by stopped container blog-db-1`, or nothing."""
    container = snapshot.published.get((holding.protocol, holding.port))
    return clean(f", reserved by {container.label}") if container else ""


def _facts(seen: SeenListener, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    listener, owner = seen.listener, seen.listener.server
    carrier = listener.owner if owner is None else None
    yield "port", f"{listener.port}/{listener.protocol} on {clean(listener.address)}"
    yield "process", f"{process_text(seen)}{f' {owner.pid}' if owner else ''}"
    optional = (
        ("framework", listener.framework),
        ("command", command_text(owner, limit=1000)),
        ("user", (owner.user if owner else None) or listener.user),
        ("directory", _directory(listener)),
        ("project", project_text(listener.project)),
        ("workspace", _workspace_of(listener, snapshot)),
        ("parents", " < ".join(f"{each.name} {each.pid}" for each in listener.ancestors)),
        ("container", _container_text(listener.container) if listener.container else None),
        ("held by", carrier.label if carrier else None),
        ("unit", listener.unit),
        ("started by", listener.via),
        ("why", why_text(listener)),
        ("script", _script_text(listener.hints)),
        ("told", _told_text(listener)),
        ("connections", None if listener.connections is None else str(listener.connections)),
        ("up", uptime(listener, snapshot.taken_at)),
        ("other pids", ", ".join(map(str, listener.pids[1:]))),
    )
    yield from ((label, clean(value, limit=1000)) for label, value in optional if value)
    yield "service", service_text(seen, snapshot)
    for evidence in seen.attribution.evidence:
        yield "because", clean(evidence)


def _container_text(container: Container) -> str:
    """Return what is known of a container, and why that is little."""
    told = ", ".join((container.name, *container.facts))
    return told if container.id else f"{told}; its engine was not asked: `portdash status` says why"


def _directory(listener: Listener) -> str | None:
    """Return where it works: the process, or the compose project of a container, whose own directories are not ours."""
    if listener.container:
        return listener.container.directory
    return listener.owner.cwd if listener.owner else None


def _workspace_of(listener: Listener, snapshot: Snapshot) -> str | None:
    """Return the known workspace of the project it works in, told apart from the project by its own name."""
    root = listener.project.root if listener.project else None
    known = next((each for each in snapshot.workspaces if root and each.root == root), None)
    return known.name if known else None


def _script_text(hints: Hints) -> str | None:
    """Return `dev of @shop/web`: what package.json calls what it was started by."""
    if hints.script is None:
        return None
    return f"{hints.script} of {hints.package}" if hints.package else hints.script


def _told_text(listener: Listener) -> str | None:
    """Return what its environment asked for, where that is not what it does."""
    port = listener.hints.port
    return f"PORT={port}, and listens on {listener.port}" if port and port != listener.port else None
