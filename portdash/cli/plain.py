"""Commands without any option, which are read without click: to load it costs more than all that they do.

It is what scripts write, `portdash allocate web` and `portdash get web`, and the dashboard. Everything else is click's
to read, and what it reads a plain command as is the same; a test holds both ways against each other.
"""

from collections.abc import Callable, Sequence


def plain_command(arguments: Sequence[str]) -> Callable[[], int] | None:
    """Return what runs the command that the arguments name, None where click has to read them."""
    if not arguments:
        return _dashboard
    if len(arguments) < 2 or any(not each or each.startswith("-") for each in arguments):
        return None
    command, *names = arguments
    if command in ("allocate", "alloc"):
        return lambda: _allocate(names)
    if command == "get" and len(names) == 1:
        return lambda: _get(names[0])
    return None


def _dashboard() -> int:
    from portdash.cli.commands.dashboard import open_dashboard  # noqa: PLC0415  each command is loaded when called
    from portdash.cli.context import Globals  # noqa: PLC0415

    return open_dashboard(Globals())


def _allocate(names: Sequence[str]) -> int:
    from portdash.cli.allocating import allocate_ports, named  # noqa: PLC0415  each command is loaded when called
    from portdash.cli.context import Globals  # noqa: PLC0415
    from portdash.manager.wishes import Wish  # noqa: PLC0415

    wishes = [Wish(name=name, base=own_base) for name, own_base in named(names)]
    return allocate_ports(Globals(), wishes)


def _get(name: str) -> int:
    from portdash.cli.context import Globals  # noqa: PLC0415
    from portdash.cli.getting import print_port  # noqa: PLC0415

    return print_port(Globals(), name)
