"""Which ports a batch finds free: those nobody has when all rows that it changes or removes have given up theirs."""

from collections.abc import Collection, Iterable

from portdash.model.assignment import Assignment, ServiceKey, Source
from portdash.store import refusals
from portdash.store.rows import Rows, Slot, slot_of

_AT_ONCE = 16
"""Options that are looked up together: mostly the first few are all that is needed."""


class Places:
    """Who has which port, as far as a batch is worked through.

    `vacated` are the services whose rows it changes or removes; `reserved` ports go to nobody who does not have them.
    """

    def __init__(self, rows: Rows, *, vacated: Iterable[ServiceKey], reserved: frozenset[Slot]) -> None:
        self._rows = rows
        self._vacated = vacated
        self._reserved = reserved
        self._known: dict[ServiceKey, Assignment | None] = {}
        self._vacant: frozenset[Slot] | None = None
        self._placed: dict[Slot, ServiceKey] = {}

    def __contains__(self, slot: Slot) -> bool:
        """Whether this batch has put a service there."""
        return slot in self._placed

    def before(self, key: ServiceKey) -> Assignment | None:
        """Return the row of a service as the store has it."""
        if key not in self._known:
            self._known[key] = self._rows.assignment(key)
        return self._known[key]

    def put(self, row: Assignment) -> None:
        """Let a service have the port of its row."""
        self._placed[slot_of(row)] = row.key

    def take_back(self, row: Assignment) -> None:
        """Forget where an earlier op of this batch put the service."""
        if self._placed.get(slot_of(row)) == row.key:
            del self._placed[slot_of(row)]

    def first_free(self, options: tuple[Assignment, ...]) -> Assignment | None:
        """Return the first option of one service that nothing keeps it from."""
        key = options[0].key
        for start in range(0, len(options), _AT_ONCE):
            some = options[start : start + _AT_ONCE]
            ports = [option.port for option in some if option.source is not Source.INHERITED]
            taken = self._rows.taken(key.host, key.protocol, ports)
            for option in some:
                if self._is_free(option, taken):
                    return option
        return None

    def obstacle(self, option: Assignment) -> str:
        """Return what keeps a service from an option, for people."""
        slot = slot_of(option)
        owner = self._placed.get(slot)
        if owner is None and slot not in self._given_up():
            owner = self._rows.owner(slot)
        return refusals.RESERVED if owner in (None, option.key) else refusals.owned_by(owner)

    def _is_free(self, option: Assignment, taken: Collection[int]) -> bool:
        if option.source is Source.INHERITED:
            return True
        slot = slot_of(option)
        if slot in self._placed:
            is_anothers = self._placed[slot] != option.key
        else:
            is_anothers = option.port in taken and slot not in self._given_up()
        return not is_anothers and (slot not in self._reserved or slot == _own(self.before(option.key)))

    def _given_up(self) -> frozenset[Slot]:
        if self._vacant is None:
            self._vacant = frozenset(filter(None, (_own(self.before(key)) for key in self._vacated)))
        return self._vacant


def _own(row: Assignment | None) -> Slot | None:
    """Return the port that is the service's own: one that it inherits is not."""
    return slot_of(row) if row is not None and row.source is not Source.INHERITED else None
