"""The same act as a line for the shell, quoted so that it can be pasted. Pure."""

import shlex
from collections.abc import Sequence

from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceKey
from portdash.model.plan import Strategy
from portdash.model.snapshot import Snapshot
from portdash.report.starting import spoken_name
from portdash.text import clean


def command(*words: str) -> str:
    """Return `portdash` with its arguments, quoted."""
    return clean(shlex.join(("portdash", *words)), limit=500)


def allocate_command(wish: Wish) -> str:
    """Return the `allocate` that asks for the same."""
    words = ["allocate", wish.name]
    for option, value in (
        ("--type", wish.type),
        ("--preferred", _ports(wish.preferred)),
        ("--base", wish.base),
        ("--range", wish.range),
        ("--exclude", _ports(sorted(wish.exclude or ()))),
        ("--env", wish.env),
        ("--inherit-from", wish.inherit_from),
        ("--purpose", wish.purpose),
    ):
        if value:
            words += [option, str(value)]
    if wish.pin:
        words.append("--pin")
    if wish.strict:
        words.append("--strict")
    return command(*words)


def _ports(ports: Sequence[int] | None) -> str:
    return ",".join(map(str, ports or ()))


def move_command(snapshot: Snapshot, key: ServiceKey, to: int | None) -> str:
    """Return the `move` that does the same."""
    return command("move", spoken_name(snapshot, key), *([str(to)] if to else []))


def release_command(snapshot: Snapshot, keys: Sequence[ServiceKey]) -> str:
    """Return the `release` of each service, one after the other."""
    return "; ".join(command("release", spoken_name(snapshot, key)) for key in keys)


def resolve_command(snapshot: Snapshot, key: ServiceKey | None, strategy: Strategy, *, terminate: bool) -> str:
    """Return the `resolve` that does the same."""
    name = [spoken_name(snapshot, key)] if key else []
    return command("resolve", *name, "--strategy", strategy, *(["--terminate"] if terminate else []))


def free_command(slot: str, *, force: bool = False) -> str:
    """Return the `free` that does the same; with `force` who does not end is killed."""
    return command("free", slot, *(["--force"] if force else []))


def adopt_command(port: int, name: str) -> str:
    """Return the `adopt` that does the same."""
    return command("adopt", str(port), "--name", name)
