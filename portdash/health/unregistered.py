"""Asking a server that is no service of ours: only where somebody asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portdash.health.checks import Check, HttpGet, Speak, check_for
from portdash.health.fingerprints.identify import Identifier
from portdash.health.handshakes import HANDSHAKES, NEVER_CONNECTED
from portdash.health.looks import Seen, look_at
from portdash.health.once import check_once
from portdash.health.record import Watched
from portdash.health.targets import watched

if TYPE_CHECKING:
    from portdash.config.sections import HealthConfig
    from portdash.model.fingerprint import Fingerprint
    from portdash.model.health import Health
    from portdash.model.listener import Listener


class Answer(NamedTuple):
    """What came of it."""

    health: Health
    watched: Watched
    """How it was asked."""
    fingerprint: Fingerprint | None = None
    """What it turned out to be."""


async def ask_stranger(listener: Listener, now: float, defaults: HealthConfig) -> Answer:
    """Find out what a listener is, then ask it how it does in the way of its kind. `now` is unix time."""
    seen = Seen(listener, look_at(listener, now), is_ours=False)
    found = await Identifier().identify(listener, timeout=defaults.timeout)
    asked = watched(seen, _check(found.kind if found else None, defaults))
    verdicts = await check_once({None: asked})
    return Answer(verdicts[None], asked, found)


def _check(kind: str | None, defaults: HealthConfig) -> Check:
    check = check_for(None, defaults, kind=kind)
    if check.probe is not None or kind in NEVER_CONNECTED:
        return check
    probe = Speak(kind) if kind is not None and kind in HANDSHAKES else HttpGet(is_declared=False)
    return Check(probe=probe, interval=check.interval, timeout=check.timeout, rules=check.rules)
