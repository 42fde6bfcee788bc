"""How a service is named, and how it is started again on its new port: said wherever something is moved. Pure."""

import shlex

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.listener import Listener
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.scope import workspace_label
from portdash.text import clean


def service_label(snapshot: Snapshot, key: ServiceKey) -> str:
    """Return `shop@fix-login/web`."""
    view = snapshot.service(key)
    return f"{workspace_label(snapshot, key.workspace)}/{clean(view.name if view else key.service)}"


def spoken_name(snapshot: Snapshot, key: ServiceKey) -> str:
    """Return the shortest name that the command line finds a service by from here: `web`, or `shop@fix-login/web`."""
    view = snapshot.service(key)
    name = view.name if view else key.service
    if key.workspace == snapshot.workspace:
        return name
    label = workspace_label(snapshot, key.workspace)
    namesakes = sum(1 for each in snapshot.workspaces if label in (each.label, each.name))
    return f"{label if namesakes == 1 else key.workspace}/{name}"


def start_line(snapshot: Snapshot, key: ServiceKey) -> str:
    """Return `start web`, or `start web again` where it runs."""
    view = snapshot.service(key)
    return f"start {clean(spoken_name(snapshot, key))}{' again' if view and view.is_running else ''}"


def restart_line(snapshot: Snapshot, row: Assignment, home: str) -> str:
    """Return how to start a service on its new port: `start web again: PORT=3003 npm run dev  in ~/src/shop`.

    A command that names the old port is told with the new one.
    """
    start = start_line(snapshot, row.key)
    server = next(iter(own_listeners(snapshot.service(row.key))), None)
    if server and server.container:
        return f"publish {clean(server.container.name)} on {row.port} instead of {server.port}, and start it again"
    variable = row.spec.env or "PORT"
    owner = server.owner if server else None
    if server is None or owner is None or not owner.command:
        return f"{start} with {variable}={row.port}"
    place = f"  in {tilde(owner.cwd, home)}" if owner.cwd else ""
    argv = [_with_port(word, server.port, row.port) for word in owner.command]
    prefix = f"{variable}={row.port} " if argv == list(owner.command) else ""
    return f"{start}: {prefix}{clean(shlex.join(argv), limit=120)}{place}"


def _with_port(word: str, old: int, new: int) -> str:
    """Return an argument with its port changed: `8000`, `--port=8000`, `127.0.0.1:8000`."""
    for sign in ("", "=", ":"):
        end = f"{sign}{old}"
        if word == end or (sign and word.endswith(end)):
            return word.removesuffix(end) + f"{sign}{new}"
    return word


def own_listeners(view: ServiceView | None) -> tuple[Listener, ...]:
    """Return the listeners that are a service's own, on its port or elsewhere."""
    if view is None:
        return ()
    here = view.listeners if view.attribution and view.attribution.ownership.is_ours else ()
    return (*here, *view.elsewhere)


def tilde(path: str, home: str) -> str:
    """Return a path with the home directory as `~`, clean."""
    root = home.rstrip("/")  # empty where it is the root directory, which says nothing shorter
    inside = root and (path == root or path.startswith(root + "/"))
    return clean(f"~{path[len(root) :]}" if inside else path)
