"""What a listener turned out to be."""

from portdash.record import record


@record(kw_only=True)
class Fingerprint:
    """One kind of server, and how it was recognised. Its text is clean."""

    kind: str
    """One of `portdash.model.server_kinds`: `vite`, `postgres`."""
    title: str
    """Ready to read: `Vite 8.3`, `FastAPI: Orders API 1.2.3`."""
    version: str | None = None
    """As the server or its package tells it: `8.3.8`."""
    evidence: tuple[str, ...] = ()
    """Readable facts, the decisive one first: `its command line`, `GET / told Server: nginx/1.22.1`."""
