"""Loading asyncio as a `run` needs it: without OpenSSL, which it would never use."""

import sys


def load_asyncio() -> None:
    """Load asyncio without TLS, unless one of them is loaded already.

    asyncio takes TLS along where there is any, and is made to do without where there is none. A `run` waits beside its
    child for days and speaks no TLS through asyncio; OpenSSL would be 4 MiB of the 30 that it may have. Whoever needs
    `ssl` for something else can load it afterwards.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # an import of it raises ImportError from here on
    try:
        import asyncio  # noqa: F401, PLC0415  for what it leaves in sys.modules
    finally:
        del sys.modules["ssl"]
