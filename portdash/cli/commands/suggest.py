"""`portdash suggest NAME_OR_TYPE`."""

from collections.abc import Iterator

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, say
from portdash.manager.suggesting import Suggestion, suggest
from portdash.model.assignment import Assignment, Reason, Verdict
from portdash.report.serialise import reason_json
from portdash.report.words import reason_phrase
from portdash.text import clean, columns

MOST = 64
_SHOWN = 3


@click.command("suggest")
@click.argument("word", metavar="NAME_OR_TYPE")
@click.option("--count", metavar="N", type=click.IntRange(1, MOST), default=5, show_default=True, help="At most.")
@json_option
@click.pass_obj
def command(options: Globals, *, word: str, count: int, as_json: bool) -> None:
    """Show which ports a service would get, and why.

    The best come first, with those that were passed over before them. NAME_OR_TYPE is a service, a type that has a
    range (`portdash ranges`), or a well-known server such as redis or vite: its usual port is tried first, then the
    range of its type. Nothing is reserved.
    """
    with options.deps() as deps:
        found = suggest(deps, word, count=count)
    if as_json:
        emit_json(
            {
                "name": clean(found.spec.name),
                "type": clean(found.spec.type) if found.spec.type else None,
                "meant": found.meant,
                "current": found.current,
                "suggestions": [_json(option) for option in found.options],
            }
        )
        return
    say(f"{word}: {found.meant}")
    heading, *lines = columns([("PORT", "HOW", "PASSED OVER BEFORE IT"), *_rows(found)])
    emit(heading, Tone.HEADING)
    emit_lines(lines)


def _json(option: Assignment) -> dict[str, object]:
    return {
        "port": option.port,
        "source": option.source.value,
        "reasons": [reason_json(reason) for reason in option.reasons],
    }


def _rows(found: Suggestion) -> Iterator[tuple[str, str, str]]:
    """Yield port, source, and the candidates that were refused since the port before."""
    told: set[int | None] = set()
    for option in found.options:
        has_it = option.port == found.current
        reasons = found.refused if has_it else option.reasons
        fresh = [each for each in reasons if each.verdict is not Verdict.CHOSEN and each.port not in told]
        told |= {each.port for each in reasons}
        yield str(option.port), "has it" if has_it else option.source.value, _passed_over(fresh)


def _passed_over(reasons: list[Reason]) -> str:
    said = [f"{each.port if each.port is not None else 'its variable'} {reason_phrase(each)}" for each in reasons]
    more = [f"{len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
    return "; ".join([*said[:_SHOWN], *more]) or "-"
