"""`portdash ls [PATTERN]`."""

import click

from portdash.cli.context import Globals
from portdash.cli.listener_text import listener_lines, select
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines, say
from portdash.model.ports import IpProtocol
from portdash.report.serialise import listener_json, stale_json


@click.command("ls")
@click.argument("pattern", required=False)
@click.option("--udp", is_flag=True, help="List UDP sockets instead of TCP ones.")
@click.option("--type", "service_type", metavar="T", help="List those of services of this type.")
@json_option
@click.pass_obj
def command(options: Globals, *, pattern: str | None, udp: bool, service_type: str | None, as_json: bool) -> None:
    """List every listener of this machine with the service it belongs to.

    PATTERN is a port or pid (3000), a port with wildcards (808*), or a part of the name of a process, project,
    package, container, framework (vite), unit or service.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
    protocol = IpProtocol.UDP if udp else IpProtocol.TCP
    listeners = select(snapshot, pattern=pattern, protocol=protocol, service_type=service_type)
    if as_json:
        found = [listener_json(each, snapshot, arguments=True) for each in listeners]
        emit_json({"listeners": found, **stale_json(snapshot.stale_since)})
        return
    if not listeners:
        say("no listener fits" if pattern or service_type else "nobody listens")
        return
    emit_lines(listener_lines(snapshot, listeners))
