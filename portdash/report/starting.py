"""How a service is named, and how it is started on the port it has: said where one is moved or a port freed. Pure."""

import shlex

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.listener import Listener
from portdash.model.names import base_name
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.model.substitution import names_port, substitute
from portdash.named_tuple import NamedTuple
from portdash.record import replace
from portdash.report.redaction import mask_secrets
from portdash.report.scope import workspace_label
from portdash.text import clean

LONGEST = 240
"""Characters of a command that is told."""


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


class ToDo(NamedTuple):
    """One thing that is left for the person; every string is clean."""

    key: ServiceKey | None
    """The service it is about, None where that is not known any more."""
    text: str
    """`start web again: PORT=3003 npm run dev`."""
    place: str = ""
    """The directory to do it in; empty where it does not matter, or nobody knows."""
    port: int = 0
    """The port that it is to be started on; 0 without a service."""

    @property
    def name(self) -> str:
        """The service's name as it is kept."""
        return clean(self.key.service) if self.key else ""

    def line(self, home: str) -> str:
        """Return it with its directory: `start web again: PORT=3003 npm run dev  in ~/src/shop`."""
        return f"{self.text}  in {tilde(self.place, home)}" if self.place else self.text


def how_to_start(snapshot: Snapshot, row: Assignment) -> ToDo:
    """Return how to start a service on the port of `row`: by its declared command, else by the one it runs with.

    A command of a project that is not trusted is not passed on, nor one too long or odd to be typed. One that names
    the old port is told with the new one, one that names none with the variable before it.
    """
    start = start_line(snapshot, row.key)
    server = next(iter(own_listeners(snapshot.service(row.key))), None)
    if server and server.container:
        container = clean(server.container.name)
        if server.port == row.port:
            return ToDo(row.key, f"start the container {container} again", port=row.port)
        text = f"publish {container} on {row.port} instead of {server.port}, and start it again"
        return ToDo(row.key, text, port=row.port)
    variable = row.spec.env or "PORT"
    command, place = _command(snapshot, row.key, server)
    if not command:
        return ToDo(row.key, f"{start} with {variable}={row.port}", port=row.port)
    old = server.port if server else row.home or row.port
    argv = [_with_port(word, old, row.port) for word in substitute(command, row.port)]
    says = names_port(command) or any(_names(word, row.port) for word in argv)
    prefix = "" if says else f"{variable}={row.port} "
    told = shlex.join(argv)
    if len(told) > LONGEST or mask_secrets(clean(told, limit=None)) != told:  # cut, escaped or masked it starts nothing
        return ToDo(row.key, f"{start} with {variable}={row.port}", place, row.port)
    return ToDo(row.key, f"{start}: {prefix}{told}", place, row.port)


def held_note(snapshot: Snapshot, key: ServiceKey) -> str:
    """Return who else has the port of a service, and what comes of starting it then; empty where nobody has it."""
    view = snapshot.service(key)
    if view is None or view.port is None or not view.listeners or view.is_running:
        return ""
    return f"{view.port} is held by {clean(view.listeners[0].label)}: it gets another port"


def has_command(snapshot: Snapshot, key: ServiceKey) -> bool:
    """Say whether the configuration declares how a service of this workspace is started."""
    declared = replace(key, service=base_name(key.service))
    return any(each.has_command for each in snapshot.declarations if each.key == declared)


def _command(snapshot: Snapshot, key: ServiceKey, server: Listener | None) -> tuple[tuple[str, ...], str]:
    """Return the words that start a service, and the directory to do it in; no words where nobody knows."""
    declared = replace(key, service=base_name(key.service))
    for each in snapshot.declarations:
        if each.key == declared and each.command:
            return each.command, each.directory or ""
    owner = server.owner if server else None
    return (owner.command or (), owner.cwd or "") if owner else ((), "")


def _with_port(word: str, old: int, new: int) -> str:
    """Return an argument with its port changed: `8000`, `--port=8000`, `127.0.0.1:8000`."""
    for sign in ("", "=", ":"):
        end = f"{sign}{old}"
        if word == end or (sign and word.endswith(end)):
            return word.removesuffix(end) + f"{sign}{new}"
    return word


def _names(word: str, port: int) -> bool:
    """Say whether an argument says a port: `8000`, `--port=8000`, `127.0.0.1:8000`."""
    return word == str(port) or word.endswith((f"={port}", f":{port}"))


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
