"""Whose is it? What a listener's lease, container, rule, unit, directory and program say about one service.

The evidence is asked in order of strength; the first that says something decides. A lease beats a container, which
beats the service's own rule, which beats the unit, which beats the directory, which beats the looks of the process.
Only one lease is weaker than a container and a rule: that of a process above, for another service of the same
workspace, since a script may start the servers of several.
"""

from collections.abc import Iterable, Mapping

from portdash.model.assignment import Assignment, Lease, Match, ServiceKey, ServiceSpec, Source
from portdash.model.listener import Attribution, Container, Listener, Ownership, Process
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.planning.kinds import named_like, program_of, runs_as_expected
from portdash.planning.origins import by_start, by_unit, elsewhere_text, same_user
from portdash.planning.places import Places, is_below
from portdash.planning.wording import Names
from portdash.text import clean


class OwnershipFacts(NamedTuple):
    """What is known beside the listener itself. Make one with `gather`."""

    places: Places
    names: Names
    leases: Mapping[int, frozenset[ServiceKey]]
    """Services leased by each pid."""
    titles: Mapping[ServiceKey, str]
    """Names of services as they were written."""
    adopted: frozenset[ServiceKey]
    """Services that began as a listener somebody pointed at."""


def gather(
    *,
    workspaces: Iterable[Workspace],
    leases: Mapping[ServiceKey, Lease],
    assignments: Mapping[ServiceKey, Assignment],
    environment: str,
) -> OwnershipFacts:
    """Put together what `attribute` needs, once for all listeners."""
    workspaces = tuple(workspaces)
    by_pid: dict[int, set[ServiceKey]] = {}
    for key, lease in leases.items():
        by_pid.setdefault(lease.pid, set()).add(key)
    return OwnershipFacts(
        places=Places(workspaces),
        names=Names.of(workspaces, environment),
        leases={pid: frozenset(keys) for pid, keys in by_pid.items()},
        titles={key: row.name for key, row in assignments.items()},
        adopted=frozenset(key for key, row in assignments.items() if row.source is Source.DETECTED),
    )


def attribute(listener: Listener, key: ServiceKey, spec: ServiceSpec, facts: OwnershipFacts) -> Attribution:
    """Return whether `listener` is the server of the service `key`, and what that rests on."""
    return (
        _by_lease(listener, key, facts)
        or _by_container(listener, key, spec, facts)
        or _by_rule(listener, spec)
        or _by_lease_of_neighbour(listener, key, facts)
        or by_unit(listener, key, spec, places=facts.places, names=facts.names)
        or _by_place(listener, key, spec, facts)
        or _by_looks(listener, key, spec, facts)
    )


def leased_to(listener: Listener, facts: OwnershipFacts) -> tuple[int, frozenset[ServiceKey]] | None:
    """Return the nearest process with a lease, the listener's own first, and the services it leases."""
    if not facts.leases:
        return None
    owner = () if listener.pid is None else (listener.pid,)
    for pid in (*owner, *listener.pids, *(each.pid for each in listener.ancestors)):
        if keys := facts.leases.get(pid):
            return pid, keys
    return None


def fits(match: Match, listener: Listener) -> bool:
    """Say whether every field that a rule gives fits; a rule that gives none fits nothing.

    A container's name, or that of its compose service, stands for the process: the one that holds a published port is
    the engine's proxy, the same for all.
    """
    owner, container = listener.owner, listener.container
    checks = []
    if match.process is not None:
        known = (container.name, container.compose_service) if container else (owner and owner.name,)
        checks.append(match.process.casefold() in [name.casefold() for name in known if name])
    if match.command is not None:
        checks.append(owner is not None and match.command in " ".join(owner.command or ()))
    if match.directory is not None:
        cwd = listener.project.root if container and listener.project else owner.cwd if owner else None
        checks.append(cwd is not None and is_below(cwd, match.directory))
    if match.unit is not None:
        checks.append(match.unit.removesuffix(".service") == (listener.unit or "").removesuffix(".service"))
    return bool(checks) and all(checks)


def is_specific(match: Match | None) -> bool:
    """Say whether a rule tells a process from others of its name; `process = node` alone does not."""
    return match is not None and any(each is not None for each in (match.command, match.directory, match.unit))


def _by_lease(listener: Listener, key: ServiceKey, facts: OwnershipFacts) -> Attribution | None:
    found = leased_to(listener, facts)
    if found is None:
        return None
    pid, keys = found
    if key in keys:
        return _confirmed(f"process {pid} has leased it")
    own = pid == listener.pid or pid in listener.pids
    if not own and any(each.workspace == key.workspace for each in keys):
        return None  # something stronger may say more
    return _leased_by_another(pid, keys, facts)


def _by_lease_of_neighbour(listener: Listener, key: ServiceKey, facts: OwnershipFacts) -> Attribution | None:
    """Judge by a lease of a process above for other services, whose server it then is."""
    found = leased_to(listener, facts)
    return None if found is None or key in found[1] else _leased_by_another(*found, facts)


def _leased_by_another(pid: int, keys: frozenset[ServiceKey], facts: OwnershipFacts) -> Attribution:
    other = min(keys)
    return _foreign(f"process {pid} has leased {facts.names.service(other, facts.titles.get(other, other.service))}")


def _by_container(listener: Listener, key: ServiceKey, spec: ServiceSpec, facts: OwnershipFacts) -> Attribution | None:
    container = listener.container
    if container is None:
        return None
    name = clean(container.name)
    if spec.match is not None and fits(spec.match, listener):
        return _confirmed(f"container {name} fits its rule")
    if in_project := _by_container_project(listener, container, key, facts):
        return in_project
    if key in facts.adopted:
        return _presumed(f"it was adopted from container {name}")
    if named_like(spec, container.name):
        return _presumed(f"container {name} is named like it")
    return _unknown(f"container {name} names no project")


def _by_container_project(
    listener: Listener, container: Container, key: ServiceKey, facts: OwnershipFacts
) -> Attribution | None:
    """Judge a container by the project it was started for, if it names one: by where that is, else by its name."""
    name = clean(container.name)
    home = facts.places.root_of(key.workspace)
    if home is None and key in facts.adopted:
        return None
    if home is not None and (place := _place_of_container(listener, container, facts)):
        if place == home:
            return _confirmed(f"container {name} belongs to {facts.names.workspace(key.workspace)}")
        return _foreign(f"container {name} belongs to {facts.places.label_of(place, listener)}")
    if container.compose_project is None:
        return None
    project = clean(container.compose_project)
    if facts.places.is_home_of(container, key.workspace):
        return _confirmed(f"container {name} of this workspace's compose project {project}")
    where = f" in {clean(container.directory)}" if container.directory else ""
    return _foreign(f"container {name} of compose project {project}{where}")


def _place_of_container(listener: Listener, container: Container, facts: OwnershipFacts) -> str | None:
    """Return the root of the project a container was started for: the nearest of the known ones and its own."""
    project = listener.project.root if listener.project else None
    known = facts.places.of_container(container)
    if project is None or known is None:
        return project or known
    return project if len(project) > len(known) else known


def _by_rule(listener: Listener, spec: ServiceSpec) -> Attribution | None:
    if spec.match is None or not is_specific(spec.match) or not fits(spec.match, listener):
        return None
    return _confirmed(f"{clean(listener.label)} fits its rule")


def _by_place(listener: Listener, key: ServiceKey, spec: ServiceSpec, facts: OwnershipFacts) -> Attribution | None:
    """Judge by the directory the process works in: ours, another project's, or none that says anything."""
    place = facts.places.of_listener(listener)
    if place is None:
        return None
    if place != facts.places.root_of(key.workspace):
        return _foreign(elsewhere_text(listener, place, key, places=facts.places, names=facts.names))
    where = f"{clean(listener.label)} works in {facts.names.workspace(key.workspace)}"
    if not same_user(listener, key):
        return _unknown(f"{where}, for another user")
    return _by_program(listener, spec, where)


def _by_program(listener: Listener, spec: ServiceSpec, where: str) -> Attribution:
    """Judge a process that works in the service's own workspace."""
    name, framework = listener.owner.name if listener.owner else None, listener.framework
    if name is None:
        return _presumed(where)
    if spec.match is not None:
        rule = fits(spec.match, listener)
        return _confirmed(f"{where} and fits its rule") if rule else _unknown(f"{where}, and does not fit its rule")
    expected = runs_as_expected(spec, name, framework)
    if expected is None:
        return _presumed(where)
    kind = clean(spec.type or spec.name)
    where = f"{where}, is {clean(framework)}" if framework and framework != program_of(name) else where
    return _confirmed(f"{where} and is what runs {kind}") if expected else _unknown(f"{where}, and is no {kind}")


def _by_looks(listener: Listener, key: ServiceKey, spec: ServiceSpec, facts: OwnershipFacts) -> Attribution:
    """Judge a process outside every known project."""
    who = clean(listener.label)
    if spec.match is not None and fits(spec.match, listener):
        return _confirmed(f"{who} fits its rule")
    owner = listener.owner
    if owner is None:
        adopted = key in facts.adopted and spec.match is None
        hidden = "its owner cannot be read"
        return _presumed(f"it was adopted, and {hidden}") if adopted else _unknown(hidden)
    if not same_user(listener, key):
        return _unknown(f"{who} runs as {clean(listener.user or owner.user or 'somebody else')}")
    if spec.match is None and (started := by_start(listener, key, names=facts.names)):
        return started
    return _by_kind(listener, owner, key, spec, facts)


def _by_kind(
    listener: Listener, owner: Process, key: ServiceKey, spec: ServiceSpec, facts: OwnershipFacts
) -> Attribution:
    who = clean(listener.label)
    if spec.match is None and owner.name is not None and runs_as_expected(spec, owner.name, listener.framework):
        return _presumed(f"{who} is the right kind of process")
    if spec.match is None and facts.places.root_of(key.workspace) is None:
        return _presumed(f"{who} is yours and works in no project")
    return _unknown(f"{who} does not fit its rule" if spec.match else f"nothing ties {who} to it")


def _confirmed(fact: str) -> Attribution:
    return Attribution(Ownership.CONFIRMED, (fact,))


def _presumed(fact: str) -> Attribution:
    return Attribution(Ownership.PRESUMED, (fact,))


def _unknown(fact: str) -> Attribution:
    return Attribution(Ownership.UNKNOWN, (fact,))


def _foreign(fact: str) -> Attribution:
    return Attribution(Ownership.FOREIGN, (fact,))
