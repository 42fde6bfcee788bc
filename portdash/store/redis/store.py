"""The store on a Redis server: the authority for every machine that names it.

Every contact is one script, which also tells what has changed since the last; that is kept in a mirror on this machine.
While the server is away the mirror is what a snapshot shows, marked as stale, and nothing can be changed.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portdash.errors import StoreBusy, StoreError, StoreReadOnly, StoreUnavailable
from portdash.model.assignment import Lease
from portdash.model.history import Event, Operation
from portdash.model.state import StoreState
from portdash.model.storage import Applied, Batch, Rejected
from portdash.store.fields import Undecodable, whole
from portdash.store.neighbours import mirror_name
from portdash.store.redis import answers, losses, trouble, watching
from portdash.store.redis.address import Address
from portdash.store.redis.beating import Heart
from portdash.store.redis.decoding import Known, decode_event, decode_operation, decode_state, parts_of, word
from portdash.store.redis.encoding import compact, encode, encode_key
from portdash.store.redis.mirror import Mirror
from portdash.store.redis.scripts import Keys
from portdash.store.redis.server import PATIENCE, Server
from portdash.store.redis.view import View
from portdash.store.validation import check_batch

NAMESPACE = "portdash"
LEASE_SECONDS = 30.0
"""How long a lease lasts without a heartbeat, by the server's clock; a heartbeat each 10 s is meant."""
REST = 3.0
"""Seconds for which a server that did not answer is left alone by those who merely read."""
_ROUNDS = 3
"""How often a batch is tried when the server turns out to have lost changes, which are put back first."""


class RedisStore:
    """Implements `model.storage.RemoteStore` on the server at `address`.

    `host` is the machine whose workspaces a snapshot holds, `state_dir` where its mirror is kept; without it there is
    none. With `read_only` nothing is changed, neither on the server nor here.
    """

    def __init__(
        self,
        address: Address,
        *,
        host: str,
        state_dir: Path | None = None,
        read_only: bool = False,
        lease_seconds: float = LEASE_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        self._address = address
        self._host = host
        self._state_dir = state_dir
        self._read_only = read_only
        self._lease_seconds = lease_seconds
        self._patience = patience
        self._closed = threading.Event()
        self._begin()

    @property
    def url(self) -> str:
        """The server and its database, without user and password."""
        return self._address.url

    def snapshot(self, since: StoreState | None = None) -> StoreState:
        """Return what the store holds, or held at the last contact (`stale_since`) while the server is away.

        The same object while nothing has changed. Raises StoreError.
        """
        with self._here():
            state = self._current()
        return since if since is not None and since == state else state

    def apply(self, batch: Batch) -> Applied | Rejected:
        """Store all of `batch` or nothing. Raises StoreError, and UsageError for names that are none."""
        check_batch(batch)
        if self._read_only:
            raise StoreReadOnly(f"the store {self.url} was opened for reading only", hint="leave out --read-only")
        with self._here():
            for _ in range(_ROUNDS):
                if answer := self._store(batch):
                    if isinstance(answer, Applied):
                        self._heart.follow(batch, answer.operation, self.heartbeat)
                    return answer
        raise StoreUnavailable(f"the store {self.url} loses changes again and again", hint="see to the server's disk")

    def heartbeat(self, lease: Lease) -> bool:
        """Let a lease live on from now; False when it is over, or another's by now. Raises StoreError.

        Those taken through this store are renewed by it until it is closed, or the process ends.
        """
        with self._here() as server:
            key, token, milliseconds = encode_key(lease.key), compact(lease.token), _milliseconds(self._lease_seconds)
            (verdict,) = self._parts(server.run("heartbeat", key, token, milliseconds, writing=True), 1)
            return verdict == [b"kept"]

    def watch(self, since: int, timeout: float) -> int:
        """Wait until the revision differs from `since`, at most `timeout` seconds; return the revision then."""
        try:
            with self._here() as server:
                patient = self._view.known.version.revision > 0
        except StoreUnavailable:
            if self._closed.is_set():  # while it waits this is no error, and so it is none a moment earlier
                return since
            raise
        return watching.wait(server, self._closed, since=since, timeout=timeout, patient=patient)

    def events(self, *, limit: int = 100, service: str | None = None) -> tuple[Event, ...]:
        """Return the latest events, newest first; `service` compares without case."""
        with self._here() as server:
            about = "" if service is None else compact(service.casefold())
            _, found = self._parts(server.run("history", "events", limit, about), 2)
            with server.reading():
                return tuple(decode_event(word(each)) for each in parts_of(found))

    def operations(self, workspace: str, *, limit: int = 1) -> tuple[Operation, ...]:
        """Return the latest operations of a workspace that changed rows and are not undone, newest first."""
        with self._here() as server:
            _, found = self._parts(server.run("history", "operations", limit, compact(workspace)), 2)
            with server.reading():
                flat = parts_of(found)
                pairs = zip(flat[::2], flat[1::2], strict=True)
                return tuple(decode_operation(whole(revision), word(record)) for revision, record in pairs)

    def close(self) -> None:
        """Let go of the connections and wake whoever watches; closing twice is fine."""
        self._closed.set()
        if self._pid == os.getpid():
            self._server.close()

    def _begin(self) -> None:
        """Start without connections and knowledge, as a child does after a fork."""
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._server = Server(self._address, Keys(NAMESPACE), patience=self._patience)
        mirror = self._state_dir / mirror_name(self._address.label) if self._state_dir else None
        self._view = View(Mirror(mirror, host=self._host, read_only=self._read_only) if mirror else None)
        self._heart = Heart(every=self._lease_seconds / 3, stopped=self._closed)
        self._knows_setup = False
        """Whether the server was asked how it is set up, since it was last away."""
        self._rests: tuple[float, StoreError] | None = None
        """Until when, monotonic, the server is left alone, and why."""

    @contextmanager
    def _here(self) -> Iterator[Server]:
        """Be the only thread, and yield the server. Raises StoreUnavailable when the store is closed."""
        if self._pid != os.getpid():
            self._begin()
        with self._guard:
            if self._closed.is_set():
                raise trouble.closed()
            yield self._server

    def _current(self) -> StoreState:
        if self._rests and time.monotonic() < self._rests[0]:
            return self._view.stale(self._rests[1])
        try:
            self._ask("snapshot")
        except (StoreUnavailable, StoreBusy) as error:
            self._knows_setup = False
            state = self._view.stale(error)
            self._rests = (time.monotonic() + REST, error)
            return state
        return self._view.current()

    def _store(self, batch: Batch) -> Applied | Rejected | None:
        """Return the server's answer, None when it had lost changes: then they were put back, and nothing else."""
        verdict = self._ask("apply", encode(batch, lease_seconds=self._lease_seconds), writing=True)
        with self._server.reading():
            match verdict[0]:
                case b"applied" | b"seen":
                    return answers.applied(verdict)
                case b"refused":
                    return Rejected(self._view.current(), answers.detail(verdict, batch))
                case b"forked":
                    return None
            raise Undecodable("an answer is not known here")

    def _ask(self, name: str, *arguments: bytes, writing: bool = False) -> list[object]:
        """Call a script that tells the state as well; keep that, and return the rest. Raises StoreError."""
        known = self._view.known
        version = known.version
        said = self._server.run(name, version.revision, version.operation, *arguments, writing=writing)
        verdict, state = self._parts(said, 2)
        with self._server.reading():
            found = decode_state(state, known, self._host)
        self._rests = None
        self._learn_setup()
        if found.is_forked:
            self._mend(known, found.known)
        else:
            self._view.take(found.known)
        return parts_of(verdict)

    def _parts(self, said: object, count: int) -> list[object]:
        """Return the parts of an answer. Raises StoreDamaged and StoreTooNew where it is that."""
        with self._server.reading():
            parts = parts_of(said)
            head = parts_of(parts[0]) if parts else []
            if head and head[0] == b"damaged":
                raise Undecodable(word(head[1]))
            if head and head[0] == b"newer":
                raise trouble.too_new(self.url, head[1])
            if len(parts) != count or not head:
                raise Undecodable("an answer has not all its parts")
            return parts

    def _learn_setup(self) -> None:
        """Ask once how the server is set up. What was answered before stands, even if this is not answered."""
        if not self._knows_setup:
            with suppress(StoreError):
                self._view.warn(self._server.warnings())
                self._knows_setup = True

    def _mend(self, known: Known, found: Known) -> None:
        """Put back what this machine had on the server and the server has lost. Raises StoreError."""
        later = self._view.reread()
        if later and later.version != known.version:  # another process may have mended it already
            self._view.known = later
            self._ask("snapshot")
            return
        self._view.known = found
        back, failed = 0, tuple[str, ...]()
        try:
            with self._view.unmirrored():
                lost = losses.batches(known.state, found.state, host=self._host, at=time.time())
                back, failed = losses.put_back(self._store, () if self._read_only else lost)
            if not self._read_only:
                self._view.take(self._view.known, after_loss=True)
        except StoreReadOnly as error:
            failed = (error.message,)
        except StoreError:
            self._view.known = known  # so that the loss is noticed again
            raise
        self._view.add_loss(losses.notice(known.state, found.state, back=back, failed=failed))


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
