"""`portdash prune`."""

from collections.abc import Sequence

import click

from portdash.cli.carry_out import Ask, agreed, must_ask, refuse_if_read_only
from portdash.cli.context import Globals
from portdash.cli.options import dry_run_option, json_option, yes_option
from portdash.cli.orphans import Fate, end_orphans, list_orphans, orphan_json, verdict
from portdash.cli.output import emit_json, emit_lines, say
from portdash.cli.plan_text import plan_lines
from portdash.errors import ExitCode, PortdashError
from portdash.manager.deps import Deps
from portdash.manager.orphans import orphans
from portdash.manager.pruning import Kept, kept, plans, prune, undo_hint
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace
from portdash.report.serialise import Json, plan_json
from portdash.text import clean

Plans = tuple[tuple[Workspace, Plan], ...]


@click.command("prune")
@dry_run_option
@yes_option
@json_option
@click.pass_obj
def command(options: Globals, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Give back the ports of workspaces that are gone, and end what runs have left behind.

    Each is listed, and asked about on its own. A workspace that may be on a volume which is not mounted, or where we
    may not look, is kept, and said. Left behind is what a `run` has started whose portdash was killed: known by the
    mark in its environment, ended as `free` does it, by force what does not end when asked.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        found, unseen, left = plans(deps, snapshot), kept(deps, snapshot), orphans(deps)
        if not as_json:
            _list(found, unseen, snapshot)
            list_orphans(left)
        if dry_run or not (found or left):
            if as_json:
                _emit(found, unseen, [Fate(orphan=each) for each in left])
            return ExitCode.YES
        refuse_if_read_only(deps, "prune")
        asks = must_ask(Ask.NEVER if yes else Ask.ALWAYS)
        done, failed = _prune_all(deps, found, asks=asks, silent=as_json)
        still = [Fate(orphan=each) for each in left]
        fates = still if failed else end_orphans(deps, left, asks=asks, silent=as_json)
    if done and not as_json:
        say(undo_hint(snapshot, done))
    if failed and not as_json:
        raise failed
    if as_json:
        _emit(found, unseen, fates, done=done, failed=failed)
    if failed:
        return failed.exit_code
    return verdict(fates) if len(done) == len(found) else ExitCode.NO


def _list(found: Plans, unseen: tuple[Kept, ...], snapshot: Snapshot) -> None:
    for workspace, plan in found:
        say(f"{workspace.label}: {workspace.root} is gone")
        emit_lines(plan_lines(plan, snapshot))
    for each in unseen:
        say(f"{each.workspace.label} is kept: {each.workspace.root}: {each.why}")
    if not found:
        say("no workspace is gone that has ports")


def _prune_all(deps: Deps, found: Plans, *, asks: bool, silent: bool) -> tuple[list[Plan], PortdashError | None]:
    """Give back one after the other; return what was done, and what then went wrong: that ends it."""
    done: list[Plan] = []
    for workspace, plan in found:
        try:
            if _prune(deps, workspace, plan, asks=asks, silent=silent):
                done.append(plan)
        except PortdashError as error:
            return done, error
    return done, None


def _prune(deps: Deps, workspace: Workspace, plan: Plan, *, asks: bool, silent: bool) -> bool:
    """Give back what one workspace has, after a yes; say whether that was done."""
    if asks and not agreed(f"{plan.title} - give them back?"):
        return False
    outcome = prune(deps, workspace, plan)
    if not silent:
        emit_lines(outcome.lines)
    return True


def _emit(
    found: Plans,
    unseen: tuple[Kept, ...],
    fates: Sequence[Fate],
    *,
    done: Sequence[Plan] = (),
    failed: PortdashError | None = None,
) -> None:
    """Write the document: what is gone or left, what of it was given back or ended, and what then went wrong."""
    gone: list[Json] = [
        {**_place(workspace), "plan": plan_json(plan), "applied": plan in done} for workspace, plan in found
    ]
    still: list[Json] = [{**_place(each.workspace), "reason": clean(each.why)} for each in unseen]
    is_done = bool(done or fates) and len(done) == len(found) and all(each.ended for each in fates)
    document: dict[str, object] = {
        "vanished": gone,
        "kept": still,
        "orphans": [orphan_json(each) for each in fates],
        "applied": is_done,
    }
    if failed:
        message, hint = clean(failed.message, limit=1000), clean(failed.hint or "", limit=1000)
        document["error"] = {"code": failed.code, "message": message, "hint": hint}
    emit_json(document)


def _place(workspace: Workspace) -> Json:
    return {"workspace": clean(workspace.name), "root": clean(workspace.root or "", limit=None)}
