"""Where a service really answers."""

import logging
from collections.abc import Callable

from portdash.errors import NoSuchService, PortdashError, UsageError
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.given import check_said
from portdash.model.assignment import url_of
from portdash.model.listener import Listener, Ownership
from portdash.model.names import split_qualified
from portdash.text import clean

_log = logging.getLogger(__name__)


def endpoint_or(default: str | None, name: str, find: Callable[[], str]) -> str:
    """Return what `find` finds, or `default` with a warning where it raises; not for a mistake of the caller."""
    check_said("default", default, "a URL as text", hint='default="http://localhost:3000"')
    try:
        return find()
    except UsageError:
        raise
    except PortdashError as error:
        if default is None:
            raise
        _log.warning("%s is taken to be at %s: %s", clean(name), clean(default), error.message)
        return default


def fixed_url(deps: Deps, name: str) -> str | None:
    """Return the URL that a variable or the configuration fixes for a service; that of another workspace has none."""
    where, slash, bare = name.rpartition("/")
    return deps.config.url_of(bare) if not slash or deps.place.workspace.is_called(where) else None


def endpoint(deps: Deps, name: str, *, scheme: str = "http") -> str:
    """Return the URL of a service: as its variable says, else where its server was seen, else as assigned or declared.

    The port of a service on which a foreign server listens is no answer: what is sent there would reach a stranger.
    Raises NoSuchService where there is no answer, InvalidName, StoreError.
    """
    _, bare = split_qualified(name)
    fixed = fixed_url(deps, name)
    declared = deps.config.service(bare)
    if fixed and (declared is None or declared.url is None or fixed != declared.url):
        return fixed  # the variable PORTDASH_URL_<SERVICE>
    try:
        view = find_service(deps.observer.snapshot(), name)
    except NoSuchService:
        if fixed:
            return fixed
        raise
    if view.is_running and view.attribution and view.attribution.ownership.is_ours:
        return url_at(view.listeners[0], scheme)
    if view.elsewhere:
        return url_at(view.elsewhere[0], scheme)
    if view.assignment is None:
        raise NoSuchService(
            f"{clean(name)} has no port yet, and no server of it was seen",
            hint=f"`portdash allocate {clean(name)}` gives it one",
        )
    if view.attribution and view.attribution.ownership is Ownership.FOREIGN:
        raise NoSuchService(
            f"no server of {clean(name)} was seen, and its port {view.port} is held by {view.listeners[0].label}",
            hint=f"`portdash resolve {clean(name)}` shows the way out",
        )
    return view.assignment.url(scheme)


def url_at(listener: Listener, scheme: str = "http") -> str:
    """Return the URL of a socket; one that does not answer localhost is named by its address."""
    address = listener.address.casefold().removeprefix("::ffff:")
    if address in ("", "*", "0.0.0.0", "::", "::1", "localhost") or address.startswith("127."):  # noqa: S104  compared
        return url_of(listener.port, scheme)
    return url_of(listener.port, scheme, f"[{address}]" if ":" in address else address)
