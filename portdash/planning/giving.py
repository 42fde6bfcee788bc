"""Giving a service the port that a search found for it. What is done where none was found is loaded then."""

from portdash.model.assignment import Verdict
from portdash.planning.candidates import Search
from portdash.planning.drafting import Draft, Seat
from portdash.planning.occupancy import Group


def give(draft: Draft, group: Group, found: Search, seat: Seat) -> bool:
    """Give a claimant what a search found, or else what others can spare; say whether there is anything.

    A port of a workspace that is gone is released first.
    """
    options = found.options
    if not options:
        from portdash.planning.chains import carry_out  # noqa: PLC0415  mostly a search finds something
        from portdash.planning.displacement import exchange_row  # noqa: PLC0415
        from portdash.planning.exchange import cheapest_chain  # noqa: PLC0415

        chain = cheapest_chain(draft, group, avoid=seat.avoid)
        if chain is None:
            return False
        options = (exchange_row(draft, group, carry_out(draft, chain), found),)
    elif found.last_verdict is Verdict.VANISHED:
        from portdash.planning.displacement import release_vanished  # noqa: PLC0415  as rare

        options = options[:1]
        release_vanished(draft, group, options[0].port)
    draft.seat(options, seat)
    draft.say_what_runs(group, options[0].port)
    return True
