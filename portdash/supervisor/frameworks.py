"""How servers that ignore PORT are told their port, by what they are. Data, in one table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_LONG, _SHORT = ("--port", "{port}"), ("-p", "{port}")
_BIND = ("--bind", "{host}:{port}")


class Telling(NamedTuple):
    """The options that tell one kind of server."""

    options: tuple[str, ...]
    """What is added to the command; `{port}` and `{host}` stand for themselves."""
    said: tuple[str, ...] = ("--port", "-p")
    """Options by which a command says its port itself. Empty: by a word that is a port, or ends with one."""
    needs: tuple[str, ...] = ()
    """Words of which one makes its program serve; none where it does nothing else."""


TELLING: Mapping[str, Telling] = MappingProxyType(
    {
        "vite": Telling((*_LONG, "--strictPort"), ("--port",)),
        "next": Telling(_SHORT, needs=("dev", "start")),
        "nuxt": Telling(_LONG, needs=("dev", "preview")),
        "astro": Telling(_LONG, ("--port",), ("dev", "preview")),
        "angular": Telling(_LONG, ("--port",)),
        "webpack-dev-server": Telling(_LONG, ("--port",)),
        "remix": Telling(_LONG, ("--port",), ("dev", "vite:dev")),
        "storybook": Telling((*_SHORT, "--ci"), needs=("dev",)),
        "parcel": Telling(_LONG, needs=("serve",)),
        "gatsby": Telling(_SHORT, needs=("develop", "serve")),
        "docusaurus": Telling(_LONG, needs=("start", "serve")),
        "eleventy": Telling(_LONG, ("--port",), ("--serve",)),
        "metro": Telling(_LONG, needs=("start",)),
        "wrangler": Telling(_LONG, ("--port",), ("dev",)),
        "http-server": Telling(_SHORT),
        "serve": Telling(("-l", "{port}"), ("-l", "--listen", "-p")),
        "json-server": Telling(_LONG),
        "django": Telling(("{port}",), ()),
        "http.server": Telling(("{port}",), ()),
        "uvicorn": Telling(_LONG, ("--port", "--fd", "--uds")),
        "fastapi": Telling(_LONG, ("--port",)),
        "flask": Telling(_LONG),
        "gunicorn": Telling(_BIND, ("-b", "--bind")),
        "hypercorn": Telling(_BIND, ("-b", "--bind")),
        "daphne": Telling(_SHORT),
        "granian": Telling(_LONG, ("--port",)),
        "streamlit": Telling(("--server.port", "{port}"), ("--server.port",)),
        "jupyter": Telling((*_LONG, "--ServerApp.port_retries=0"), ("--port",)),
        "mkdocs": Telling(("--dev-addr", "{host}:{port}"), ("-a", "--dev-addr"), ("serve",)),
        "rails": Telling(_SHORT),
        "rackup": Telling(_SHORT),
        "puma": Telling(_SHORT, ("-p", "--port", "-b", "--bind")),
        "jekyll": Telling(_LONG, ("-P", "--port"), ("serve", "s")),
        "laravel": Telling(_LONG, ("--port",)),
        "hugo": Telling(_LONG),
    }
)
"""By what `planning.frameworks` calls a server."""
