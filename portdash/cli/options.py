"""Options that several commands share. They read no ports, so that `portdash get` need not load what a port is."""

from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def yes_option(function: F) -> F:
    """Add `--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)


def force_option(function: F) -> F:
    """Add `--force` of the commands that write files."""
    text = "Also write what git tracks, and over foreign lines."
    return click.option("--force", is_flag=True, help=text)(function)


def dry_run_option(function: F) -> F:
    """Add `--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")(function)


def strategy_option(function: F) -> F:
    """Add `--strategy`."""
    names = click.Choice(["minimal", "aggressive", "conservative"])
    return click.option("--strategy", type=names, help="How far it may go for the service that asks.")(function)
