"""Asking one listener in a thread of its own: it takes a second where nobody answers."""

import logging
from collections.abc import Callable
from threading import Thread

from textual.message import Message

from portdash.dashboard.desk import Desk
from portdash.dashboard.messages import ListenerProbed
from portdash.dashboard.rows.health_lines import Probed
from portdash.dashboard.rows.row import Other
from portdash.text import clean

_log = logging.getLogger(__name__)


def probe_in_thread(desk: Desk, other: Other, begun: Probed, post: Callable[[Message], object]) -> None:
    """Ask `other` and post what came of it. The thread keeps nobody from quitting."""
    Thread(target=lambda: post(_probe(desk, other, begun)), name="portdash-probe", daemon=True).start()


def _probe(desk: Desk, other: Other, begun: Probed) -> ListenerProbed:
    listener = other.listener
    try:
        answer = desk.probe(listener)
    except Exception as error:  # noqa: BLE001  the dashboard outlives whatever an asking runs into, and says it
        _log.exception("a listener could not be asked")
        return ListenerProbed(other.key, listener.port, begun, clean(f"{type(error).__name__}: {error}"))
    probe = answer.watched.check.probe if answer.watched.endpoint else None
    what = answer.fingerprint.title if answer.fingerprint else ""
    probed = begun._replace(health=answer.health, what=what, asked=probe.name if probe else "")
    return ListenerProbed(other.key, listener.port, probed)
