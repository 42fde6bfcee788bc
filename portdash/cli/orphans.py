"""What runs have left behind, shown, asked about one by one, and ended."""

from collections.abc import Sequence

from portdash.cli.carry_out import agreed
from portdash.cli.output import emit, say
from portdash.errors import ExitCode, PortdashError
from portdash.manager.deps import Deps
from portdash.manager.orphans import end_orphan
from portdash.model.orphan import Orphan
from portdash.record import record
from portdash.report.serialise import Json
from portdash.text import and_list, clean


@record(kw_only=True)
class Fate:
    """What became of one."""

    orphan: Orphan
    ended: bool = False
    error: PortdashError | None = None


def list_orphans(orphans: Sequence[Orphan]) -> None:
    """Say what was left behind, a line each."""
    for each in orphans:
        emit(f"{_whose(each)} was left behind: {clean(each.label)}{_where(each)}")
    if not orphans:
        say("no process was left behind by a run")


def end_orphans(deps: Deps, orphans: Sequence[Orphan], *, asks: bool, silent: bool) -> list[Fate]:
    """End one after the other, each after a yes; one that is refused keeps no other from its end."""
    return [_end(deps, each, asks=asks, silent=silent) for each in orphans]


def _end(deps: Deps, orphan: Orphan, *, asks: bool, silent: bool) -> Fate:
    if asks and not agreed(f"{_whose(orphan)}: end {clean(orphan.label)}{_where(orphan)}?"):
        return Fate(orphan=orphan)
    try:
        line = end_orphan(deps, orphan)
    except PortdashError as error:
        if not silent:
            say(f"portdash: error: {clean(error.message, limit=1000)} ({clean(error.hint, limit=1000)})")
        return Fate(orphan=orphan, error=error)
    if not silent:
        emit(line)
    return Fate(orphan=orphan, ended=True)


def verdict(fates: Sequence[Fate]) -> int:
    """Return the exit code: that of the first refusal, else 1 where one was left on purpose."""
    refused = next((each.error for each in fates if each.error), None)
    if refused:
        return refused.exit_code
    return ExitCode.YES if all(each.ended for each in fates) else ExitCode.NO


def orphan_json(fate: Fate) -> Json:
    """Return one as a program reads it."""
    orphan, error = fate.orphan, fate.error
    return {
        "service": orphan.service,
        "workspace": orphan.workspace,
        "ports": [port for _, port in orphan.sockets],
        "processes": [{"pid": each.pid, "name": each.name} for each in orphan.processes],
        "ended": fate.ended,
        **({"error": {"code": error.code, "message": clean(error.message, limit=1000)}} if error else {}),
    }


def _whose(orphan: Orphan) -> str:
    return clean(f"{orphan.workspace}/{orphan.service}" if orphan.workspace else orphan.service)


def _where(orphan: Orphan) -> str:
    ports = and_list(dict.fromkeys(str(port) for _, port in orphan.sockets))
    return f" on {ports}" if orphan.sockets else ""
