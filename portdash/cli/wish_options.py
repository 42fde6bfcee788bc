"""The options by which `allocate` and `run` say what port a service wants."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from portdash.cli.parameters import read_port, read_ports, read_range
from portdash.manager.wishes import Wish

F = TypeVar("F", bound=Callable[..., object])
Said = Any
"""What click hands over for one of them, None where it was not said."""

_OPTIONS = (
    click.option("--type", "service_type", metavar="T", help="Search in the range of this type."),
    click.option("--preferred", metavar="P,P", callback=read_ports, help="Ports to try first, best first."),
    click.option("--base", metavar="P", callback=read_port, help="Search from this port on."),
    click.option("--range", "bounds", metavar="A-B", callback=read_range, help="Search nowhere else."),
    click.option("--env", "variable", metavar="VAR", help="A variable that decides the port where it is set."),
    click.option("--exclude", metavar="P,P", callback=read_ports, help="Ports and ranges never to take."),
    click.option("--inherit-from", metavar="S", help="Share the port of this service."),
    click.option("--pin", is_flag=True, default=None, help="Never let another service displace it."),
    click.option("--purpose", metavar="TEXT", help="What it is for, as status shows it."),
    click.option("--strict", is_flag=True, help="Fail where the variable's port cannot be had."),
)


def wish_options(function: F) -> F:
    """Add all of them; the command takes them as keywords and hands them to `wish_from`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def wish_from(name: str, said: Mapping[str, Said], *, base: int | None = None) -> Wish:
    """Return the wish for one service; `base` is what its own name said, and then it prefers nothing else."""
    exclude = said["exclude"]
    return Wish(
        name=name,
        type=said["service_type"],
        preferred=None if base else said["preferred"],
        base=base or said["base"],
        range=said["bounds"],
        env=said["variable"],
        exclude=frozenset(exclude) if exclude is not None else None,
        inherit_from=said["inherit_from"],
        pin=said["pin"],
        purpose=said["purpose"],
        strict=said["strict"],
    )
