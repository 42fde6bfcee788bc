"""A snapshot made ready for showing: who stands where, what is new, what has just gone. Made once a refresh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.rows.row import Group, Kind, Other, RowKey, service_row_key
from portdash.dashboard.rows.watching import is_watched, last_running, unseen_since
from portdash.health.pulse import Pulse
from portdash.manager.naming import NOTHING_WANTED, Wanted, wanted_ports
from portdash.model.assignment import ServiceKey
from portdash.model.history import Event
from portdash.model.listener import Listener
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot
from portdash.model.workspace import Workspace
from portdash.record import field, record
from portdash.report.scope import workspace_label
from portdash.report.starting import tilde
from portdash.report.words import short_host

if TYPE_CHECKING:
    from portdash.supervisor.last_end import LastEnd

NEW_FOR = 10.0
"""Seconds during which a row that appeared is marked as new."""
HERE = "here"
"""What a column and the filter call this host."""
GONE_FOR = 5.0
"""Seconds during which a row that vanished stays, marked as gone."""
_NO_PULSES: Mapping[ServiceKey, Pulse] = MappingProxyType({})
_NO_FILES: Mapping[str, str] = MappingProxyType({})
_NO_ENDS: Mapping[ServiceKey, LastEnd] = MappingProxyType({})
_NOTHING: Mapping[ServiceKey, str] = MappingProxyType({})


@record(kw_only=True)
class Facts:
    """Everything rows and details are made from. Build it with `digest`."""

    snapshot: Snapshot
    keys: KeyNames
    """How texts name keys."""
    home: str
    """Shown as `~`."""
    groups: tuple[Group, ...]
    """Workspaces that have services: ours first, worktrees of one repository together, then by name."""
    others: tuple[Other, ...]
    """Listeners that are no service's, near ones first."""
    here_others: int
    """How many of them run in the project of this workspace."""
    new: Mapping[RowKey, float] = field(default_factory=lambda: MappingProxyType({}))
    """Rows that appeared a moment ago, and when."""
    gone: Mapping[RowKey, tuple[ServiceView | Other, float]] = field(default_factory=lambda: MappingProxyType({}))
    """Rows that vanished a moment ago, as they were, and when."""
    lost_at: float | None = None
    """When the store was last found to be another: it went or came back. What vanished then was not released."""
    last_running: Mapping[ServiceKey, float] = field(default_factory=lambda: MappingProxyType({}))
    """When a service was last seen running, as far as this dashboard has watched."""
    unseen: frozenset[ServiceKey] = frozenset()
    """Services watched here since they got their port, and never seen to run: of others nobody knows."""
    subjects: Mapping[RowKey, ServiceView | Other] = field(default_factory=lambda: MappingProxyType({}))
    """All that is there now."""
    seen: Mapping[int, tuple[SeenListener, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The listeners on each port that a service has."""

    ends: Mapping[ServiceKey, LastEnd] = field(default_factory=lambda: MappingProxyType({}))
    """How services that do not run came to their end last, where a `run` has noted it."""
    events: tuple[Event, ...] = ()
    """What has happened, oldest first; empty while nobody looks at it."""
    pulses: Mapping[ServiceKey, Pulse] = field(default_factory=lambda: MappingProxyType({}))
    """What the checks of each service that is asked have come to."""
    config_files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The portdash.toml of each of this host's workspaces that has one."""
    wanted: Wanted = field(default_factory=lambda: NOTHING_WANTED)
    """Ports that declared services without one would rather have."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Services of this workspace that run where their URL says, by name and URL; they have no port of this machine."""

    to_do: Mapping[ServiceKey, str] = field(default_factory=lambda: MappingProxyType({}))
    """How each service is started that waits for it because of what was done here."""

    def is_same_world(self, before: Facts | None) -> bool:
        """Say whether nothing but time has passed since `before`, of which this was made: only ages are others."""
        return before is not None and self.subjects is before.subjects

    @property
    def now(self) -> float:
        """Unix time of the snapshot."""
        return self.snapshot.taken_at

    def label_of(self, workspace: str) -> str:
        """Return how people read a workspace's name."""
        return workspace_label(self.snapshot, workspace)

    def full_name(self, view: ServiceView) -> str:
        """Return `shop/web`."""
        return f"{self.label_of(view.key.workspace)}/{view.name}"

    def name_of(self, view: ServiceView) -> str:
        """Return `web` for a service of this workspace, `shop@fix-login/web` for others."""
        return view.name if view.key.workspace == self.snapshot.workspace else self.full_name(view)

    def names_of(self, workspace: str, name: str, *, is_here: bool) -> tuple[str, ...]:
        """Return the name of a service in a list of several workspaces', fullest first: none reads as one of ours.

        `shop@fix-login/web`, `@fix-login/web`, and at least `…/web`; `web` alone for one of this place (`is_here`).
        """
        if is_here or not workspace:
            return (name,)
        label = self.label_of(workspace)
        _repository, at, worktree = label.partition("@")
        near = (f"@{worktree}/{name}",) if at else ()
        return (f"{label}/{name}", *near, f"…/{name}")

    def abbreviated(self, path: str) -> str:
        """Return a path with `~` for the home directory."""
        return tilde(path, self.home)


def digest(
    snapshot: Snapshot,
    *,
    home: str,
    keys: KeyNames,
    before: Facts | None = None,
    pulses: Mapping[ServiceKey, Pulse] = _NO_PULSES,
    events: tuple[Event, ...] = (),
    config_files: Mapping[str, str] = _NO_FILES,
    elsewhere: tuple[tuple[str, str], ...] = (),
    ends: Mapping[ServiceKey, LastEnd] = _NO_ENDS,
    to_do: Mapping[ServiceKey, str] = _NOTHING,
) -> Facts:
    """Make a snapshot ready for showing; `before` is the last one's, from which new and gone rows are told."""
    views = (*snapshot.services, *snapshot.remote)
    if (
        before is not None
        and pulses == before.pulses
        and events == before.events
        and config_files == before.config_files
        and elsewhere == before.elsewhere
        and ends == before.ends
        and to_do == before.to_do
        and _is_only_later(snapshot, home, before)
    ):
        unseen = before.unseen if is_watched(snapshot, before) else frozenset()
        return replace(before, snapshot=snapshot, last_running=last_running(snapshot, before), unseen=unseen)
    current = _others(snapshot)
    subjects: dict[RowKey, ServiceView | Other] = {service_row_key(view): view for view in views}
    subjects.update((other.key, other) for other in current)
    new, gone = _changes(subjects, snapshot, before)
    lost_views = [subject for subject, _when in gone.values() if isinstance(subject, ServiceView)]
    lost_others = [subject for subject, _when in gone.values() if isinstance(subject, Other)]
    others = _sorted_others((*current, *lost_others), snapshot) if lost_others else current
    here = snapshot.workspace_named(snapshot.workspace)
    return Facts(
        snapshot=snapshot,
        keys=keys,
        home=home,
        groups=_groups(snapshot, (*views, *lost_views)),
        others=others,
        here_others=sum(1 for other in current if is_in(other, here)),
        new=new,
        gone=gone,
        lost_at=_lost_at(snapshot, before),
        last_running=last_running(snapshot, before),
        unseen=unseen_since(snapshot, before),
        subjects=subjects,
        seen=_seen_on_service_ports(snapshot),
        pulses=pulses,
        events=events,
        config_files=config_files,
        wanted=wanted_ports(snapshot.services, snapshot.workspaces),
        elsewhere=elsewhere,
        ends=ends,
        to_do=to_do,
    )


def _is_only_later(snapshot: Snapshot, home: str, before: Facts) -> bool:
    """Whether a snapshot shows what the last one showed, and no row stops being new or gone with it."""
    if before.home != home or replace(snapshot, taken_at=before.snapshot.taken_at) != before.snapshot:
        return False
    new, gone = _changes(before.subjects, snapshot, before)
    return (new, gone) == (before.new, before.gone)


def _lost_at(snapshot: Snapshot, before: Facts | None) -> float | None:
    if before is None:
        return None
    came_back = before.snapshot.went_back is not None and snapshot.went_back is None
    is_another = snapshot.revision < before.snapshot.revision or came_back
    return snapshot.taken_at if is_another else before.lost_at


def is_in(other: Other, workspace: Workspace | None) -> bool:
    """Say whether a listener runs in the project of a workspace."""
    project = other.listener.project
    return bool(project and workspace and project.root == workspace.root)


def sort_key(workspace: Workspace, here: Workspace | None) -> tuple[bool, bool, str, str]:
    """Return the order of groups: ours, then our repository's other worktrees, then by name."""
    mine = here is not None and workspace.name == here.name
    family = here is not None and here.repository is not None and workspace.repository == here.repository
    return (not mine, not family, (workspace.repository or workspace.name).casefold(), workspace.worktree or "")


def _groups(snapshot: Snapshot, views: tuple[ServiceView, ...]) -> tuple[Group, ...]:
    by_workspace: defaultdict[str, list[ServiceView]] = defaultdict(list)
    for view in views:
        by_workspace[place_of(view)].append(view)
    here = snapshot.workspace_named(snapshot.workspace)
    known = {workspace.name: workspace for workspace in snapshot.workspaces}
    groups = [
        Group(
            workspace=known.get(name, Workspace(name=name, root=None)),
            views=tuple(sorted(members, key=lambda view: (view.key.service, view.key))),
            is_here=name == snapshot.workspace,
            is_vanished=name in snapshot.vanished,
        )
        for name, members in by_workspace.items()
    ]
    return tuple(sorted(groups, key=lambda group: (group.views[0].is_remote, *sort_key(group.workspace, here))))


def place_of(view: ServiceView) -> str:
    """Return the workspace of a service as it is grouped by: that of another host is another one."""
    return f"{view.key.workspace} on host {short_host(view.key.host)}" if view.is_remote else view.key.workspace


def _others(snapshot: Snapshot) -> tuple[Other, ...]:
    services = {view.key for view in snapshot.services}
    roots = {workspace.root for workspace in snapshot.workspaces if workspace.root}
    merged: dict[RowKey, list[Listener]] = {}
    for seen in snapshot.listeners:
        if seen.key is None or seen.key not in services:
            merged.setdefault(_other_key(seen.listener), []).append(seen.listener)
    others = (
        Other(
            listeners=tuple(listeners),
            key=key,
            is_system=_is_system(listeners[0], snapshot),
            is_near=(project := listeners[0].project) is not None and project.root in roots,
        )
        for key, listeners in merged.items()
    )
    return _sorted_others(others, snapshot)


def _other_key(listener: Listener) -> RowKey:
    owner = listener.owner
    identity = (owner.pid, owner.ticks) if owner else listener.container.id if listener.container else listener.user
    return (Kind.LISTENER, (listener.protocol, listener.port, identity))


def _is_system(listener: Listener, snapshot: Snapshot) -> bool:
    """Whether it is a daemon or desktop program: no project, no container, and not started for development."""
    if listener.project or listener.container:
        return False
    user = (listener.owner.user if listener.owner else None) or listener.user
    ephemeral = snapshot.limits.ephemeral
    return user != snapshot.user or bool(ephemeral and listener.port in ephemeral)


def _sorted_others(others: Iterable[Other], snapshot: Snapshot) -> tuple[Other, ...]:
    here = snapshot.workspace_named(snapshot.workspace)
    order = sorted(snapshot.workspaces, key=lambda workspace: sort_key(workspace, here))
    ranks = {workspace.root: rank for rank, workspace in enumerate(order) if workspace.root}

    def place(other: Other) -> tuple[int, str, int, int]:
        listener = other.listener
        project = listener.project
        if project is None:
            return (len(ranks) + 1, "", listener.port, listener.pid or 0)
        return (ranks.get(project.root, len(ranks)), project.label, listener.port, listener.pid or 0)

    return tuple(sorted(others, key=place))


def _changes(
    subjects: Mapping[RowKey, ServiceView | Other], snapshot: Snapshot, before: Facts | None
) -> tuple[dict[RowKey, float], dict[RowKey, tuple[ServiceView | Other, float]]]:
    """Tell what appeared and what vanished since the last look, and what did so a moment ago.

    A listener that became a service's, or is no more, has neither come nor gone: only its row has.
    """
    if before is None:
        return {}, {}
    now = snapshot.taken_at
    new = {key: when for key, when in before.new.items() if key in subjects and 0 <= now - when < NEW_FOR}
    gone = {key: each for key, each in before.gone.items() if key not in subjects and 0 <= now - each[1] < GONE_FOR}
    if subjects is not before.subjects and subjects.keys() != before.subjects.keys():  # thousands, mostly the same
        came = subjects.keys() - before.subjects.keys() - _listening(before.snapshot)
        went = before.subjects.keys() - subjects.keys() - _listening(snapshot)
        new.update((key, now) for key in came)
        gone.update((key, (before.subjects[key], now)) for key in went)
    return new, gone


def _listening(snapshot: Snapshot) -> set[RowKey]:
    """Return the keys that all listeners have, or would have if they were no service's."""
    return {_other_key(seen.listener) for seen in snapshot.listeners}


def _seen_on_service_ports(snapshot: Snapshot) -> dict[int, tuple[SeenListener, ...]]:
    ports = {view.port for view in snapshot.services}
    found: defaultdict[int, list[SeenListener]] = defaultdict(list)
    for seen in snapshot.listeners:
        if seen.listener.port in ports:
            found[seen.listener.port].append(seen)
    return {port: tuple(each) for port, each in found.items()}
