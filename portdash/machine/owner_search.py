"""Whose a socket is, kept from look to look: only what changed is searched for, in the likeliest place first.

A walk over all open files of all processes costs as much as a hundred short tables. So it is done once, and then

- a socket nobody was seen with is looked for in new processes, then in those that just lost a listener, then in those
  that have another number of files open than before, then in all; and not again if it was found nowhere;
- a process that ends says so itself (`Lifetimes`); of one that cannot be watched, a socket is looked at each time;
- new processes are looked into, and again while they are young: they inherit sockets, open more, and exec;
- of what living processes have open a slice is proved at each look, for sockets that are handed on;
- at closer looks those of them that have run since, or have another number of files open, are looked into by turns, for
  sockets that are handed to them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice

from portdash.machine.fd_scan import Counts, Holders, all_pids, has_open, scan
from portdash.machine.lifetimes import Lifetimes
from portdash.machine.newest import NewestPid
from portdash.machine.procfs import PROC, how_much_ran

YOUNG = 5.0
"""Seconds for which a process that is new to us counts as young."""
_LOOKS = 64
"""In so many looks all that is held has been proved once."""
_ROUNDS = 12
"""In so many closer looks all processes have been looked at once."""
_WHOLE = 10
"""Once in so many such rounds all are looked into: a thread of their own may have got a socket, and closed a file."""


class OwnerSearch:
    """Knows which processes hold the sockets that listen. For one thread at a time.

    It starts with what one full walk found.
    """

    def __init__(
        self,
        holders: Holders,
        counts: Counts,
        *,
        proc: str = PROC,
        lifetimes: Lifetimes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holders = holders
        self.missed = False
        """Whether the last look found nobody for a socket that was new to it."""
        self._counts = counts
        self._pids = set(counts)
        self._proc = proc
        self._monotonic = monotonic
        self._lifetimes = Lifetimes() if lifetimes is None else lifetimes
        self._newest = NewestPid(proc=proc)
        self._held: dict[int, dict[str, str]] = {}
        """`holders` by process."""
        for link, pids in holders.items():
            for pid, number in pids.items():
                self._held.setdefault(pid, {})[link] = number
        self._strangers = set(self._held)
        """Holders of whom it is not settled yet whether they can be watched."""
        self._unwatched: set[int] = set()
        self._hidden: set[str] = set()
        """Sockets that were found nowhere."""
        self._young: dict[int, float] = {}
        """New processes, and until when they are."""
        self._proofs: Iterator[tuple[int, str, str]] = iter(())
        self._proofs_a_look = 1
        self._rest: list[int] = []
        self._round = 0
        self._ran: dict[int, bytes | None] = {}
        """How much each process had run when it was looked into closely."""
        self._pids_a_look = 1

    def look(
        self, listening: Collection[str], *, came: Collection[str] = (), went: Iterable[str] = (), closer: bool = False
    ) -> set[str]:
        """Bring all up to date with what listens now; return each socket whose holders are others than before.

        Closer is to look for new processes, and at the next few of all, whatever they say of themselves. Raises
        OSError where we are short of open files ourselves.
        """
        self.missed = False
        lost = self._let_go(went)
        changed = self._watch(listening) if self._strangers else set()
        changed |= self._note_ends(listening)
        changed |= self._prove_some(listening)
        started = self._newest.started()
        if started is None or closer or changed:
            started = self._list()
        if started:
            changed |= self._look_into_new(started, listening)
        if closer:
            changed |= self._look_into_next(listening)
        if self._young:
            changed |= self._look_into_young(listening)
        wanted = {link for link in chain(came, changed) if link in listening and link not in self.holders}
        if wanted:
            changed |= self._search(wanted - self._hidden, listening, lost)
        return changed | self._watch(listening) if self._strangers else changed

    def _look_into_next(self, listening: Collection[str]) -> set[str]:
        changed: set[str] = set()
        if not self._rest:
            self._rest = sorted(self._pids)
            self._pids_a_look = len(self._rest) // _ROUNDS + 1
            self._round += 1
        pids, self._rest = self._rest[: self._pids_a_look], self._rest[self._pids_a_look :]
        is_whole = self._round % _WHOLE == 0
        for pid in self._pids.intersection(pids):
            ran = how_much_ran(pid, proc=self._proc)
            if is_whole or ran is None or ran != self._ran.get(pid) or self._has_moved(pid):
                changed |= self._look_into(pid, listening)
                if pid in self._pids:  # not before: who could not be looked into is looked into next time
                    self._ran[pid] = ran
        return changed

    def _let_go(self, links: Iterable[str]) -> set[int]:
        """Forget sockets that listen no more; return who held them."""
        lost: set[int] = set()
        for link in links:
            self._hidden.discard(link)
            for pid in tuple(self.holders.get(link, ())):
                lost.add(pid)
                self._release(pid, link)
        return lost

    def _note_ends(self, listening: Collection[str]) -> set[str]:
        """Let go of processes that have ended; of those that cannot be watched, prove one socket each."""
        changed: set[str] = set()
        for pid in self._lifetimes.ended():
            changed |= self._drop(pid)
        for pid in tuple(self._unwatched):
            changed |= self._prove(pid, *next(iter(self._held[pid].items())), listening)
        return changed

    def _watch(self, listening: Collection[str]) -> set[str]:
        """Watch who is new among the holders, and prove that it was they who were watched."""
        changed: set[str] = set()
        strangers, self._strangers = self._strangers, set()
        for pid in strangers:
            if pid in self._held:
                if not self._lifetimes.watch(pid):
                    self._unwatched.add(pid)
                changed |= self._prove(pid, *next(iter(self._held[pid].items())), listening)
        return changed

    def _prove_some(self, listening: Collection[str]) -> set[str]:
        changed: set[str] = set()
        proofs = tuple(islice(self._proofs, self._proofs_a_look))
        if not proofs:
            held = [(pid, link, number) for pid, links in self._held.items() for link, number in links.items()]
            self._proofs, self._proofs_a_look = iter(held), len(held) // _LOOKS + 1
        for pid, link, number in proofs:
            if self._held.get(pid, {}).get(link) == number:
                changed |= self._prove(pid, link, number, listening)
        return changed

    def _prove(self, pid: int, link: str, number: str, listening: Collection[str]) -> set[str]:
        return set() if has_open(pid, number, link, proc=self._proc) else self._look_into(pid, listening)

    def _list(self) -> list[int]:
        """Return all processes; let go of those that have ended and held nothing."""
        pids = all_pids(proc=self._proc)
        for pid in self._pids.difference(pids, self._held):
            self._drop(pid)
        return pids

    def _look_into_new(self, pids: Iterable[int], listening: Collection[str]) -> set[str]:
        changed: set[str] = set()
        until = self._monotonic() + YOUNG
        for pid in pids:
            if pid not in self._pids:
                self._pids.add(pid)
                self._young[pid] = until
                changed |= self._look_into(pid, listening)
        return changed

    def _look_into_young(self, listening: Collection[str]) -> set[str]:
        changed: set[str] = set()
        now = self._monotonic()
        for pid, until in tuple(self._young.items()):
            held = self._held.get(pid, {})
            if now >= until or self._counts.get(pid) is None:
                del self._young[pid]
            elif self._has_moved(pid) or not all(
                has_open(pid, number, link, proc=self._proc) for link, number in held.items()
            ):
                changed |= self._look_into(pid, listening)
        return changed

    def _search(self, wanted: set[str], listening: Collection[str], lost: Iterable[int]) -> set[str]:
        """Look for sockets until each has a holder, or there is nobody left who may have them."""
        changed: set[str] = set()
        looked: set[int] = set()
        for pid in chain(sorted(lost, reverse=True), self._moved(), self._all()):
            if not wanted:
                break
            if pid not in looked:
                looked.add(pid)
                found = self._look_into(pid, listening)
                changed |= found
                wanted -= self.holders.keys()
        self._hidden |= wanted
        self.missed = bool(wanted)
        return changed

    def _moved(self) -> Iterator[int]:
        """Yield who has another number of files open than when it was looked into: servers, and the youngest, first."""
        for pid in (*sorted(self._held, reverse=True), *sorted(self._counts, reverse=True)):
            if self._has_moved(pid):
                yield pid

    def _all(self) -> Iterator[int]:
        """Yield every process, the youngest first."""
        pids = self._list()
        self._pids.update(pids)
        yield from pids

    def _has_moved(self, pid: int) -> bool:
        """Say whether a process has another number of files open; before Linux 6.2 each that has any counts as such."""
        before = self._counts.get(pid)
        if before is None:
            return False
        try:
            return os.stat(f"{self._proc}/{pid}/fd").st_size != before  # noqa: PTH116 (hot)
        except OSError:
            return True

    def _look_into(self, pid: int, listening: Collection[str]) -> set[str]:
        """Find out anew what a process holds; return each socket where that is news."""
        seen = scan(pid, listening, proc=self._proc)
        self._counts[pid] = seen.files if seen else None
        found = seen.found if seen else {}
        before = self._held.get(pid, {})
        changed = before.keys() ^ found.keys()
        for link in before.keys() - found.keys():
            self._release(pid, link)
        if found:
            if not before:
                self._strangers.add(pid)
            self._held[pid] = found
            self._hidden.difference_update(found)
            for link, number in found.items():
                self.holders.setdefault(link, {})[pid] = number
        return changed

    def _release(self, pid: int, link: str) -> None:
        """Note that a process does not hold a socket any more."""
        holders, held = self.holders[link], self._held[pid]
        del holders[pid], held[link]
        if not holders:
            del self.holders[link]
        if not held:
            del self._held[pid]
            self._lifetimes.forget(pid)
            self._unwatched.discard(pid)

    def _drop(self, pid: int) -> set[str]:
        """Forget a process that has ended; return what it held."""
        links = set(self._held.get(pid, ()))
        for link in links:
            self._release(pid, link)
        self._pids.discard(pid)
        self._counts.pop(pid, None)
        self._ran.pop(pid, None)
        self._young.pop(pid, None)
        return links
