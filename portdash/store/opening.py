"""From a store's URL to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from portdash.errors import ConfigError
from portdash.store.neighbours import mirror_name
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.model.storage import Store

_HINT = (
    "a store is sqlite:///ABSOLUTE/FILE or redis://HOST:PORT/DB; without one, a file in your state directory is used"
)


def open_store(url: str, *, host: str, state_dir: Path | None = None, read_only: bool = False) -> Store:
    """Return the store that `url` names: `sqlite:///ABSOLUTE/FILE`, `redis://HOST:PORT/DB`, `memory:`.

    Touches nothing yet. `host` is the id of this machine, `state_dir` where what belongs to it is kept. Raises
    ConfigError for every other URL, without repeating what may be a password.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == "sqlite" and colon:
        from portdash.store.sqlite import SqliteStore  # noqa: PLC0415 (only the store in use is loaded)

        return SqliteStore(_file(rest), host=host, read_only=read_only)
    if url == "memory:":
        from portdash.store.memory import MemoryStore  # noqa: PLC0415

        return MemoryStore(host=host)
    if scheme in ("redis", "rediss") and colon:
        return _on_server(url, host=host, state_dir=state_dir, read_only=read_only)
    if scheme == "json" and colon:
        raise ConfigError("json: commits the ports of a workspace, and is no store by itself", hint=_HINT)
    raise ConfigError(f"{clean(scheme, limit=40)!r} is no kind of store", hint=_HINT)


def file_of(url: str, state_dir: Path) -> Path | None:
    """Return the file in which what the store holds stands on this machine: its own, or the mirror of its server."""
    scheme, _, rest = url.partition(":")
    if scheme in ("redis", "rediss"):
        from portdash.store.redis.address import parse_address  # noqa: PLC0415

        return state_dir / mirror_name(parse_address(url).label)
    return _file(rest) if scheme == "sqlite" else None


def _on_server(url: str, *, host: str, state_dir: Path | None, read_only: bool) -> Store:
    from portdash.store.redis.address import parse_address  # noqa: PLC0415

    address = parse_address(url)
    try:
        from portdash.store.redis.store import RedisStore  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise ConfigError(
            "a store on a Redis server needs the package redis, which is not installed",
            hint="python -m pip install 'portdash[redis]'",
        ) from error
    return RedisStore(address, host=host, state_dir=state_dir, read_only=read_only)


def _file(rest: str) -> Path:
    """Return the path after `sqlite:`. On POSIX the third slash may stand for the path's own: both forms are in use."""
    if not rest.startswith("///") or "\0" in rest:
        raise ConfigError("the store's file must be absolute", hint=_HINT)
    path = Path(rest[3:])
    if not path.is_absolute():
        path = Path("/" + rest[3:])
    if not path.is_absolute() or not path.name or rest.endswith("/"):
        raise ConfigError("the store's file must be absolute", hint=_HINT)
    return path
