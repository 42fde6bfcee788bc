"""`portdash verify`."""

from collections.abc import Sequence

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.cli.service_text import qualified
from portdash.errors import ExitCode
from portdash.model.snapshot import Snapshot
from portdash.planning.verifying import Answer, Verified, verify
from portdash.text import clean, columns, plural

_TONES = {Answer.OWNED: Tone.GOOD, Answer.IDLE: Tone.PLAIN}


@click.command("verify")
@click.option("--all", "everywhere", is_flag=True, help="Verify the services of every workspace.")
@json_option
@click.pass_obj
def command(options: Globals, *, everywhere: bool, as_json: bool) -> int:
    """Say for every service with a port whether its own server answers there.

    A line each: owned; idle, which does not run; silent, which a living process uses and where nobody listens;
    squatted by somebody else; misplaced, whose own server is on another port; shadowed by another server on part of
    localhost. Who listens is judged by the evidence that `portdash who` shows; nothing is sent to any server. Exit code
    1 means that one is neither owned nor idle.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
    found = tuple(verify(snapshot, workspace=None if everywhere else snapshot.workspace))
    wrong = [each for each in found if not each.answer.is_good]
    if as_json:
        emit_json({"verified": not wrong, "services": [_json(each, snapshot) for each in found]})
    elif found:
        _table(found, snapshot)
        running = sum(1 for each in found if each.answer is Answer.OWNED)
        say(f"{plural(len(found), 'service')}: {running} held by their own server, {len(wrong)} to look at")
    else:
        say("no service has a port yet: `portdash allocate NAME` makes one")
    return ExitCode.NO if wrong else ExitCode.YES


def _table(found: Sequence[Verified], snapshot: Snapshot) -> None:
    rows = [("SERVICE", "PORT", "ANSWER", "HOLDER", "BECAUSE")]
    rows += [
        (qualified(each.view, snapshot), _port(each), each.answer.value, each.holder or "-", each.detail)
        for each in found
    ]
    heading, *lines = columns(rows)
    emit(heading, Tone.HEADING)
    for line, each in zip(lines, found, strict=True):
        emit(line, _TONES.get(each.answer, Tone.BAD))


def _port(each: Verified) -> str:
    protocol = each.view.key.protocol
    return f"{each.view.port}/{protocol}" if protocol == "udp" else str(each.view.port)


def _json(each: Verified, snapshot: Snapshot) -> dict[str, object]:
    view = each.view
    return {
        "service": qualified(view, snapshot),
        "workspace": clean(view.key.workspace),
        "protocol": view.key.protocol.value,
        "port": view.port,
        "answer": each.answer.value,
        "good": each.answer.is_good,
        "ownership": view.attribution.ownership.value if view.attribution else None,
        "holder": each.holder,
        "leased": each.leased,
        "detail": each.detail,
    }
