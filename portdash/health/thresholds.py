"""From single checks to a verdict that does not flutter. Pure: no clock, no I/O."""

from __future__ import annotations

from typing import NamedTuple

from portdash.model.health import Health, HealthState, flapping_text

WINDOW = 20
"""Checks that are remembered."""
FLAPPING = 6
"""Changes between good and bad within them that make a service flap."""
STEADY = 12
"""Equal outcomes in a row that end it."""
_MASK = (1 << WINDOW) - 1
_PAIRS = _MASK >> 1
_STEADY_MASK = (1 << STEADY) - 1
_RANK = {HealthState.HEALTHY: 0, HealthState.DEGRADED: 1}
_WORST = 2
_UNSEEN = Health()


class Rules(NamedTuple):
    """When checks in a row become a verdict."""

    failure_threshold: int = 3
    success_threshold: int = 2
    initial_delay: float = 30.0
    """Seconds after its start during which a service that has never been well counts as starting."""


class Standing(NamedTuple):
    """A service's record; the default is that of one that has not been checked."""

    shown: Health = _UNSEEN
    """The verdict."""
    worse: int = 0
    """Checks in a row that were worse than what is shown."""
    better: int = 0
    failed: int = 0
    """Checks in a row that were bad."""
    was_well: bool = False
    """Whether any check of this process was good."""
    checks: int = 0
    """How many are remembered."""
    outcomes: int = 0
    """Their outcomes as bits, the latest lowest; 1 is bad."""
    is_flapping: bool = False


def step(before: Standing, found: Health, rules: Rules, *, age: float | None = None) -> Standing:
    """Return the record after one more check. `age` is that of the process in seconds, None when it is not known.

    What says nothing (`unknown`, `starting`) changes no record; it is shown while nothing better is known.
    """
    if found.state in (HealthState.UNKNOWN, HealthState.STARTING):
        return before if before.was_well or before.failed else before._replace(shown=found)
    if found.state is HealthState.HEALTHY is before.shown.state and before.was_well and not before.outcomes:
        checks = before.checks + 1 if before.checks < WINDOW else WINDOW
        return Standing(found, 0, 0, 0, True, checks)  # all is well and was: the usual case
    bad = found.state not in _RANK
    record = _remember(before, bad=bad)
    if not bad and not record.was_well:  # the first success counts at once
        return record._replace(was_well=True, shown=found, worse=0, better=0)
    if bad and not record.was_well and age is not None and age < rules.initial_delay:
        return record._replace(shown=_as(found, HealthState.STARTING), worse=0, better=0)
    if record.is_flapping:
        changes = _changes(record)
        return record._replace(shown=_as(found, HealthState.DEGRADED, flapping_text(changes)), worse=0, better=0)
    return _count(record, found, rules)


def _count(record: Standing, found: Health, rules: Rules) -> Standing:
    """Take a check in where enough in a row say the same."""
    shown, rank = record.shown, _RANK.get(found.state, _WORST)
    held = _RANK.get(shown.state, _WORST)
    if shown.state in (HealthState.UNKNOWN, HealthState.STARTING):
        held = -1  # nothing is known: bad news is worse, and good news has been shown already
    if rank == held:
        return record._replace(shown=found, worse=0, better=0)
    if rank > held:
        worse = record.worse + 1
        if worse >= rules.failure_threshold:
            return record._replace(shown=found, worse=0, better=0)
        if held < 0:
            shown = _as(found, shown.state, f"failed {worse} of {rules.failure_threshold}: {found.detail}")
        return record._replace(shown=shown, worse=worse, better=0)
    better = record.better + 1
    if better >= rules.success_threshold:
        return record._replace(shown=found, worse=0, better=0)
    return record._replace(better=better, worse=0)


def _remember(before: Standing, *, bad: bool) -> Standing:
    outcomes = (before.outcomes << 1 | bad) & _MASK
    checks = min(before.checks + 1, WINDOW)
    record = before._replace(outcomes=outcomes, checks=checks, failed=before.failed + 1 if bad else 0)
    if not before.is_flapping:
        return record._replace(is_flapping=True) if _changes(record) >= FLAPPING else record
    if outcomes & _STEADY_MASK not in (0, _STEADY_MASK):
        return record
    # It is steady again: the unrest before that is forgotten, and what it is now needs no more proof.
    return record._replace(is_flapping=False, checks=1, outcomes=int(bad), worse=WINDOW, better=WINDOW)


def _changes(record: Standing) -> int:
    pairs = _PAIRS >> (WINDOW - record.checks)
    return ((record.outcomes ^ record.outcomes >> 1) & pairs).bit_count()


def _as(found: Health, state: HealthState, detail: str | None = None) -> Health:
    """Return an outcome under another verdict; how fast a check failed is not how fast the server is."""
    return Health(
        state=state,
        level=found.level,
        latency_ms=found.latency_ms if found.state in _RANK else None,
        detail=found.detail if detail is None else detail,
    )
