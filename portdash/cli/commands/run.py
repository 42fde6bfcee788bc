"""`portdash run NAME -- COMMAND`."""

import click

from portdash.cli.context import Globals
from portdash.cli.options import strategy_option
from portdash.cli.output import say
from portdash.cli.wish_options import Said, wish_from, wish_options
from portdash.errors import PortdashError, UsageError
from portdash.model.names import instance_names
from portdash.text import clean

MOST = 100
"""Instances that are started at once."""
FAILED = 125
"""What portdash itself ends with when it could not run the command, as env(1) has it."""


@click.command("run", context_settings={"ignore_unknown_options": False})
@click.argument("name")
@wish_options
@strategy_option
@click.option("--another", is_flag=True, help="Start one more instance, NAME@2, beside what runs.")
@click.option(
    "--replicas", metavar="N", type=click.IntRange(1, MOST), default=1, help="Run so many: NAME, NAME@2, NAME@3."
)
@click.option("--instance", metavar="N", type=click.IntRange(1, MOST), hidden=True)
@click.option("--fd", "hands_socket", is_flag=True, help="Hand it a listening socket as descriptor 3 (LISTEN_FDS).")
@click.option("--restart", is_flag=True, help="Start it again when it fails.")
@click.option("--no-inject", is_flag=True, help="Add no option to the command, even where it ignores PORT.")
@click.option("-d", "--detach", is_flag=True, help="Leave it running, and come back once it listens.")
@click.argument("command_line", nargs=-1, metavar="-- COMMAND...", type=click.UNPROCESSED)
@click.pass_obj
def command(
    options: Globals,
    /,
    *,
    name: str,
    strategy: str | None,
    another: bool,
    replicas: int,
    instance: int | None,
    hands_socket: bool,
    restart: bool,
    no_inject: bool,
    detach: bool,
    command_line: tuple[str, ...],
    **said: Said,
) -> int:
    """Run a command on the port of its service, and see that it listens there.

    The port is kept until the command listens on it. PORT and the ports and URLs of the whole workspace are in its
    environment; {port}, {host} and {url} in its arguments stand for its own. Servers that are known to ignore PORT get
    the option that they understand. Without a COMMAND, the one that the service declares is run. With --replicas each
    instance has a port of its own, what it prints stands behind its name, and one ctrl-c ends all.

    Exit code: the command's own; 1 when the service runs already, 125 when portdash failed, 126 when the command cannot
    be run, 127 when there is none.
    """
    from portdash.supervisor.lean import load_asyncio  # noqa: PLC0415  the rest need not load what runs

    load_asyncio()
    from portdash.cli.running import Stage, run_service  # noqa: PLC0415  after that

    stage = Stage(
        command=command_line,
        strategy=strategy,
        another=another,
        hands_socket=hands_socket,
        restart=restart,
        injects=not no_inject,
        detaches=detach,
    )
    from portdash.supervisor.orders import AlreadyRunning  # noqa: PLC0415  see above

    if instance is not None:  # one of several, that another portdash has started
        name = instance_names(name, instance)[-1]
    try:
        if replicas > 1 and instance is None:
            from portdash.cli.replicas import run_replicas  # noqa: PLC0415  see above

            return run_replicas(options, wish_from(name, said), stage, replicas)
        return run_service(options, wish_from(name, said), stage)
    except (UsageError, AlreadyRunning):
        raise
    except PortdashError as error:
        say(f"portdash: error: {clean(error.message)} ({clean(error.hint)})")
        return FAILED
