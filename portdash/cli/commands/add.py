"""`portdash add NAME`."""

import os
from dataclasses import replace

import click

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines, say, warn
from portdash.cli.parameters import read_port, read_ports, read_range
from portdash.config.declaring import NewService, Value
from portdash.errors import LockedDown, UsageError
from portdash.manager.declaring import Surroundings, declare_service, file_for, root_of
from portdash.model.names import split_qualified
from portdash.model.ports import parse_range
from portdash.text import clean


def _range(context: click.Context, parameter: click.Parameter, value: str | None) -> Value | None:
    ports = read_range(context, parameter, value)
    return (ports.first, ports.last) if ports else None


def _ports_and_ranges(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Value | None:
    if value is None:
        return None
    ranges = [parse_range(part.strip()) for part in value.split(",")]
    return tuple(str(each) if len(each) > 1 else each.first for each in ranges)


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Value | None:
    return None if value is None else tuple(part.strip() for part in value.split(","))


@click.command("add")
@click.argument("name")
@click.option("--type", metavar="T", help="Search in the range of this type.")
@click.option("--purpose", metavar="TEXT", help="What it is for, as status shows it.")
@click.option("--preferred", metavar="P,P", callback=read_ports, help="Ports to try first, best first.")
@click.option("--base", metavar="P", callback=read_port, help="Search from this port on.")
@click.option("--range", metavar="A-B", callback=_range, help="Search nowhere else.")
@click.option("--exclude", metavar="P,A-B", callback=_ports_and_ranges, help="Ports and ranges never to take.")
@click.option("--env", metavar="VAR", help="The variable that decides the port, and that it is exported as.")
@click.option("--inherit-from", metavar="S", help="Share the port of this service.")
@click.option("--conflicts-with", metavar="S,S", callback=_names, help="Services that must not have the same port.")
@click.option("--priority", metavar="N", type=int, help="1 is most important.")
@click.option("--pin", is_flag=True, default=None, help="Never let another service displace it.")
@click.option("--protocol", metavar="tcp|udp", help="tcp if not said.")
@click.option("--match", metavar="TEXT", help="Text in the command line of its process.")
@click.option("--health", metavar="/PATH", help="A path that its health check fetches.")
@click.option("--command", metavar="LINE", help="The command that starts it; {port} in it stands for its port.")
@click.option("--depends-on", metavar="S,S", callback=_names, help="Services that are started before it.")
@click.option("--url", metavar="URL", help="Where it runs, when that is not for portdash to decide.")
@click.option("--replicas", metavar="N", type=int, help="How many instances it has.")
@click.option("--replace", "anew", is_flag=True, help="Declare it anew, in place of what is there.")
@json_option
@click.pass_obj
def command(options: Globals, /, *, name: str, anew: bool, as_json: bool, **said: Value | None) -> None:
    """Declare a service in the project's portdash.toml.

    Comments and layout stay, and nothing is written unless the whole file is right with it. The file is made in the
    project's root where there is none. `portdash --environment E add …` declares it in that environment alone.
    """
    where, bare = split_qualified(name)
    around = Surroundings(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=home())
    if options.read_only:
        raise LockedDown(f"read-only: {bare} was not declared")
    if workspace := where or options.workspace:
        if options.config is not None:
            raise UsageError(
                f"--config names a file, and {clean(workspace)} has one of its own", hint="leave one of the two out"
            )
        with options.deps() as deps:
            around = replace(around, cwd=root_of(deps.store.snapshot().workspaces, workspace))
    values = {key: value for key, value in said.items() if value is not None}
    new = NewService(name=bare, values=values, environment=options.environment, replace=anew)
    done = declare_service(new, file_for(around), around)
    for warning in done.warnings:
        warn(warning)
    if as_json:
        document = {"file": clean(str(done.path), limit=None), "created": done.created, "name": bare}
        emit_json({**document, "environment": options.environment, "declared": new.table})
        return
    emit_lines(done.text.splitlines())
    say(f"{'made' if done.created else 'written to'} {done.path}{_next_step(new)}")


def _next_step(new: NewService) -> str:
    if "url" in new.values:
        return ""
    environment = f"--environment {new.environment} " if new.environment else ""
    return f"; `portdash {environment}allocate {new.name}` gives it its port"
