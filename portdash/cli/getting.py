"""What `portdash get` does: shell scripts call it, so it loads next to nothing."""

import os
from pathlib import Path

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.output import emit, emit_json, warn
from portdash.cli.scope import Scope, find_scope
from portdash.config.paths import state_dir
from portdash.errors import ExitCode, NoSuchService, StoreOutdated, StoreUnavailable
from portdash.machine.identity import current_user, host_id
from portdash.machine.roots import find_root
from portdash.model.names import DEFAULT_WORKSPACE, check_service
from portdash.model.protocol import IpProtocol
from portdash.store.lookup import port_of, workspace_of
from portdash.text import clean

SQLITE = "sqlite:///"
Found = tuple[str, IpProtocol, int, float | None]
"""Workspace, protocol and port; and, while the store is away, when it was last read."""


def print_port(options: Globals, name: str, *, as_json: bool = False) -> int:
    """Print the port of a service and return the exit code. Raises NoSuchService, and other PortdashErrors."""
    where, slash, service = name.rpartition("/")
    check_service(service)
    scope = find_scope(options, cwd=working_directory(), environ=os.environ, home=home())
    found = _find(options, scope, where if slash else None, service)
    if found is None:
        raise NoSuchService(f"{clean(name)} has no port", hint=f"`portdash allocate {clean(name)}` gives it one")
    workspace, protocol, port, stale_since = found
    if not as_json:
        emit(str(port))
        return ExitCode.YES
    from portdash.report.serialise import stale_json  # noqa: PLC0415  scripts mostly want the port alone

    emit_json(
        {
            "name": service,
            "workspace": workspace,
            "environment": scope.environment,
            "protocol": protocol.value,
            "port": port,
            **stale_json(stale_since),
        }
    )
    return ExitCode.YES


def _find(options: Globals, scope: Scope, where: str | None, service: str) -> Found | None:
    """Ask the file of assignments; only where that does not settle it, open all that other commands open."""
    if not scope.store.startswith(SQLITE):
        return _find_slowly(options, where, service)
    try:
        return _find_fast(options, scope, where, service)
    except StoreOutdated:
        return _find_slowly(options, where, service)  # which brings the file up to date


def _find_fast(options: Globals, scope: Scope, where: str | None, service: str) -> Found | None:
    path = scope.store.removeprefix(SQLITE)
    path = path if Path(path).is_absolute() else f"/{path}"
    if not _is_there(path):
        return None
    host = host_id(state_dir(os.environ, home()), make=False)
    named = where or scope.workspace
    workspace = named or _workspace_here(path, host)
    if workspace is None:
        return None
    for protocol in IpProtocol:
        port = port_of(
            path,
            host=host,
            user=current_user(),
            workspace=workspace,
            environment=scope.environment,
            service=service,
            protocol=protocol,
        )
        if port is not None:
            return workspace, protocol, port, None
    # A workspace that a person names may be written in another case, or as a worktree's label.
    return _find_slowly(options, where, service) if named else None


def _workspace_here(path: str, host: str) -> str | None:
    """Return the name under which the store knows the workspace of the working directory."""
    root = find_root(str(working_directory()), home())
    return DEFAULT_WORKSPACE if root is None else workspace_of(path, host=host, root=root)


def _find_slowly(options: Globals, where: str | None, service: str) -> Found | None:
    from portdash.manager.finding import workspace_named  # noqa: PLC0415  only the slow way needs it
    from portdash.manager.opening import COMMITTED  # noqa: PLC0415

    with options.deps() as deps:
        state = deps.store.snapshot()
        if deps.store.url.startswith(COMMITTED):
            for notice in state.notices:  # such as that the file is no map just now
                warn(notice)
        workspace = workspace_named(state.workspaces, where) if where else deps.place.workspace.name
        for protocol in IpProtocol:
            row = state.assignments.get(deps.place.key(service, workspace=workspace, protocol=protocol))
            if row:
                return workspace, protocol, row.port, state.stale_since
    return None


def _is_there(path: str) -> bool:
    """Say whether there is a store at all; one that cannot be reached is an error, not `no port`."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreUnavailable(f"the store {clean(path)} cannot be reached: {error.strerror}") from error
    return True
