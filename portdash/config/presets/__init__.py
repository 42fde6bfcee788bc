"""Starter sets of services: each is a project file in this directory, ready to be copied into a project's root."""

from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from portdash.config.settings import Config
from portdash.model.assignment import ServiceSpec

PRESETS = MappingProxyType(
    {
        "classic": "seven services in sequence from 4000: web server, databases, cache, monitoring",
        "gateway": "six services behind a gateway, by type and preferred port",
        "fullstack": "server, client, websocket, database, cache and monitoring of a web application",
        "typescript": "web server, API and Vite's hot reload, with ranges for development and production",
    }
)
"""What each is, by name."""
DEFAULT = "classic"


def preset_text(name: str) -> str:
    """Return the project file of a preset."""
    return files(__name__).joinpath(f"{name}.toml").read_text("utf-8")


def preset_services(name: str, environment: str) -> tuple[ServiceSpec, ...]:
    """Return the services of a preset as they are declared for an environment, in their order."""
    from portdash.config.building import apply_files  # noqa: PLC0415  loads msgspec: only `init` needs it
    from portdash.config.decoding import decode_file  # noqa: PLC0415
    from portdash.config.merging import Merged  # noqa: PLC0415
    from portdash.config.origins import BUILT_IN  # noqa: PLC0415
    from portdash.config.problems import Problems  # noqa: PLC0415

    problems = Problems()
    path = Path(f"{name}.toml")
    table = decode_file(preset_text(name).encode(), path=path, home=path, problems=problems)
    problems.raise_first()
    merged = Merged()
    merged.lay(table, BUILT_IN)
    if section := (table.environments or {}).get(environment):
        merged.lay(section, BUILT_IN)
    return tuple(each.spec for each in apply_files(Config(), merged).services)
