"""What the origin of a process says about whose it is: its checkout, its systemd unit, and what started it once."""

from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.model.listener import Attribution, Listener, Ownership
from portdash.planning.kinds import mentions, named_after
from portdash.planning.places import Places
from portdash.planning.wording import Names
from portdash.text import clean


def same_user(listener: Listener, key: ServiceKey) -> bool:
    """Say whether a listener's process runs as the user whose service `key` is."""
    return key.user == (listener.user or (listener.owner.user if listener.owner else None))


def elsewhere_text(listener: Listener, place: str, key: ServiceKey, *, places: Places, names: Names) -> str:
    """Say where a stranger works; of another checkout of one repository, both are named."""
    text = f"{clean(listener.label)} works in {places.label_of(place, listener)}"
    if not places.is_sibling(place, listener, key.workspace):
        return text
    return f"{text}, another checkout than {names.workspace(key.workspace)}"


def by_unit(
    listener: Listener, key: ServiceKey, spec: ServiceSpec, *, places: Places, names: Names
) -> Attribution | None:
    """Judge by the name of a systemd unit: `shop-web.service` is what runs shop/web, unless it works elsewhere.

    A service with a rule of its own is known by that alone.
    """
    if (
        spec.match is not None
        or listener.unit is None
        or not same_user(listener, key)
        or not named_after(spec, listener.unit)
    ):
        return None
    place, home = places.of_listener(listener), places.root_of(key.workspace)
    if place is not None and place != home:
        return None
    known = places.workspaces.get(key.workspace)
    unit = clean(listener.unit)
    if place is not None or mentions(listener.unit, (known and known.repository) or key.workspace):
        owner = f"{names.workspace(key.workspace)}/{clean(spec.name)}"
        return Attribution(Ownership.CONFIRMED, (f"its unit {unit} is that of {owner}",))
    return Attribution(Ownership.PRESUMED, (f"its unit {unit} is named like it",))


def by_start(listener: Listener, key: ServiceKey, *, names: Names) -> Attribution | None:
    """Judge by what `portdash run` once started the process as: it says so though nobody leases it any more."""
    hints = listener.hints
    if hints.service is None or hints.workspace is None:
        return None
    is_it = (hints.workspace, hints.service.casefold()) == (key.workspace, key.service)
    other = f"{names.workspace(hints.workspace)}/{clean(hints.service)}"
    text = f"{clean(listener.label)} was once started as {other}"
    return Attribution(Ownership.PRESUMED if is_it else Ownership.UNKNOWN, (text,))
