"""What went wrong with a server, said in the store's errors. No message repeats a password: none is ever put in."""

import re
import socket

import redis

from portdash.errors import StoreBusy, StoreDamaged, StoreError, StoreReadOnly, StoreTooNew, StoreUnavailable
from portdash.report.redaction import mask_secrets
from portdash.text import clean

_CODES = re.compile(
    r"\b(READONLY|MISCONF|OOM|NOREPLICAS|WRONGTYPE|BUSY|LOADING|MASTERDOWN|CLUSTERDOWN|MOVED|NOAUTH|WRONGPASS|NOPERM)\b"
)
_OF_CLASS: tuple[tuple[type[redis.RedisError], str], ...] = (
    (redis.ReadOnlyError, "READONLY"),
    (redis.BusyLoadingError, "LOADING"),
    (redis.OutOfMemoryError, "OOM"),
    (redis.exceptions.NoPermissionError, "NOPERM"),
    (redis.AuthenticationError, "NOAUTH"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
    (redis.exceptions.MovedError, "MOVED"),
)
_SAID: dict[str, tuple[type[StoreError], str, str]] = {
    "READONLY": (
        StoreReadOnly,
        "is a read-only replica; nothing was changed",
        "name the primary server in the store's URL; reading works meanwhile",
    ),
    "MISCONF": (
        StoreReadOnly,
        "cannot save to its disk and takes no changes; nothing was changed",
        "look at the server's disk and its log",
    ),
    "OOM": (
        StoreReadOnly,
        "has no memory left; nothing was changed",
        "raise the server's maxmemory, or make room in it",
    ),
    "NOREPLICAS": (
        StoreReadOnly,
        "has too few replicas to take changes; nothing was changed",
        "see to the server's replicas",
    ),
    "WRONGTYPE": (
        StoreDamaged,
        "is damaged: a key holds something else",
        "another program writes to the keys `portdash:{portdash}:*`: give portdash a database of its own",
    ),
    "BUSY": (StoreBusy, "is busy with another script", "try again; `redis-cli SCRIPT KILL` ends a script that hangs"),
    "LOADING": (StoreUnavailable, "is still loading its data", "try again in a moment"),
    "MASTERDOWN": (StoreUnavailable, "is a replica that has lost its primary", "name another server, or wait"),
    "CLUSTERDOWN": (StoreUnavailable, "belongs to a cluster that is down", "see to the cluster, or wait"),
    "MOVED": (
        StoreUnavailable,
        "is a node of a cluster that does not keep these keys",
        "name the node in the store's URL that `redis-cli CLUSTER KEYSLOT '{portdash}'` belongs to",
    ),
    "NOAUTH": (StoreUnavailable, "refuses the user or the password", "check the credentials in the store's URL"),
    "WRONGPASS": (StoreUnavailable, "refuses the user or the password", "check the credentials in the store's URL"),
    "NOPERM": (
        StoreUnavailable,
        "forbids this user a command that portdash needs",
        "allow it EVAL, EVALSHA, and all commands on the keys `portdash:{portdash}:*`",
    ),
}


def damaged(url: str, detail: str) -> StoreDamaged:
    """Return the error for a server whose data are not what was written."""
    return StoreDamaged(
        f"the store {url} is damaged: {clean(detail)}",
        hint="restore the server's data, or delete its keys `portdash:{portdash}:*` to start afresh",
    )


def too_new(url: str, version: object) -> StoreTooNew:
    """Return the error for what a later portdash wrote."""
    return StoreTooNew(f"the store {url} was written by a newer portdash (format {version})", hint="upgrade portdash")


def closed() -> StoreUnavailable:
    """Return the error for a store that is used after it was closed."""
    return StoreUnavailable("the store is closed", hint="open it again")


def may_pass(error: Exception) -> bool:
    """Whether the same call may well succeed when it is made again at once, over a new connection."""
    lost = isinstance(error, (redis.ConnectionError, redis.TimeoutError))
    return lost and not isinstance(error, (redis.AuthenticationError, redis.BusyLoadingError))


def met(error: Exception, url: str, *, patience: float, writing: bool) -> StoreError:
    """Return the store's error for one of the client library's; `writing` when a change may have been under way."""
    text = clean(mask_secrets(str(error)), limit=160)
    if known := _said(error, text):
        kind, what, hint = known
        return kind(f"the store {url} {what}", hint=hint)
    outcome = "; the change may or may not be stored" if writing else ""
    if isinstance(error, redis.TimeoutError):
        message = f"the store {url} does not answer within {patience:g} s{outcome}"
        return StoreUnavailable(message, hint="see whether the server runs, and try again")
    if isinstance(error, redis.InvalidResponse):
        return StoreUnavailable(f"what answers at {url} is no Redis server", hint="check the store's URL")
    if isinstance(error, (redis.ConnectionError, UnicodeError, OSError)):
        cause = _cause(error)
        reason = clean(cause.strerror) if cause and cause.strerror else text or type(error).__name__
        never_sent = isinstance(cause, (ConnectionRefusedError, socket.gaierror))
        return StoreUnavailable(
            f"the store {url} cannot be reached: {reason}{'' if never_sent else outcome}",
            hint="start the server, or check the store's URL; ports given out before can still be read",
        )
    return StoreError(f"the store {url} answered with an error: {text}", hint="see the server's log and its version")


def _said(error: Exception, text: str) -> tuple[type[StoreError], str, str] | None:
    for kind, code in _OF_CLASS:
        if isinstance(error, kind):
            return _SAID[code]
    if isinstance(error, redis.ResponseError):
        if "unauthenticated" in text:  # a protocol error: before the password, a call must be short
            return _SAID["NOAUTH"]
        if found := _CODES.search(text):
            return _SAID[found[1]]
    return None


def _cause(error: BaseException | None) -> OSError | None:
    """Return the system's own error behind one of the library's, whose text repeats the address."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(error, redis.RedisError):
            return error
        error = error.__cause__ or error.__context__
    return None
