"""`portdash check PORT[/udp] [ADDRESS…]`."""

from collections.abc import Iterator, Sequence

import click

from portdash.cli.context import Globals
from portdash.cli.holders import Holding, assigned_text, holding_json, look_at, port_text, verdict_lines
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines
from portdash.cli.parameters import read_slot
from portdash.errors import ExitCode
from portdash.machine.addresses import read_address
from portdash.machine.availability import IN_USE
from portdash.manager.checking import OnAddress, free_part, on_addresses, silent_holders
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Snapshot
from portdash.planning.port_facts import Fact, port_facts
from portdash.text import and_list, clean


@click.command("check")
@click.argument("port", metavar="PORT[/udp]")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@json_option
@click.pass_obj
def command(options: Globals, *, port: str, addresses: tuple[str, ...], as_json: bool) -> int:
    """Say whether a port is free, and who has it if not.

    On every address, or on each ADDRESS given: 127.0.0.1, ::1, 0.0.0.0, localhost. Then come all other things to know
    about it: whose it is, who asks for it, and why it is given to nobody. It is bound for an instant and nothing is
    sent to it. Exit code 0 is free, 1 is taken, be it on one of the addresses alone.
    """
    number, protocol = read_slot(port)
    asked = tuple(each for text in addresses for each in read_address(text))
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        holding = look_at(deps, snapshot, number, protocol)
        silent = silent_holders(deps, number) if holding.refusal == IN_USE and protocol is IpProtocol.TCP else ()
    listeners = [seen.listener for seen in holding.holders]
    places = tuple(on_addresses(protocol, number, listeners, asked))
    facts = tuple(port_facts(snapshot, number, protocol))
    is_free = all(each.free for each in places) if places else holding.free
    if as_json:
        emit_json(
            {
                **holding_json(holding, snapshot),
                "free": is_free,
                "addresses": [
                    {"address": each.address, "free": each.free, "holder": each.holder, "refusal": each.refusal}
                    for each in places
                ],
                "assigned": [view.key.workspace + "/" + view.name for view in holding.services],
                "bound": [{"pid": each.pid, "process": clean(each.name or "")} for each in silent],
                "facts": [{"kind": each.kind, "text": each.text} for each in facts],
            }
        )
    else:
        emit_lines(_lines(holding, snapshot, places, listeners, silent))
        emit_lines(_facts(holding, facts))
    return ExitCode.YES if is_free else ExitCode.NO


def _lines(
    holding: Holding,
    snapshot: Snapshot,
    places: Sequence[OnAddress],
    listeners: Sequence[Listener],
    silent: Sequence[Process],
) -> Iterator[str]:
    name = port_text(holding)
    if not places:
        yield from verdict_lines(holding, snapshot)
        if holding.refusal == IN_USE:
            yield _silence(name, silent)
        elif listeners and (free := free_part(holding.protocol, holding.port, listeners)):
            yield f"{name} is free on {and_list(free)}"
        return
    for each in places:
        if each.holder is not None:
            yield f"{name} on {each.address} is taken: {each.holder}"
        elif each.refusal is not None:
            yield f"{name} on {each.address} cannot be had: {each.refusal}"
        else:
            yield f"{name} on {each.address} is free"
    if assigned := assigned_text(holding, snapshot):
        yield f"{name} is {assigned.removeprefix(', ')}"


def _silence(name: str, silent: Sequence[Process]) -> str:
    """Return why a port is in use though nobody listens."""
    if not silent:
        return f"{name} may be bound by a socket that does not listen, or be the near end of a connection"
    return f"{name} is bound by {and_list(clean(each.label) for each in silent)}, and nobody listens"


def _facts(holding: Holding, facts: Sequence[Fact]) -> Iterator[str]:
    for each in facts:
        yield f"{port_text(holding)} {each.text}"
