"""Which service a person means."""

from collections.abc import Iterable

from portdash.errors import InvalidName, NoSuchService
from portdash.manager.given import check_text
from portdash.model.ports import parse_port
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.model.workspace import Workspace
from portdash.text import clean


def workspace_named(workspaces: Iterable[Workspace], text: str) -> str:
    """Return the name of the workspace that `shop` or its label `shop@fix-login` means; an unknown one as it stands."""
    return next((each.name for each in workspaces if each.is_called(text)), text)


def find_service(snapshot: Snapshot, text: str) -> ServiceView:
    """Return the service that `web`, `shop/web`, `shop@fix-login/web` or `3000` means.

    Raises NoSuchService, and InvalidName where nothing is named: a script's variable was empty.
    """
    check_text(text)
    if text.isdigit():
        return _service_on(snapshot, text)
    where, slash, name = text.rpartition("/")
    if not name.strip():
        raise InvalidName(f"{clean(text, limit=80)!r} names no service")
    here = workspace_named(snapshot.workspaces, where) if slash else snapshot.workspace
    there = [view for view in snapshot.services if view.key.workspace.casefold() == here.casefold()]
    for view in there:
        if view.key.service == name.casefold():
            return view
    from portdash.config.problems import nearest  # noqa: PLC0415  only for who mistypes

    near = nearest(name, [view.name for view in there])
    workspace = snapshot.workspace_named(here)
    raise NoSuchService(
        f"{clean(name) or repr(name)} is no service of {clean(workspace.label if workspace else here)}",
        hint=f"did you mean {near}?" if near else None,
    )


def _service_on(snapshot: Snapshot, text: str) -> ServiceView:
    port = parse_port(text)
    found = [view for view in snapshot.services if view.port == port]
    if not found:
        raise NoSuchService(f"no service has port {port}", hint=f"`portdash check {port}` says who uses it")
    # A parent stands for those that inherit its port.
    return next((view for view in found if view.spec.inherit_from is None), found[0])
