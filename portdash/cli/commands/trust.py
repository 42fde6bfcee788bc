"""`portdash trust`."""

import os

import click

from portdash.cli.carry_out import Ask, agreed, declined, must_ask
from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import yes_option
from portdash.cli.output import say
from portdash.config.loading import load
from portdash.config.paths import state_dir
from portdash.config.trust import record_trust
from portdash.errors import ExitCode, LockedDown, NoSuchService
from portdash.text import clean


@click.command("trust")
@yes_option
@click.pass_obj
def command(options: Globals, *, yes: bool) -> int:
    """Let this project's file set what a stranger's may not.

    Commands, hooks, checks that run programs, headers, addresses off this machine and other stores of the nearest
    portdash.toml count from then on, as the file is now: a changed file has to be trusted again.
    """
    config = load(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=home())
    file = config.project_file
    if file is None:
        raise NoSuchService("there is no portdash.toml here", hint="go to the project that has one")
    name = clean(str(file), limit=None)
    if config.trusted:
        say(f"{name} is trusted already")
        return ExitCode.YES
    for warning in config.warnings:
        say(warning)
    if config.read_only:
        raise LockedDown(f"read-only: {name} was not trusted")
    if must_ask(Ask.NEVER if yes else Ask.ALWAYS) and not agreed(f"Trust {name} as it is now?"):
        return declined()
    record_trust(file, state_dir(os.environ, home()))
    say(f"{name} is trusted as it is now")
    return ExitCode.YES
