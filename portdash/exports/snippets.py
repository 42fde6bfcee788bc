"""Ready-made lines for the files of a project, with the ports that its services have."""

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType

from portdash.errors import NoSuchService
from portdash.exports.images import IMAGE_PORTS
from portdash.exports.variables import API_TARGET, api_service
from portdash.model.assignment import Assignment
from portdash.model.names import base_name
from portdash.model.ports import IpProtocol
from portdash.record import record
from portdash.text import and_list

_YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""What YAML, in one version or another, reads as something else than text."""

PAGES = ("web", "client", "frontend", "vite", "ui", "app", "web-server", "www", "site")
"""Names that a service which serves pages usually has, the likeliest first."""
HOT_RELOAD = ("vite-hmr", "vitehmr", "hmr")
"""Names of the service that is Vite's hot reload."""


@record
class Services:
    """What a snippet is made from."""

    rows: Sequence[Assignment]
    """The services of the workspace, by port; at least one."""
    asked: Assignment | None = None
    """The one it shall be about."""

    def likely(self, names: Sequence[str]) -> Assignment:
        """Return the service asked for, else the first of `names` that there is, else the first of all."""
        return self.asked or self.named(names) or self.rows[0]

    def named(self, names: Sequence[str]) -> Assignment | None:
        """Return the first of `names` that there is."""
        known = {row.key.service: row for row in self.rows}
        return next((known[name] for name in names if name in known), None)

    def api(self) -> Assignment:
        """Return the service asked for, else the API. Raises NoSuchService."""
        found = self.asked or api_service(self.rows)
        if found is None:
            raise NoSuchService(
                "no service is called api or api-server", hint="name the one to pass requests on to as the last word"
            )
        return found


@record
class Snippet:
    """One kind of ready-made lines."""

    about: str
    lines: Callable[[Services], Iterator[str]]


def _vite(services: Services) -> Iterator[str]:
    page, reload = services.likely(PAGES), services.named(HOT_RELOAD)
    yield "// vite.config.ts: the port is given, and Vite fails rather than take another"
    yield 'import { defineConfig } from "vite";'
    yield ""
    yield "export default defineConfig({"
    yield "  server: {"
    yield f"    port: Number(process.env.{page.spec.variable} ?? {page.port}),"
    yield "    strictPort: true,"
    if reload is not None:
        yield f"    hmr: {{ port: Number(process.env.{reload.spec.variable} ?? {reload.port}) }},"
    yield "  },"
    yield "});"


def _vite_proxy(services: Services) -> Iterator[str]:
    api = services.api()
    by_port = f"`http://localhost:${{process.env.{api.spec.variable} ?? {api.port}}}`"
    target = by_port if services.asked else f'process.env.{API_TARGET} ?? "{api.url()}"'
    yield "// vite.config.ts: requests to /api go to the server, those of its websocket too"
    yield 'import { defineConfig } from "vite";'
    yield ""
    yield "export default defineConfig({"
    yield "  server: {"
    yield "    proxy: {"
    yield f'      "/api": {{ target: {target}, changeOrigin: true, ws: true }},'
    yield "    },"
    yield "  },"
    yield "});"


def _compose(services: Services) -> Iterator[str]:
    yield "# compose.yaml: start it with `docker compose --env-file .env.compose up`"
    yield "services:"
    for row in [services.asked] if services.asked else services.rows:
        usual = IMAGE_PORTS.get(base_name(row.key.service))
        protocol = "/udp" if row.key.protocol is IpProtocol.UDP else ""
        yield f"  {_compose_name(row.name)}:"
        yield "    ports:"
        yield f'      - "127.0.0.1:${{{row.spec.variable}:-{row.port}}}:{usual or row.port}{protocol}"'


def _compose_name(name: str) -> str:
    """Return a service's name as compose takes it, which knows no @, and as YAML reads it: as text."""
    return f'"{name}"' if name.casefold() in _YAML_WORDS else name.replace("@", "-")


def _direnv(_services: Services) -> Iterator[str]:
    yield "# .envrc: `direnv allow` switches it on"
    yield "watch_file portdash.toml .env"
    yield 'eval "$(portdash export --format direnv)"'


def _npm(services: Services) -> Iterator[str]:
    page = services.likely(PAGES)
    yield "{"
    yield '  "scripts": {'
    yield f'    "predev": "portdash allocate {page.name}",'
    yield f'    "dev": "vite --port $(portdash get {page.name}) --strictPort",'
    yield f'    "start": "PORT=$(portdash get {page.name}) node server.js"'
    yield "  }"
    yield "}"


def _node(services: Services) -> Iterator[str]:
    row = services.likely(PAGES)
    yield f"const port = Number(process.env.{row.spec.variable} ?? {row.port});"


def _python(services: Services) -> Iterator[str]:
    row = services.likely(("http-server", "api", "server", *PAGES))
    yield "import os"
    yield ""
    yield "import portdash"
    yield ""
    yield f'port = int(os.environ.get("{row.spec.variable}") or portdash.allocate("{row.name}").port)  # {row.port}'


def _shell(services: Services) -> Iterator[str]:
    row = services.likely(PAGES)
    yield 'eval "$(portdash export --format sh)"'
    yield f'echo "{row.name} is on ${{{row.spec.variable}}}"  # {row.port}'


def _port_manager(_services: Services) -> Iterator[str]:
    names = (
        "PortManager",
        "assign_port",
        "export_env_vars",
        "get_next_port",
        "get_port",
        "release_port",
        "reset_ports",
    )
    yield "# config/port_manager.py: what imports from here gets its ports from portdash"
    yield "from portdash import ("
    yield from (f"    {name}," for name in names)
    yield ")"
    yield ""
    yield "__all__ = ["
    yield from (f'    "{name}",' for name in names)
    yield "]"


SNIPPETS = MappingProxyType(
    {
        "vite": Snippet("vite.config.ts with the port of the page's service", _vite),
        "vite-proxy": Snippet("vite.config.ts that passes /api on to the API", _vite_proxy),
        "compose": Snippet("services of compose.yaml with their ports", _compose),
        "direnv": Snippet(".envrc that exports the ports", _direnv),
        "npm": Snippet("scripts of package.json", _npm),
        "node": Snippet("the line of a Node server that reads its port", _node),
        "python": Snippet("the lines of a Python server that read its port, or allocate it", _python),
        "port-manager": Snippet("config/port_manager.py, for programs that import from there", _port_manager),
        "shell": Snippet("the lines of a script that uses the ports", _shell),
    }
)
"""Every kind, by name."""


def snippet(kind: str, services: Services) -> tuple[str, ...]:
    """Return the lines of a kind. Raises NoSuchService where it needs a service that there is not."""
    return tuple(SNIPPETS[kind].lines(services))


def kinds() -> str:
    """Return the names of all kinds in words."""
    return and_list(SNIPPETS)
