"""The instances that machines announce in a registry, as last read: marked as stale while the registry is away."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from portdash.discovery.instance import Instance, Nearness
from portdash.errors import StoreError
from portdash.files import replace_file
from portdash.forks import ForkLock
from portdash.model.assignment import url_of
from portdash.model.health import Health, HealthState
from portdash.model.heartbeat import Heartbeat
from portdash.model.names import base_name
from portdash.model.ports import FIRST_PORT, LAST_PORT
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.store.redis.registry import Registry

_log = logging.getLogger(__name__)

REST = 3.0
"""Seconds for which a registry that did not answer is left alone."""


class _Kept(msgspec.Struct, frozen=True):
    """What is written down of the last reading."""

    at: float
    heartbeats: tuple[Heartbeat, ...]


class Wanted(NamedTuple):
    """Which of the announced instances are asked for."""

    service: str | None
    """None for any."""
    workspace: str | None
    """Its name; None for any."""
    environment: str
    without_host: str | None = None
    """A machine whose instances are known otherwise."""

    def fits(self, heartbeat: Heartbeat) -> bool:
        """Say whether a heartbeat is of one."""
        service = heartbeat.service.casefold()
        return (
            (self.service is None or self.service.casefold() in (service, base_name(service)))
            and self.workspace in (None, heartbeat.workspace)
            and self.environment == heartbeat.environment
            and self.without_host != heartbeat.host
        )


class Roll:
    """Reads a registry. What it last held is kept in a file of `state_dir`, for other processes as well."""

    def __init__(self, registry: Registry, *, state_dir: Path | None) -> None:
        self._registry = registry
        self._file = state_dir / f"registry-{registry.label}.json" if state_dir else None
        self._lock = ForkLock()
        self._kept: _Kept | None = None
        self._rests_until = 0.0

    def instances(self, wanted: Wanted) -> tuple[Instance, ...]:
        """Return those that are wanted; while the registry is away, those that were last known.

        Raises StoreError where nothing was ever known.
        """
        kept, is_stale = self._read()
        found = (instance for each in kept.heartbeats if wanted.fits(each) and (instance := _instance(each)))
        return tuple(replace(each, stale_since=kept.at) if is_stale else each for each in found)

    def close(self) -> None:
        """Let go of the connections."""
        self._registry.close()

    def _read(self) -> tuple[_Kept, bool]:
        with self._lock:
            if time.monotonic() < self._rests_until and self._kept is not None:
                return self._kept, True
            try:
                kept = _Kept(time.time(), self._registry.heartbeats())
            except StoreError as error:
                self._rests_until = time.monotonic() + REST
                self._kept = self._kept or self._reread()
                if self._kept is None:
                    raise
                _log.info("the registry is away, and its last instances are served: %s", error.message)
                return self._kept, True
            if self._kept is None or kept.heartbeats != self._kept.heartbeats:
                self._write(kept)
            self._kept = kept
            return kept, False

    def _reread(self) -> _Kept | None:
        if self._file is None:
            return None
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError) as error:
            _log.debug("the registry's last instances are not known: %s", clean(str(error)))
            return None

    def _write(self, kept: _Kept) -> None:
        if self._file is not None:
            with suppress(OSError):  # it is of use only to later processes, and only while the registry is away
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(self._file, msgspec.json.encode(kept), mode=0o600)


def _instance(heartbeat: Heartbeat) -> Instance | None:
    """Return the instance that a heartbeat is of; None where it can be none."""
    try:
        address = ip_address(heartbeat.address)
    except ValueError:
        return None
    if not FIRST_PORT <= heartbeat.port <= LAST_PORT:
        return None
    try:
        state = HealthState(heartbeat.health)
    except ValueError:
        state = HealthState.UNKNOWN
    label = clean(heartbeat.label)
    host = f"[{address}]" if address.version == 6 else str(address)
    return Instance(
        service=clean(heartbeat.service),
        url=url_of(heartbeat.port, host=host),
        health=Health(state=state, detail=f"announced by {label}"),
        port=heartbeat.port,
        workspace=clean(heartbeat.workspace),
        nearness=Nearness.OTHER_HOST,
        identity=(heartbeat.host, heartbeat.port),
        host=label,
        version=clean(heartbeat.version),
    )
