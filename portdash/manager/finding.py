"""Which service a person means."""

from difflib import get_close_matches

from portdash.errors import NoSuchService
from portdash.model.ports import parse_port
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.text import clean


def find_service(snapshot: Snapshot, text: str) -> ServiceView:
    """Return the service that `web`, `shop/web`, `shop@fix-login/web` or `3000` means. Raises NoSuchService."""
    if text.isdigit():
        return _service_on(snapshot, text)
    where, slash, name = text.rpartition("/")
    labels = {each.name: each.label.casefold() for each in snapshot.workspaces}
    here = snapshot.workspace
    for view in snapshot.services:
        names = (view.key.workspace.casefold(), labels.get(view.key.workspace))
        if view.key.service == name.casefold() and (
            where.casefold() in names if slash else names[0] == here.casefold()
        ):
            return view
    known = [view.name for view in snapshot.services if view.key.workspace == here]
    near = get_close_matches(name, known, n=1)
    raise NoSuchService(
        f"{clean(text)} is no service of {labels.get(here, here)}",
        hint=f"did you mean {near[0]}?" if near else None,
    )


def _service_on(snapshot: Snapshot, text: str) -> ServiceView:
    port = parse_port(text)
    found = [view for view in snapshot.services if view.port == port]
    if not found:
        raise NoSuchService(f"no service has port {port}", hint=f"`portdash check {port}` says who uses it")
    # A parent stands for those that inherit its port.
    return next((view for view in found if view.spec.inherit_from is None), found[0])
