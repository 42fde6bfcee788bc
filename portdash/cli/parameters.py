"""How the text of options and arguments that name ports is read."""

import click

from portdash.errors import InvalidPort, UsageError
from portdash.model.ports import IpProtocol, PortRange, parse_port, parse_range
from portdash.text import clean


def read_port(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Read one port. Raises InvalidPort."""
    return None if value is None else parse_port(value)


def read_ports(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read ports separated by commas; where it makes sense a range stands for all of its ports. Raises InvalidPort."""
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    if not all(parts):
        raise InvalidPort(f"{value[:40]!r} is no list of ports", hint="write them with commas: 3000,3001 or 3000-3010")
    return tuple(port for part in parts for port in parse_range(part))


def read_range(_ctx: click.Context, _param: click.Parameter, value: str | None) -> PortRange | None:
    """Read `A-B`. Raises InvalidPort."""
    return None if value is None else parse_range(value)


def read_duration(_ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read `10s`, `500ms` or plain seconds. Raises UsageError."""
    if value is None:
        return None
    from portdash.config.durations import parse_duration  # noqa: PLC0415  regular expressions, for few options

    try:
        return parse_duration(value)
    except ValueError as error:
        raise UsageError(
            f"{clean(value, limit=40)!r} is no time for {param.opts[0]}: {error}", hint="write 10s, 500ms or 2m"
        ) from error


def read_slot(text: str) -> tuple[int, IpProtocol]:
    """Read `PORT`, `PORT/tcp` or `PORT/udp`. Raises InvalidPort."""
    port, slash, protocol = text.partition("/")
    if slash and protocol.casefold() not in tuple(IpProtocol):
        raise InvalidPort(f"{text[:40]!r} is not a port", hint="write PORT, PORT/tcp or PORT/udp")
    return parse_port(port), IpProtocol(protocol.casefold()) if slash else IpProtocol.TCP
