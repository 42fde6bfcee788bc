"""Why what is to be started, stopped or restarted cannot be, and where it is done for another workspace. Pure."""

import shlex
from collections.abc import Sequence

from portdash.dashboard.context import REMOTE
from portdash.dashboard.rows.facts import Facts
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.starting import has_command, tilde
from portdash.text import clean


def no_running(facts: Facts, views: Sequence[ServiceView], *, free: str, is_all: bool) -> str | None:
    """Say why nothing can be done about any of these services, None where something can; `free` is the key of Free.

    `is_all` says that they are all that their workspace has.
    """
    snapshot = facts.snapshot
    if reason := _elsewhere(facts, views, free, is_all=is_all):
        return reason
    is_one = len(views) == 1
    reasons = {_no_running(snapshot, view, free, is_one=is_one) for view in views}
    if None in reasons:
        return None
    return reasons.pop() if len(reasons) == 1 else "portdash runs none of them, and none can be started"


def _elsewhere(facts: Facts, views: Sequence[ServiceView], free: str, *, is_all: bool) -> str:
    """Say where services of one other workspace are started or stopped; empty for those of this one, or of several."""
    snapshot = facts.snapshot
    names = {view.key.workspace for view in views}
    if len(names) != 1 or snapshot.workspace in names or any(view.is_remote for view in views):
        return ""
    workspace = snapshot.workspace_named(next(iter(names)))
    it_is = "they are" if len(views) > 1 else "it is"
    if workspace is None or workspace.root is None:
        return f"{it_is} of another workspace, which has no directory to be started in"
    if workspace.name in snapshot.vanished:
        return f"{it_is} of another workspace, whose directory is gone"
    idle = [view for view in views if not view.is_running]
    if len(views) == 1 and idle:
        return ""  # the menu says whether it can be
    if not idle:
        more = f", and {free} frees its port once that is typed" if len(views) == 1 else ""
        words = ("stop", *(view.name for view in views))
        stops = typed_there(workspace.root, words, facts.home)
        return f"{it_is} of another workspace: `{stops}` stops what portdash runs there{more}"
    words = ("up", "-d", *(() if is_all else [view.name for view in idle]))
    starts = typed_there(workspace.root, words, facts.home)
    return f"{it_is} of another workspace: `{starts}` starts what does not run"


def typed_there(root: str, words: Sequence[str], home: str) -> str:
    """Return a command of portdash as it is typed from anywhere to work in a directory, quoted."""
    place = shlex.quote(root)
    if place == root:
        place = tilde(root, home)
    return f"cd {clean(place, limit=None)} && {clean(shlex.join(('portdash', *words)), limit=None)}"


def _no_running(snapshot: Snapshot, view: ServiceView, free: str, *, is_one: bool) -> str | None:
    if view.is_remote:
        return REMOTE
    if view.key.workspace != snapshot.workspace:
        return None if is_one else "it is of another workspace"  # of one it was said before why not
    lease = snapshot.leases.get(view.key)
    if lease is not None and lease.supervised:
        return None
    if view.is_running:
        return f"portdash does not run it: `portdash run` does, and {free} frees its port"
    return None if has_command(snapshot, view.key) else "it has no command: `portdash run` runs it with one"
