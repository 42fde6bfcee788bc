"""Where the assignments of this configuration are kept, and whether all is well there."""

from collections.abc import Mapping
from pathlib import Path

from portdash.config.paths import default_store_url
from portdash.config.settings import Config
from portdash.config.urls import redacted
from portdash.manager.opening import COMMITTED
from portdash.record import record

SQLITE = "sqlite:///"


@record(kw_only=True)
class StorePlace:
    """Where assignments live, as the configuration says."""

    url: str
    """Without what may be a password."""
    file: Path | None
    """The SQLite file that has the last word; None where another program keeps them."""
    committed: Path | None
    """The committed file of a `json:` store."""


def store_place(config: Config, environ: Mapping[str, str], home: Path) -> StorePlace:
    """Return where the assignments of `config` are kept. Opens nothing."""
    committed = Path(config.store.removeprefix(COMMITTED)) if config.store.startswith(COMMITTED) else None
    url = config.store if committed is None else default_store_url(environ, home)
    file = None
    if url.startswith(SQLITE):
        rest = url.removeprefix(SQLITE)
        file = Path(rest) if Path(rest).is_absolute() else Path(f"/{rest}")
    return StorePlace(url=redacted(config.store), file=file, committed=committed)
