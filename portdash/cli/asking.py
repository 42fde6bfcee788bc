"""The stage for `stop` and `restart`: whom to ask, and what they answered."""

from collections.abc import Callable, Sequence

from portdash.cli.context import Globals
from portdash.cli.output import emit_json, emit_lines, say
from portdash.errors import ExitCode
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.supervising import supervised
from portdash.model.assignment import ServiceKey
from portdash.model.requests import Request
from portdash.model.snapshot import Snapshot
from portdash.text import clean

Act = Callable[[Deps, Snapshot, Sequence[ServiceKey]], tuple[Request, ...]]


def ask_services(options: Globals, act: Act, names: Sequence[str], *, as_json: bool) -> int:
    """Ask the services of these names, or all that are run here; print the answers and return the exit code.

    1 when one could not do it. Raises what `act` raises.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        keys = tuple(dict.fromkeys(find_service(snapshot, each).key for each in names)) or supervised(snapshot)
        answers = act(deps, snapshot, keys) if keys else ()
        if as_json:
            emit_json({"services": [_as_json(snapshot, each) for each in answers]})
        elif answers:
            emit_lines(clean(each.answer or "", limit=None) for each in answers)
        else:
            say("no service of this workspace is run by portdash")
    return ExitCode.YES if all(each.ok for each in answers) else ExitCode.NO


def _as_json(snapshot: Snapshot, request: Request) -> dict[str, object]:
    view = snapshot.service(request.key)
    return {
        "name": view.name if view else request.key.service,
        "workspace": request.key.workspace,
        "port": view.port if view else None,
        "done": request.ok,
        "detail": clean(request.answer or "", limit=None),
    }
