"""What portdash can be installed with besides, and which packages of that are there."""

import importlib.util

EXTRAS = {"redis": ("redis",), "api": ("litestar", "uvicorn", "h11", "prometheus_client")}
"""Packages that are imported of each extra."""


def missing_packages(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed."""
    return [name for name in EXTRAS[extra] if importlib.util.find_spec(name) is None]
