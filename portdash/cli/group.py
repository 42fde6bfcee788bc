"""The `portdash` command: options that stand before any command, and the commands, imported one by one when called."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from portdash import __version__
from portdash.cli.context import Globals
from portdash.cli.table import COMMANDS
from portdash.errors import UsageError

GLOBAL_OPTIONS = ("--config", "--store", "--workspace", "--environment", "--read-only", "--debug", "--version")
"""Options that have to stand before the command."""
VIEWS = {1: "Services", 2: "Listening", 3: "Conflicts", 4: "Ranges", 5: "History"}
"""The views of the dashboard, by the number that is their key."""


class LazyGroup(click.Group):
    """A group whose commands come from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the signature is click's
        """Return every name, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's, too
        """Import the command's module and return the command, None when the table has no such name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = import_module(f"portdash.cli.commands.{entry.module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's, too
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or raise UsageError with the nearest name."""
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing:
            from difflib import get_close_matches  # noqa: PLC0415  only for who mistypes

            near = get_close_matches(name, COMMANDS, n=1)
            raise UsageError(
                f"there is no command {name[:80]!r}",
                hint=f"did you mean `portdash {near[0]}`?" if near else "`portdash --help` lists the commands",
            )
        return super().resolve_command(ctx, args)


def _check_view(_ctx: click.Context, _param: click.Parameter, value: int | None) -> int | None:
    if value is not None and value not in VIEWS:
        named = ", ".join(f"{number} {name}" for number, name in VIEWS.items())
        raise UsageError(f"there is no view {value}", hint=f"the dashboard has {named}")
    return value


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 yes or done, 1 no, 2 usage or configuration, 3 no such service, 4 no port available, "
    "5 store busy, damaged or out of reach, 6 refused for safety or unresolved.",
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Read this project file.")
@click.option("--store", metavar="URL", help="Use this store of assignments, such as sqlite:////tmp/ports.db.")
@click.option("--workspace", metavar="NAME", help="Act in this workspace instead of the working directory's.")
@click.option("--environment", metavar="NAME", help="Act in this environment.")
@click.option("--read-only", is_flag=True, help="Change nothing; commands that would are refused.")
@click.option("--debug", is_flag=True, help="Tell what is done, and show the traceback of an error.")
@click.option("--demo", is_flag=True, help="Open the dashboard on an invented machine.")
@click.option("--filter", "filter_text", metavar="TEXT", help="Open the dashboard with this filter.")
@click.option("--view", type=int, metavar="N", callback=_check_view, help="Open the dashboard on view N.")
@click.version_option(__version__, message="portdash %(version)s")
@click.pass_context
def root(
    ctx: click.Context,
    *,
    config: Path | None,
    store: str | None,
    workspace: str | None,
    environment: str | None,
    read_only: bool,
    debug: bool,
    demo: bool,
    filter_text: str | None,
    view: int | None,
) -> int | None:
    """Know which service should have which port, see which process really has it, and put it right.

    Without a command the dashboard opens.
    """
    ctx.obj = Globals(
        config=config,
        store=store,
        workspace=workspace,
        environment=environment,
        read_only=read_only,
        debug=debug,
    )
    if ctx.invoked_subcommand is not None:
        _refuse_dashboard_options(demo=demo, filter_text=filter_text, view=view)
        return None
    from portdash.cli.commands.dashboard import open_dashboard  # noqa: PLC0415  the only door to Textual

    return open_dashboard(ctx.obj, filter_text=filter_text or "", view=view, demo=demo)


def misplaced_option(arguments: Sequence[str], option: str) -> str | None:
    """Return a hint where `option` is one that has to stand before the command, None for any other."""
    if option not in GLOBAL_OPTIONS:
        return None
    command = next((each for each in arguments if each in COMMANDS), "COMMAND")
    return f"{option} stands before the command: `portdash {option} … {command}`"


def _refuse_dashboard_options(*, demo: bool, filter_text: str | None, view: int | None) -> None:
    given = {"--demo": demo, "--filter": filter_text is not None, "--view": view is not None}
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"{option} is for the dashboard alone", hint="leave it out, or leave out the command")
