"""The variables `PORTDASH_*`, and `ENV`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portdash.config.problems import Problem, Problems, Rejected, nearest, shown
from portdash.errors import PortdashError
from portdash.model.names import check_workspace
from portdash.model.ports import parse_port
from portdash.text import clean

URL_PREFIX = "PORTDASH_URL_"
KNOWN = (
    "PORTDASH_ENV", "PORTDASH_STORE", "PORTDASH_WORKSPACE", "PORTDASH_PORT_MIN", "PORTDASH_PORT_MAX",
    "PORTDASH_DISCOVERY_TIMEOUT", "PORTDASH_HEALTH_INTERVAL", "PORTDASH_DEBUG", "PORTDASH_CLUSTER_URL",
    "PORTDASH_TOKEN", "PORTDASH_EXPORTED",
)  # fmt: skip
"""Every one but PORTDASH_URL_<SERVICE>; the last is our own word to ourselves."""
_PREFIX = "PORTDASH_"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(slots=True, kw_only=True)
class Variables:
    """What the variables say. None means not set; an empty variable counts as not set."""

    environment: str | None = None
    """PORTDASH_ENV."""
    env: str | None = None
    """ENV, which counts only where it names a declared environment."""
    store: str | None = None
    workspace: str | None = None
    port_min: int | None = None
    port_max: int | None = None
    discovery_timeout: float | None = None
    health_interval: float | None = None
    debug: bool | None = None
    cluster: tuple[str, ...] | None = None
    token: str | None = None
    urls: dict[str, str] = field(default_factory=dict)
    """By what follows PORTDASH_URL_."""
    doubts: list[str] = field(default_factory=list)
    """Names that are nearly ours."""


def read_variables(environ: Mapping[str, str], *, cwd: Path, home: Path, problems: Problems) -> Variables:
    """Read them all; what is wrong is noted and left out."""
    ours = {name: value.strip() for name, value in environ.items() if name.startswith("PORTDASH_") and value.strip()}
    read = Variables(env=environ.get("ENV", "").strip() or None, environment=ours.get("PORTDASH_ENV"))
    for name, value in ours.items():
        with _noted(name, value, problems):
            _read(read, name, value, cwd=cwd, home=home)
    return read


def _read(read: Variables, name: str, value: str, *, cwd: Path, home: Path) -> None:
    match name:
        case "PORTDASH_WORKSPACE":
            read.workspace = check_workspace(value)
        case "PORTDASH_PORT_MIN":
            read.port_min = parse_port(value)
        case "PORTDASH_PORT_MAX":
            read.port_max = parse_port(value)
        case "PORTDASH_DEBUG":
            read.debug = _yes_or_no(value)
        case "PORTDASH_TOKEN":
            read.token = _token(value)
        case "PORTDASH_DISCOVERY_TIMEOUT" | "PORTDASH_HEALTH_INTERVAL":
            _read_duration(read, name, value)
        case "PORTDASH_STORE" | "PORTDASH_CLUSTER_URL":
            _read_url(read, name, value, cwd=cwd, home=home)
        case _ if name.startswith(URL_PREFIX) and len(name) > len(URL_PREFIX):
            _read_url(read, name, value, cwd=cwd, home=home)
        case _ if name not in KNOWN and (
            near := nearest(name[len(_PREFIX) :], [known[len(_PREFIX) :] for known in KNOWN])
        ):
            read.doubts.append(f"{clean(name)} is not a variable of portdash; did you mean {_PREFIX}{near}?")


def _read_duration(read: Variables, name: str, value: str) -> None:
    from portdash.config.durations import parse_duration  # noqa: PLC0415  regular expressions, rarely needed

    if name == "PORTDASH_HEALTH_INTERVAL":
        read.health_interval = parse_duration(value)
    else:
        read.discovery_timeout = parse_duration(value)


def _read_url(read: Variables, name: str, value: str, *, cwd: Path, home: Path) -> None:
    from portdash.config import urls  # noqa: PLC0415  loads urllib.parse, rarely needed

    if name == "PORTDASH_STORE":
        read.store = urls.parse_store(value, directory=cwd, home=home)
    elif name == "PORTDASH_CLUSTER_URL":
        read.cluster = urls.parse_cluster(value)
    else:
        read.urls[name.removeprefix(URL_PREFIX).upper()] = urls.parse_url(value)


def _yes_or_no(value: str) -> bool:
    word = value.lower()
    if word not in (*_YES, *_NO):
        raise Rejected("expected 1 or 0, true or false, yes or no, on or off")
    return word in _YES


def _token(value: str) -> str:
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise Rejected("a token is ASCII letters, digits and signs without spaces")
    return value


@contextmanager
def _noted(name: str, value: str, problems: Problems) -> Iterator[None]:
    """Note what goes wrong with one variable, and go on."""
    try:
        yield
    except (ValueError, PortdashError) as error:
        text = error.message if isinstance(error, PortdashError) else str(error)
        hint = error.hint if isinstance(error, (PortdashError, Rejected)) else None
        secret = "***" if name in ("PORTDASH_TOKEN", "PORTDASH_CLUSTER_URL") else shown("", value)
        problems.add(Problem(place=name, value=secret, message=clean(text), hint=hint))
