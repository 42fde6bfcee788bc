"""What must hold between the services and ranges of a configuration, whichever files they come from."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import PurePath

from portdash.config.origins import dotted
from portdash.config.problems import Problem, suggestion
from portdash.config.ranges import without_range
from portdash.config.services import RestartOn, ServiceConfig
from portdash.config.settings import Config
from portdash.model.names import base_name, instance_names, variable_for
from portdash.text import and_list, clean

_SHELL_PORT = re.compile(r"(?<!\$)\$(?:PORT\b|\{PORT\})")
_SHELLS = frozenset(("sh", "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "nu", "pwsh", "tcsh", "zsh"))
"""Programs that put variables into what they are told to run."""
Known = Mapping[str, ServiceConfig]
"""Services by name in lower case."""
DEEPEST = 16
"""Services that may inherit from one another in a row."""


def broken_rules(config: Config) -> Iterator[Problem]:
    """Yield what does not fit together."""
    known = {service.name.casefold(): service for service in config.services}
    yield from _ranges(config)
    for service in config.services:
        yield from _references(config, service, known)
        yield from _contradictions(config, service)
        yield from _rivals_on_one_port(config, service, known)
    yield from _inheritance(config, known)
    yield from _start_order(config, known)
    yield from _variables(config)


def doubts(config: Config) -> Iterator[str]:
    """Yield what is possible and probably not meant.

    Types that no range is set aside for, where one would count; `$PORT` in commands that no shell reads.
    """
    for service in config.services:
        if service.command and any(map(_is_port, service.command)) and not any(map(_is_shell, service.command)):
            key = dotted("services", service.name, "command")
            yield f"{_place(config, key)}: {key}: no shell reads it, so $PORT stays as it is; write {{port}}"
        spec = service.spec
        if spec.type is None or service.url or spec.range or spec.base or spec.inherit_from:
            continue
        if told := without_range(spec.type, config.ranges):
            key = dotted("services", service.name, "type")
            yield f"{_place(config, key)}: {key}: {told}"


def _is_port(word: str) -> bool:
    """Say whether a word would be a port for a shell; one with blanks is a command, for somebody who may have one."""
    return " " not in word and bool(_SHELL_PORT.search(word))


def _is_shell(word: str) -> bool:
    return PurePath(word).name.casefold().removesuffix(".exe") in _SHELLS


def _ranges(config: Config) -> Iterator[Problem]:
    for one, two in combinations(config.ranges, 2):
        if one.name == two.name:
            yield _problem(config, "ranges", None, f"two ranges are called {clean(one.name)}")
        if one.type != two.type and one.ports.first <= two.ports.last and two.ports.first <= one.ports.last:
            yield _problem(
                config,
                "ranges",
                None,
                f"{clean(one.name)} ({one.ports}, {clean(one.type)}) and {clean(two.name)} ({two.ports}, "
                f"{clean(two.type)}) overlap",
                hint="ranges of different types must not share ports; [[ranges]] in a file replace the built-in ones",
            )


def _references(config: Config, service: ServiceConfig, known: Known) -> Iterator[Problem]:
    """Services named by a service must be declared, and be others than itself."""
    names = [each.name for each in config.services]
    for key, wanted in (
        *(("inherit_from", name) for name in [service.spec.inherit_from] if name),
        *(("conflicts_with", name) for name in service.spec.conflicts_with),
        *(("depends_on", name) for name in service.depends_on),
        *(("restart_on", name) for name in service.restart_on if name not in tuple(RestartOn)),
    ):
        other = _named(wanted, known)
        path = dotted("services", service.name, key)
        if other is None:
            hint = suggestion(wanted, [name for name in names if name != service.name], what="declared")
            yield _problem(config, path, wanted, "no such service is declared", hint=hint)
        elif other is service and wanted.casefold() == service.name.casefold():
            if key == "conflicts_with":  # the other two are circles, and said as such
                yield _problem(config, path, wanted, "a service cannot conflict with itself")
        elif key == "inherit_from" and other.url is not None:
            yield _problem(config, path, wanted, "that service has a url and no port to inherit")


def _contradictions(config: Config, service: ServiceConfig) -> Iterator[Problem]:
    spec, health = service.spec, service.health
    if spec.range and spec.base is not None and spec.base not in spec.range:
        key = dotted("services", service.name, "base")
        yield _problem(config, key, spec.base, f"outside the service's own range {spec.range}")
    if health and len(health.ways) > 1:
        key = dotted("services", service.name, "health")
        yield _problem(config, key, None, f"{and_list(health.ways)} are different checks: one is possible")
    elif health and not health.http_get and (health.contains or health.status or health.headers):
        key = dotted("services", service.name, "health")
        yield _problem(config, key, None, "contains, status and headers need http_get", hint='such as http_get = "/"')


def _rivals_on_one_port(config: Config, service: ServiceConfig, known: Known) -> Iterator[Problem]:
    """Services that one conflicts with although they have its port: from it, it from them, or both from a third."""
    name, key = service.name.casefold(), dotted("services", service.name, "conflicts_with")
    own = _line(name, known) if service.spec.conflicts_with else []
    for wanted in service.spec.conflicts_with:
        other = wanted.casefold()
        line = _line(other, known)
        if other == name or not line:
            continue
        if other in own:
            yield _problem(config, key, wanted, "it cannot have that service's port and conflict with it")
        elif name in line:
            heir = " -> ".join(known[each].name for each in line[: line.index(name) + 1])
            yield _problem(config, key, wanted, f"that service has its port, and cannot conflict with it: {heir}")
        elif common := next((each for each in line if each in own), None):
            yield _problem(config, key, wanted, f"both have the port of {known[common].name}, and cannot conflict")


def _line(name: str, known: Known) -> list[str]:
    """Return a service and those whose port it has, as `known` calls them; no more of them than may be in a row."""
    line: list[str] = []
    while name in known and name not in line and len(line) <= DEEPEST:
        line.append(name)
        name = (known[name].spec.inherit_from or "").casefold()
    return line


def _inheritance(config: Config, known: Known) -> Iterator[Problem]:
    """Services that inherit from themselves by way of others, each circle once; and chains that are too long."""
    for service in config.services:
        trail = [service]
        while (parent := known.get((trail[-1].spec.inherit_from or "").casefold())) and len(trail) <= DEEPEST + 1:
            if parent in trail:
                break
            trail.append(parent)
        key = dotted("services", service.name, "inherit_from")
        if len(trail) > DEEPEST + 1:
            yield _problem(config, key, service.spec.inherit_from, f"inherits through more than {DEEPEST} services")
        elif parent is service and service.name == min(each.name for each in trail):
            circle = " -> ".join(each.name for each in (*trail, service))
            yield _problem(config, key, service.spec.inherit_from, f"inherits in a circle: {circle}")


def _start_order(config: Config, known: Known) -> Iterator[Problem]:
    """Services that wait for one another to be started: one circle, where there are any."""
    graph = {
        service.name: [other.name for name in service.depends_on if (other := _named(name, known))]
        for service in config.services
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        key = dotted("services", circle[1], "depends_on")
        yield _problem(config, key, None, f"they wait for one another: {' -> '.join(reversed(circle))}")


def _named(name: str, known: Known) -> ServiceConfig | None:
    """Return the service of that name, for a further instance (`web@2`) the one it is an instance of."""
    return known.get(name.casefold()) or known.get(base_name(name).casefold())


def _variables(config: Config) -> Iterator[Problem]:
    """Two services exported under one name: one of them would read the other's port."""
    owner: dict[str, str] = {}
    for service in config.services:
        if service.url is not None:
            continue
        instances = map(variable_for, instance_names(service.name, service.replicas)[1:])
        for variable in (service.spec.variable, *instances):
            other = owner.setdefault(variable, service.name)
            if other != service.name:
                key = ("services", service.name, "env") if service.spec.env == variable else ("services", service.name)
                yield _problem(
                    config,
                    dotted(*key),
                    None,
                    f"would be exported as {variable}, which is {clean(other)}'s",
                    hint='give one of them a variable of its own: env = "…_PORT"',
                )


def _problem(config: Config, key: str, value: str | int | None, message: str, *, hint: str | None = None) -> Problem:
    shown = f'"{clean(value)}"' if isinstance(value, str) else None if value is None else str(value)
    return Problem(place=_place(config, key), key=clean(key), value=shown, message=message, hint=hint)


def _place(config: Config, key: str) -> str:
    """Where the value of a key stands; of the key of a whole service, the file that declares it."""
    declared = next((each.file for each in config.services if key == dotted("services", each.name)), None)
    return clean(str(declared), limit=None) if declared else str(config.origin(key))
