"""Instances, how they stand, and which of them is next: what the requests of one client share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import NoReturn

from portdash.clock import SystemClock
from portdash.discovery.breaker import Circuit, RetryBudget
from portdash.discovery.instance import Instance
from portdash.discovery.picking import Option, policy_named
from portdash.discovery.policy import Errand, Field, Key, Kind, Verdict, key_of
from portdash.discovery.source import Source
from portdash.discovery.standing import UNTRIED, Standing, Track
from portdash.discovery.suspicion import is_stopped
from portdash.errors import NoInstances
from portdash.forks import ForkLock
from portdash.manager.given import check_said, no_use
from portdash.model.sources import Clock

LOOK_EVERY = 0.1
"""Seconds that what was seen of a process is believed; a look costs some 15 us."""
KEPT = 64
"""Instances that are remembered before those that are gone are forgotten."""
_WEIGHTS = "weights={8080: 5, 8081: 1}"
ANYTHING = Errand(is_repeatable=True, is_replayable=True)


class LoadBalancer:
    """Picks among instances by a policy, and learns from what comes of it. Safe for any number of threads.

    `instances` are the ones themselves, or a source of them; `policy` is healthiest, p2c, round_robin, weighted,
    least_conn or first; `weights` are those of ports, 1 unless said; `seed` makes chance repeatable.
    `name` is that of the service where the instances do not tell it.

        with LoadBalancer(instances, policy="p2c").use() as instance: ...

    Raises UsageError for a policy, a weight or an instance that is none.
    """

    def __init__(
        self,
        instances: Iterable[Instance] | Source,
        policy: str = "healthiest",
        *,
        weights: Mapping[int, int] | None = None,
        seed: int | None = None,
        name: str | None = None,
        clock: Clock | None = None,
        looks: Callable[[int], bool] = is_stopped,
    ) -> None:
        check_said("name", name, "the name of a service", hint='name="api"')
        if not isinstance(seed, int | None):
            no_use("seed", seed, "a whole number", hint="seed=7, or leave it out")
        self.source = instances if isinstance(instances, Source) else _These(instances)
        self.name = name or next((each.service for each in self.source.current()), "service")
        """Of the service, to show."""
        self._policy = policy_named(policy, Random(seed))  # noqa: S311  which server is next is no secret
        self._weights = _checked_weights(weights)
        self._clock = clock or SystemClock()
        self._looks = looks
        self._lock = ForkLock()
        self._tracks: dict[Key, Track] = {}
        self._tripped: set[Key] = set()
        """Those whose breaker is not closed: mostly none, so that a request need not ask all."""
        self._budget = RetryBudget(self._clock.monotonic())

    def pick(self, instances: Sequence[Instance] | None = None) -> Instance:
        """Return the one that is next, of these or of all that may be asked. Raises NoInstances where there is none."""
        if instances is None:
            field = self.field(ANYTHING)
            instances = [each for each in field.instances if key_of(each) not in field.shut] or field.instances
        if not instances:
            raise NoInstances("there is no instance to pick from")
        now = self._clock.monotonic()
        with self._lock:
            return self._policy.pick([self._option(each, now) for each in instances]).instance

    @contextmanager
    def use(self) -> Iterator[Instance]:
        """Pick one, and count what is done with it as a request; an OSError is its failure, and goes on."""
        instance = self.pick()
        self.begin(instance)
        start, verdict = self._clock.monotonic(), Verdict(Kind.ABANDONED)
        try:
            yield instance
            verdict = Verdict(Kind.ANSWERED)
        except ConnectionRefusedError as error:
            verdict = Verdict(Kind.REFUSED, str(error))
            raise
        except OSError as error:
            verdict = Verdict(Kind.CLOSED, str(error))
            raise
        finally:
            self.judge(instance, verdict, self._clock.monotonic() - start)
            self.done(instance)

    def standings(self) -> tuple[Standing, ...]:
        """Return how each instance stands, in the order of the source."""
        instances, now = self.source.current(), self._clock.monotonic()
        with self._lock:
            tracks = [(each, self._track(each)) for each in instances]
            return tuple(
                Standing(
                    instance=instance,
                    circuit=track.breaker.circuit(now),
                    in_flight=track.in_flight,
                    latency=track.latency(now),
                )
                for instance, track in tracks
            )

    def field(self, errand: Errand, *, was_refreshed: bool = False) -> Field:
        """Return what there is to choose from. What must not be repeated is not sent as the trial of a breaker."""
        instances, now = self.source.current(), self._clock.monotonic()
        with self._lock:
            shut = [key for key in self._tripped if self._is_shut(key, errand, now)]
            return Field(
                instances=instances,
                shut=shut,
                was_refreshed=was_refreshed,
                may_repeat=self._budget.has_room(now),
            )

    def seems_stopped(self, instance: Instance) -> bool:
        """Whether its process was seen to be stopped, now or a moment ago."""
        if instance.pid is None:
            return False
        now = self._clock.monotonic()
        with self._lock:
            track = self._track(instance)
            if now < track.seen_at + LOOK_EVERY:
                return track.was_stopped
            track.seen_at = now
        stopped = self._looks(instance.pid)
        with self._lock:
            track.was_stopped = stopped
        return stopped

    def begin(self, instance: Instance) -> None:
        """Count a request that is sent to it."""
        now = self._clock.monotonic()
        with self._lock:
            self._track(instance).begin(now)
            self._budget.earn()

    def judge(self, instance: Instance, verdict: Verdict, seconds: float) -> bool:
        """Take note of what came of a request; say whether it is asked no more for a while because of it."""
        now = self._clock.monotonic()
        with self._lock:
            return self._noting(instance, self._track(instance).judge(verdict, seconds, now), now)

    def done(self, instance: Instance, *, broke: bool = False) -> bool:
        """Count a request as over; say whether its instance is asked no more for a while, because answers broke off."""
        now = self._clock.monotonic()
        with self._lock:
            return self._noting(instance, self._track(instance).done(now, broke=broke), now)

    def spend(self) -> None:
        """Take a repeat out of the budget."""
        with self._lock:
            self._budget.spend()

    def _noting(self, instance: Instance, opened: bool, now: float) -> bool:
        """Keep `_tripped` right after a change of a breaker."""
        key = key_of(instance)
        if opened:
            self._tripped.add(key)
        elif key in self._tripped and self._tracks[key].breaker.circuit(now) is Circuit.CLOSED:
            self._tripped.discard(key)
        return opened

    def _is_shut(self, key: Key, errand: Errand, now: float) -> bool:
        track = self._tracks.get(key)
        if track is None:
            return False
        is_trial = track.breaker.circuit(now) is Circuit.HALF_OPEN
        return not track.breaker.allows(now) or (is_trial and not errand.is_repeatable)

    def _option(self, instance: Instance, now: float) -> Option:
        track = self._track(instance)
        latency = track.latency(now)
        weight = self._weights.get(instance.port or 0, 1)
        return Option(instance, UNTRIED if latency is None else latency, track.in_flight, weight)

    def _track(self, instance: Instance) -> Track:
        key = key_of(instance)
        track = self._tracks.get(key)
        if track is None:
            if len(self._tracks) >= KEPT:
                there = {key_of(each) for each in self.source.current()}
                gone = [each for each, old in self._tracks.items() if each not in there and not old.in_flight]
                for each in gone:
                    del self._tracks[each]
                    self._tripped.discard(each)
            track = self._tracks[key] = Track(instance)
        return track


def _checked_weights(weights: Mapping[int, int] | None) -> dict[int, int]:
    """Return weights by port. Raises UsageError."""
    if not isinstance(weights, Mapping | None):
        no_use("weights", weights, "a weight for each port", hint=_WEIGHTS)
    for port, weight in (weights or {}).items():
        if type(port) is not int:
            no_use("weights", port, "by port, a number", hint=_WEIGHTS)
        if type(weight) is not int or weight < 1:
            no_use("weights", weight, "of whole numbers from 1 on", hint=_WEIGHTS)
    return dict(weights or {})


def _no_instances(said: object) -> NoReturn:
    no_use("instances", said, "those of a service, or a source of them", hint='portdash.instances("api")')


class _These:
    """Implements `Source`: always the same."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        try:
            self._instances = tuple(instances)
        except TypeError:
            _no_instances(instances)
        if not all(isinstance(each, Instance) for each in self._instances):
            _no_instances(instances)

    def current(self) -> tuple[Instance, ...]:
        return self._instances

    def refresh(self) -> tuple[Instance, ...]:
        return self._instances

    def close(self) -> None:
        pass
