"""What an allocation tells the log, line for line, and the one place where it is handed to it.

The texts are those that readers of port logs know. A line's sign is not part of its text: only a stream that can carry
it shows it (`manager.log_handler`).
"""

from collections.abc import Callable, Container, Iterable, Mapping

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.listener import Listener
from portdash.model.policy import Policy
from portdash.model.snapshot import Snapshot
from portdash.named_tuple import NamedTuple
from portdash.planning.requests import Placement
from portdash.planning.rules import candidate_ports, first_choice, search_ranges
from portdash.text import clean

LOGGER = "portdash.allocation"

LOOKS, DONE, WARNS, BEGINS = "🔍", "✅", "⚠️", "🔧"

_WORDS: Mapping[Source, str] = {Source.DETECTED: "detected_running"}
"""Sources whose word in the closing list is another than their own."""


class LogLine(NamedTuple):
    """One line. No dataclass: every `allocate` would pay for making it."""

    text: str
    sign: str
    is_warning: bool = False


Log = Callable[[LogLine], None]


def to_logging(line: LogLine) -> None:
    """Hand a line to the logger `portdash.allocation`, at INFO or WARNING; the record's `sign` is the line's."""
    import logging  # noqa: PLC0415  the command line has a way of its own, and pays for none of it

    level = logging.WARNING if line.is_warning else logging.INFO
    logging.getLogger(LOGGER).log(level, line.text, extra={"sign": line.sign})


def initializing(environment: str) -> LogLine:
    """Several services are about to get their ports together."""
    return LogLine(f"Initializing dynamic port manager for {clean(environment)} environment...", BEGINS)


def complete() -> LogLine:
    """All of them have theirs."""
    return LogLine("Dynamic port configuration complete", DONE)


def starting(spec: ServiceSpec, policy: Policy) -> LogLine:
    """A search begins: with the first port that is tried, up to the last that may be."""
    first = next(candidate_ports(spec, policy))
    last = max(first, *spec.preferred, *(each.last for each in search_ranges(spec, policy)))
    return LogLine(f"[{clean(spec.name)}] Starting port allocation from {first} (max: {last})", LOOKS)


def allocated(row: Assignment) -> LogLine:
    """A service got a port; one that is not what it asked for first is a warning."""
    after = f"after {row.attempts} attempt(s)"
    if row.source is Source.FALLBACK:
        wanted = first_choice(row.spec)
        missed = f" (preferred: {wanted})" if wanted is not None else ""
        return LogLine(
            f"[{clean(row.name)}] Allocated fallback port {row.port}{missed} {after}", WARNS, is_warning=True
        )
    return LogLine(f"[{clean(row.name)}] Allocated {row.source} port {row.port} {after}", DONE)


def kept(row: Assignment) -> LogLine:
    """A service has the port that it had; nothing was searched."""
    return LogLine(f"[{clean(row.name)}] Kept {row.source} port {row.port}", DONE)


def settled(row: Assignment) -> LogLine:
    """One of several services, in the list that closes their allocation."""
    return LogLine(f"{clean(row.name)}: port {row.port} ({_WORDS.get(row.source, row.source.value)})", DONE)


def detected(row: Assignment, listener: Listener) -> LogLine:
    """A running server was found to be a service; what runs there is named where that is known."""
    from portdash.manager.naming import program_name  # noqa: PLC0415  rare, and it loads regular expressions

    program = program_name(listener) or (listener.owner and listener.owner.name) or ""
    kind = f"{program[:1].upper()}{program[1:]} " if program.casefold() not in ("", row.name.casefold()) else ""
    return LogLine(f"Detected {clean(kind)}{clean(row.name)} server on port {row.port}", DONE)


def tell_detected(log: Log, snapshot: Snapshot, rows: Iterable[Assignment | None]) -> None:
    """Tell of each service that took over the port of a running server what was seen there."""
    for row in rows:
        if row is None or row.source is not Source.DETECTED:
            continue
        slot = (row.key.protocol, row.port)
        here = (seen for seen in snapshot.listeners if (seen.listener.protocol, seen.listener.port) == slot)
        found = next((seen for seen in here if seen.key is None or (seen.key == row.key and seen.is_owned)), None)
        if found is not None:
            log(detected(row, found.listener))


class AllocationLog:
    """Tells one request for ports, as it goes. Made anew for each."""

    def __init__(self, log: Log, *, count: int) -> None:
        self._log = log
        self._is_joint = count > 1
        self._started: set[ServiceKey] | None = None
        """Services whose search was told; None before anything was."""

    def begin(self, snapshot: Snapshot, placements: Iterable[Placement]) -> None:
        """Tell which servers run already, and which searches start: those of services without a port.

        Only the first call does, however often the world changes and the plan is made anew.
        """
        if self._started is not None:
            return
        self._started = set()
        if self._is_joint:
            self._log(initializing(snapshot.environment))
        for placement in placements:
            row = snapshot.assignments.get(placement.key)
            if row is None and placement.override is None and placement.spec.inherit_from is None:
                self._started.add(placement.key)
                self._log(starting(placement.spec, snapshot.policy))
            elif self._is_joint:
                tell_detected(self._log, snapshot, (row,))

    def end(self, rows: Iterable[Assignment], changed: Container[ServiceKey], policy: Policy) -> None:
        """Tell what every service has now; `changed` are those whose port is new."""
        rows, started = tuple(rows), self._started or set()
        for row in rows:
            if row.key not in changed:
                self._log(kept(row))
                continue
            if row.key not in started and row.source not in (Source.OVERRIDE, Source.INHERITED):
                self._log(starting(row.spec, policy))  # its variable, or the port it had, could not be used
            self._log(allocated(row))
        if self._is_joint:
            for row in rows:
                self._log(settled(row))
            self._log(complete())
