"""Where a Redis server is: a URL taken apart, and as it may be shown."""

import hashlib
from urllib.parse import unquote, urlsplit

from portdash.errors import ConfigError
from portdash.record import field, record
from portdash.text import clean

DEFAULT_PORT = 6379
_HINT = "a store on a server is redis://HOST:PORT/DB, or rediss:// with TLS; special signs in a password as %2F"


@record(kw_only=True)
class Address:
    """A database of a server, and who we are there."""

    host: str
    port: int = DEFAULT_PORT
    database: int = 0
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL without user and password, fit to be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return clean(f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.database}")

    @property
    def label(self) -> str:
        """What tells it from other servers in the name of a file."""
        return hashlib.sha256(self.url.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def parse_address(url: str) -> Address:
    """Return what a `redis://` or `rediss://` URL names. Raises ConfigError, which repeats no password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("the store's URL cannot be taken apart", hint=_HINT) from None  # its text may be a password
    if not host or port == 0 or not url.isprintable():
        raise ConfigError("the store's URL names no server", hint=_HINT)
    if parts.query or parts.fragment:
        raise ConfigError("nothing may follow the database in the store's URL", hint=_HINT)
    database = parts.path.strip("/")
    if database and not (database.isascii() and database.isdigit() and len(database) <= 5):
        raise ConfigError("the database in the store's URL is not a number", hint=_HINT)
    return Address(
        host=host,
        port=port or DEFAULT_PORT,
        database=int(database or 0),
        tls=parts.scheme == "rediss",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
