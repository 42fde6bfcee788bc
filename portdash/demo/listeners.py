"""Everything that listens on the invented machine."""

from portdash.demo.places import (
    BLOG_PROJECT,
    DAY,
    FIX_PROJECT,
    HOME,
    HOUR,
    INFRA_PROJECT,
    LEGACY_PROJECT,
    MINUTE,
    NOTES_PROJECT,
    NOW,
    SCRATCH_PROJECT,
    SECOND,
    SHOP_PROJECT,
    USER,
)
from portdash.model.listener import Ancestor, Container, Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project

LOCAL, LOCAL6, EVERY, EVERY6 = "127.0.0.1", "::1", "0.0.0.0", "::"  # noqa: S104  data, nothing binds here
_TICKS_PER_SECOND = 100
_BOOTED = NOW - 9.5 * DAY

_CLAUDE = (Ancestor(3907, "zsh"), Ancestor(3902, "claude"), Ancestor(1810, "tmux: server"))
_TMUX = (Ancestor(2701, "zsh"), Ancestor(1810, "tmux: server"), Ancestor(1, "systemd"))
_CODE = (Ancestor(6001, "zsh"), Ancestor(5980, "code"), Ancestor(1, "systemd"))
_INIT = (Ancestor(1, "systemd"),)
_CHAINS = {"claude": _CLAUDE, "tmux": _TMUX, "vscode": _CODE}


def _process(pid: int, age: float, command: str, *, name: str = "", cwd: str = "/", user: str = USER) -> Process:
    """Return a process `age` seconds old, called after its program."""
    arguments = tuple(command.split())
    return Process(
        pid=pid,
        started_at=NOW - age,
        ticks=int((NOW - age - _BOOTED) * _TICKS_PER_SECOND),
        name=name or arguments[0].rpartition("/")[2],
        command=arguments,
        user=user,
        cwd=cwd,
        parent=1,
    )


def _server(
    port: int,
    process: Process,
    via: str | None,
    *,
    address: str = LOCAL,
    project: Project | None = None,
    connections: int = 0,
    children: tuple[int, ...] = (),
    above: tuple[Ancestor, ...] = (),
) -> Listener:
    """Return a process's listener; `above` stands nearest to it in the chain of those that started it."""
    return Listener(
        protocol=IpProtocol.TCP,
        address=address,
        port=port,
        dual_stack=True if address == EVERY6 else None,
        owner=process,
        pids=(process.pid, *children),
        user=process.user,
        project=project,
        via=via,
        connections=connections,
        orphan=via == "orphan",
        ancestors=(*above, *_CHAINS.get((via or "").partition(" ")[0], _INIT)),
    )


def _container(
    port: int, name: str, project: Project, age: float, pid: int, *, address: str = EVERY, connections: int = 0
) -> Listener:
    """Return a published port of a container of a compose project."""
    compose_project, service, _ = name.split("-")
    proxy = f"/usr/bin/docker-proxy -proto tcp -host-ip {address} -host-port {port}"
    return Listener(
        protocol=IpProtocol.TCP,
        address=address,
        port=port,
        owner=_process(pid, age, proxy, user="root"),
        pids=(pid,),
        user="root",
        project=project,
        container=Container(
            id=f"{pid:04x}c0ffee{port:04x}".ljust(64, "0"),
            name=name,
            compose_project=compose_project,
            compose_service=service,
        ),
        via="docker",
        connections=connections,
        ancestors=(Ancestor(880, "dockerd"), *_INIT),
    )


def _in(project: Project, pid: int, age: float, command: str, *, name: str = "") -> Process:
    return _process(pid, age, command, name=name, cwd=project.root)


SQUATTER = _server(
    3000,
    _in(FIX_PROJECT, 4121, 3 * MINUTE + 9, "node node_modules/.bin/next dev -p 3000"),
    "claude",
    address=EVERY6,
    project=FIX_PROJECT,
    connections=2,
    children=(4122, 4123),
    above=(Ancestor(4110, "npm"),),
)
"""The other checkout's server on the port of shop/web."""

SERVICE_LISTENERS = (
    _server(
        8000,
        _in(SHOP_PROJECT, 3990, 2 * HOUR + 14 * MINUTE, "uvicorn shop.api:app --port 8000"),
        "tmux 1.0",
        project=SHOP_PROJECT,
        connections=3,
    ),
    _container(6379, "shop-redis-1", SHOP_PROJECT, 3 * DAY, 2105, connections=4),
    _server(
        5174,
        _in(SHOP_PROJECT, 4415, 2 * HOUR + 14 * MINUTE, "node worker.js"),
        "tmux 1.1",
        project=SHOP_PROJECT,
    ),
    SQUATTER,
    _server(
        8001,
        _in(FIX_PROJECT, 4077, 9 * MINUTE, "uvicorn shop.api:app --port 8001"),
        "claude",
        project=FIX_PROJECT,
        connections=1,
    ),
    _server(
        6006,
        _in(FIX_PROJECT, 4139, 8 * MINUTE, "node node_modules/.bin/storybook dev -p 6006"),
        "claude",
        address=EVERY6,
        project=FIX_PROJECT,
    ),
    _server(
        1337,
        _in(BLOG_PROJECT, 2811, DAY + 2 * HOUR, "node node_modules/.bin/strapi develop"),
        "tmux 2.0",
        address=EVERY,
        project=BLOG_PROJECT,
        connections=5,
    ),
    _container(5432, "blog-db-1", BLOG_PROJECT, 6 * DAY, 2201, address=LOCAL, connections=2),
    _server(
        5432,
        _process(
            911,
            6 * DAY,
            "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main",
            cwd="/var/lib/postgresql/15/main",
            user="postgres",
        ),
        "systemd",
        address=LOCAL6,
    ),
    _container(8025, "blog-mail-1", BLOG_PROJECT, 6 * DAY, 2202),
    _server(
        4321,
        _in(BLOG_PROJECT, 6120, 12 * SECOND, "node node_modules/.bin/astro dev"),
        "vscode",
        project=BLOG_PROJECT,
    ),
    _container(3100, "infra-grafana-1", INFRA_PROJECT, 6 * DAY, 2301),
    _container(3101, "infra-loki-1", INFRA_PROJECT, 6 * DAY, 2302),
    _container(4318, "infra-otel-1", INFRA_PROJECT, 6 * DAY, 2303),
    _container(9091, "infra-prom-1", INFRA_PROJECT, 6 * DAY, 2304),
    _container(8080, "infra-traefik-1", INFRA_PROJECT, 6 * DAY, 2305, connections=1),
)
"""Those on a port of one of the services."""

OTHER_LISTENERS = (
    _server(
        5175,
        _in(SHOP_PROJECT, 5120, 41 * MINUTE, "node node_modules/.bin/vite"),
        "claude",
        project=SHOP_PROJECT,
    ),
    _server(
        5173,
        _in(FIX_PROJECT, 5161, 2 * HOUR + 38 * MINUTE, "node node_modules/.bin/vite"),
        "claude",
        project=FIX_PROJECT,
        connections=2,
    ),
    _server(
        4173,
        _in(BLOG_PROJECT, 7702, 2 * DAY, "node node_modules/.bin/vite preview"),
        "vscode",
        project=BLOG_PROJECT,
    ),
    _server(
        6007,
        _in(BLOG_PROJECT, 7710, 2 * DAY, "node node_modules/.bin/storybook dev -p 6007"),
        "orphan",
        address=EVERY6,
        project=BLOG_PROJECT,
    ),
    _server(
        8888,
        _in(NOTES_PROJECT, 2210, DAY + 3 * HOUR, "/usr/bin/python3 /usr/bin/jupyter-lab", name="jupyter-lab"),
        "orphan",
        project=NOTES_PROJECT,
        connections=1,
    ),
    _container(27017, "scratch-mongo-1", SCRATCH_PROJECT, 9 * DAY, 2401),
    _container(3306, "legacy-db-1", LEGACY_PROJECT, 9 * DAY, 2402),
    _server(9229, _process(3991, 2 * HOUR + 14 * MINUTE, "node --inspect worker.js", cwd=HOME), "tmux 1.1"),
    _server(11434, _process(1020, 6 * DAY, "/usr/local/bin/ollama serve", cwd="/usr/share/ollama"), "systemd"),
)
"""Those that are no service's, as a developer would have left them behind."""

SYSTEM_LISTENERS = (
    _server(22, _process(702, 9 * DAY, "/usr/sbin/sshd -D", user="root"), "systemd", address=EVERY, connections=1),
    _server(22, _process(702, 9 * DAY, "/usr/sbin/sshd -D", user="root"), "systemd", address=EVERY6),
    _server(25, _process(960, 9 * DAY, "postfix", user="root"), "systemd"),
    _server(
        53,
        _process(640, 9 * DAY, "/usr/lib/systemd/systemd-resolved", user="systemd-resolve"),
        "systemd",
        address="127.0.0.53",
    ),
    _server(631, _process(733, 9 * DAY, "/usr/sbin/cupsd -l", user="root"), "systemd"),
    _server(9222, _process(7301, 5 * HOUR, "/opt/google/chrome/chrome --remote-debugging-port=9222", cwd=HOME), None),
    _server(40213, _process(5980, 5 * HOUR, "/usr/share/code/code", cwd=HOME), None),
)
"""Daemons and the desktop."""

LISTENERS = (*SERVICE_LISTENERS, *OTHER_LISTENERS, *SYSTEM_LISTENERS)
FIRST_RUN_PORTS = frozenset((1337, 3000, 4173, 5175, 6379, 8000, 8888, 11434))
"""Ports listened on where nothing has been set up yet, but for those of the system."""
