"""What `up` starts, and what waits for what. Pure."""

from collections.abc import Iterable, Sequence

from portdash.config.problems import nearest
from portdash.config.services import ServiceConfig
from portdash.errors import NoSuchService, UsageError
from portdash.model.names import base_name, check_service, instance_names
from portdash.record import record
from portdash.text import clean


@record
class Part:
    """One process of what is started together: a service, or one of its instances."""

    name: str
    after: tuple[str, ...] = ()
    """Parts that have to be up before it."""
    strangers: tuple[str, ...] = ()
    """Services it depends on that are not for portdash to start."""


def start_order(services: Iterable[ServiceConfig], names: Sequence[str] = ()) -> tuple[Part, ...]:
    """Return what is started for these services, each after what it depends on; no names: all that have a command.

    Raises NoSuchService, InvalidName, or UsageError for one that has no command. A configuration with a circle is none.
    """
    order = _Order({each.name.casefold(): each for each in services})
    for name in names or [each.name for each in order.known.values() if _can_start(each)]:
        order.ask_for(name)
    return tuple(order.parts.values())


def sharers(services: Iterable[ServiceConfig], names: Iterable[str]) -> tuple[str, ...]:
    """Return the services that share the port of one of `names`, or of one that does, and are none of these."""
    known = tuple(services)
    placed = {name.casefold() for name in names}
    found: list[str] = []
    while more := [
        each.name
        for each in known
        if each.url is None
        and each.name.casefold() not in placed
        and (each.spec.inherit_from or "").casefold() in placed
    ]:
        found += more
        placed |= {name.casefold() for name in more}
    return tuple(found)


def coming_along(parts: Sequence[Part], names: Iterable[str], running: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the parts that nobody named and that do not run yet, and of each which parts wait for it, in order.

    What a running part depends on comes along as well: `up` starts that, too.
    """
    known = {name.casefold() for name in (*names, *running)}
    return {
        part.name: waiting
        for part, waiting in zip(parts, endings(parts).values(), strict=True)
        if part.name.casefold() not in known
    }


def _can_start(service: ServiceConfig) -> bool:
    return service.command is not None and service.url is None


class _Order:
    """The parts so far, in the order of their start."""

    def __init__(self, known: dict[str, ServiceConfig]) -> None:
        self.known = known
        self.parts: dict[str, Part] = {}

    def ask_for(self, name: str) -> None:
        """Add a service that a person named, and what it depends on."""
        service = self._found(check_service(name))
        if service is None:
            near = nearest(name, [each.name for each in self.known.values()])
            hint = f"did you mean {near}?" if near else "`portdash add NAME --command …` declares one"
            raise NoSuchService(f"no service {clean(name)} is declared", hint=hint)
        if not _can_start(service):
            raise UsageError(f"{clean(name)} has no command", hint="declare one, or leave it out")
        self._add(name, service)

    def _found(self, name: str) -> ServiceConfig | None:
        return self.known.get(name.casefold()) or self.known.get(base_name(name).casefold())

    def _add(self, name: str, service: ServiceConfig) -> tuple[str, ...]:
        """Add a service, all its instances or the one that is named, behind what it depends on; return their names."""
        is_one = service.name.casefold() != name.casefold()
        instances = (name,) if is_one else instance_names(service.name, service.replicas)
        if any(each.casefold() not in self.parts for each in instances):
            after, strangers = self._before(service)
            for instance in instances:
                self.parts.setdefault(instance.casefold(), Part(instance, after, strangers))
        return tuple(self.parts[each.casefold()].name for each in instances)

    def _before(self, service: ServiceConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the parts that have to be up before a service, and the strangers; through a stranger, its own, too."""
        after: dict[str, None] = {}
        strangers: dict[str, None] = {}
        for name in service.depends_on:
            other = self._found(name)
            if other is None:
                continue  # the configuration is checked: it is another layer's that was withheld
            if _can_start(other):
                after.update(dict.fromkeys(self._add(name, other)))
            else:
                strangers[other.name] = None
                more, theirs = self._before(other)
                after.update(dict.fromkeys(more))
                strangers.update(dict.fromkeys(theirs))
        return tuple(after), tuple(strangers)


def endings(parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    """Return, by part, those that have to have ended before it may: all that wait for it at the start."""
    return {each.name: tuple(other.name for other in parts if each.name in other.after) for each in parts}
