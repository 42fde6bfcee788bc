"""Servers that ignore PORT, and the options by which they are told. Data, in one table."""

from typing import NamedTuple


class Framework(NamedTuple):
    """One way to start a server."""

    name: str
    words: tuple[str, ...]
    """Its program and what has to follow it, in order: `ng serve`."""
    options: tuple[str, ...]
    """What is added to the command; `{port}` and `{host}` stand for themselves."""
    said: tuple[str, ...] = ("--port", "-p")
    """Options by which a command says its port itself. Empty: by a word that begins with a digit, or `host:port`."""


_PORT = ("--port", "{port}")
_SHORT = ("-p", "{port}")

FRAMEWORKS = (
    Framework("vite", ("vite",), (*_PORT, "--strictPort"), ("--port",)),
    Framework("next", ("next", "dev"), _SHORT),
    Framework("next", ("next", "start"), _SHORT),
    Framework("nuxt", ("nuxt", "dev"), _PORT),
    Framework("nuxt", ("nuxi", "dev"), _PORT),
    Framework("astro", ("astro", "dev"), _PORT, ("--port",)),
    Framework("astro", ("astro", "preview"), _PORT, ("--port",)),
    Framework("angular", ("ng", "serve"), _PORT, ("--port",)),
    Framework("webpack-dev-server", ("webpack", "serve"), _PORT, ("--port",)),
    Framework("webpack-dev-server", ("webpack-dev-server",), _PORT, ("--port",)),
    Framework("remix", ("remix", "vite:dev"), _PORT, ("--port",)),
    Framework("react-router", ("react-router", "dev"), _PORT, ("--port",)),
    Framework("storybook", ("storybook", "dev"), (*_SHORT, "--ci"), ("-p", "--port")),
    Framework("parcel", ("parcel", "serve"), _PORT),
    Framework("gatsby", ("gatsby", "develop"), _SHORT),
    Framework("docusaurus", ("docusaurus", "start"), _PORT),
    Framework("eleventy", ("eleventy", "--serve"), _PORT, ("--port",)),
    Framework("expo", ("expo", "start"), _PORT),
    Framework("wrangler", ("wrangler", "dev"), _PORT, ("--port",)),
    Framework("http-server", ("http-server",), _SHORT),
    Framework("serve", ("serve",), ("-l", "{port}"), ("-l", "--listen", "-p")),
    Framework("json-server", ("json-server",), _PORT),
    Framework("django", ("manage.py", "runserver"), ("{port}",), ()),
    Framework("django", ("manage", "runserver"), ("{port}",), ()),
    Framework("django", ("django-admin", "runserver"), ("{port}",), ()),
    Framework("http.server", ("http.server",), ("{port}",), ()),
    Framework("uvicorn", ("uvicorn",), _PORT, ("--port", "--fd", "--uds")),
    Framework("fastapi", ("fastapi", "dev"), _PORT, ("--port",)),
    Framework("fastapi", ("fastapi", "run"), _PORT, ("--port",)),
    Framework("flask", ("flask", "run"), _PORT),
    Framework("gunicorn", ("gunicorn",), ("--bind", "{host}:{port}"), ("-b", "--bind")),
    Framework("hypercorn", ("hypercorn",), ("--bind", "{host}:{port}"), ("-b", "--bind")),
    Framework("daphne", ("daphne",), _SHORT),
    Framework("granian", ("granian",), _PORT, ("--port",)),
    Framework("streamlit", ("streamlit", "run"), ("--server.port", "{port}"), ("--server.port",)),
    Framework("jupyter", ("jupyter", "lab"), (*_PORT, "--ServerApp.port_retries=0"), ("--port",)),
    Framework("jupyter", ("jupyter", "notebook"), (*_PORT, "--ServerApp.port_retries=0"), ("--port",)),
    Framework("jupyter", ("jupyter-lab",), (*_PORT, "--ServerApp.port_retries=0"), ("--port",)),
    Framework("mkdocs", ("mkdocs", "serve"), ("--dev-addr", "{host}:{port}"), ("-a", "--dev-addr")),
    Framework("rails", ("rails", "server"), _SHORT),
    Framework("rails", ("rails", "s"), _SHORT),
    Framework("rackup", ("rackup",), _SHORT),
    Framework("puma", ("puma",), _SHORT, ("-p", "--port", "-b", "--bind")),
    Framework("jekyll", ("jekyll", "serve"), ("--port", "{port}"), ("-P", "--port")),
    Framework("hugo", ("hugo", "server"), _PORT),
)
"""From the first to the last; the first whose words all fit counts."""
