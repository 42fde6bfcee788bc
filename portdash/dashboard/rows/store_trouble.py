"""What is wrong with the store as a whole: said in the header's lines, for it is about all that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portdash.dashboard.rows.times import clock_time
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.dashboard.rows.facts import Facts


def store_trouble(facts: Facts, stale: str | None) -> tuple[str, ...]:
    """Say what is wrong in a sentence, shorter wordings behind; nothing where all is well.

    `stale` is why the last look failed, None where it did not.
    """
    snapshot = facts.snapshot
    if stale is not None:
        text, at = clean(stale), clock_time(facts.now)
        return (f"{text}; all of this is as of {at}", text, f"as of {at}: {text}")
    if snapshot.stale_since is not None:
        at = clock_time(snapshot.stale_since)
        return (f"the store is away: who has which port is as of {at}", f"the store is away, as of {at}")
    if snapshot.went_back is not None:
        had, has = snapshot.went_back
        text = f"the store went back from revision {had} to {has}"
        return (f"{text}: what it lacks now was lost, and not released", text, f"store: revision {has}, was {had}")
    return ()
