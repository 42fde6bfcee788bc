"""The ports of a workspace, from a portdash that serves them; from the environment or from defaults where none does.

    config = portdash.remote_config("http://localhost:8081", defaults={"server": 3000})
    config.port("server"), config.url("server"), config.origin

Needs no store and no configuration of its own: it is for programs in a container, in a test, or in another project.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portdash.config.exported import EXPORTED
from portdash.discovery.remote_asking import Answer, Target, ask_in_time
from portdash.discovery.seconds import seconds_of
from portdash.errors import InvalidPort, NoInstances, NoSuchService
from portdash.manager.given import check_ports, check_said, check_text, check_truth, no_use
from portdash.model.assignment import url_of
from portdash.model.names import check_service, variable_for
from portdash.model.ports import check_port, parse_port
from portdash.record import record
from portdash.text import and_list, clean

_log = logging.getLogger(__name__)


class Origin(StrEnum):
    """Where a port comes from."""

    SERVER = "server"
    ENVIRONMENT = "environment"
    """A variable such as WEB_PORT."""
    DEFAULT = "default"


@record(kw_only=True)
class RemoteConfig:
    """Ports by service, and where each comes from."""

    ports: Mapping[str, int]
    urls: Mapping[str, str]
    """Of the services that have one; it leads to this machine unless the server said otherwise."""
    origins: Mapping[str, Origin]
    """Of each port."""
    origin: Origin
    """The best that there was: the server, else the environment, else the defaults."""
    environment: str | None = None
    """The environment that the server serves; None without its answer."""
    problem: str = ""
    """Why there is no answer of a server, in one sentence; empty with one."""

    def port(self, name: str) -> int:
        """Return the port of a service; `http-server` and `HTTP_SERVER` are one. Raises NoSuchService."""
        return self.ports[self._found(name)]

    def url(self, name: str) -> str:
        """Return the URL of a service. Raises NoSuchService."""
        found = self._found(name)
        return self.urls.get(found) or url_of(self.ports[found])

    def _found(self, name: str) -> str:
        check_text(name)
        variable = variable_for(name)
        found = next((each for each in self.ports if variable_for(each) == variable), None)
        if found is None:
            known = f"known are {and_list(sorted(self.ports))}" if self.ports else "none is known"
            why = f": {self.problem}" if self.problem else ""
            raise NoSuchService(f"no port is known for {clean(name)}{why}", hint=known)
        return found


def remote_config(
    url: str,
    *,
    defaults: Mapping[str, int] | None = None,
    environ: Mapping[str, str] | None = None,
    token: str | None = None,
    timeout: float | str = 2.0,
    strict: bool = False,
) -> RemoteConfig:
    """Ask the portdash at `url` for the ports of its workspace; say in `origin` who answered.

    `url` is `http://localhost:8081`, or `http+unix:///run/user/1000/portdash/portdash.sock`. What the server does not
    know comes from variables (`WEB_PORT`, what `portdash export` wrote), else from `defaults`. `token` is sent as it
    is; that of PORTDASH_TOKEN only to this machine. It takes `timeout` at most, seconds or `500ms`.

    Raises UsageError for what is no such URL, InvalidPort or InvalidName for such defaults, and NoInstances, with
    `strict`, where no server answers; without it, nothing else.
    """
    check_ports("defaults", defaults)
    if not isinstance(environ, Mapping | None):
        no_use("environ", environ, "variables by their names", hint="environ=os.environ")
    check_said("token", token, "a token as text", hint="leave it out for that of PORTDASH_TOKEN")
    check_truth("strict", strict)
    seconds = seconds_of("timeout", timeout)
    environ = os.environ if environ is None else environ
    fallback = {check_service(name): check_port(port) for name, port in (defaults or {}).items()}
    target = Target.of(url, token or environ.get("PORTDASH_TOKEN") or None, is_ours=token is None)
    try:
        answer = Answer.of(ask_in_time(target, seconds))
    except NoInstances as error:
        if strict:
            raise
        _log.info("%s; ports come from the environment and from defaults", error.message)
        return _put_together(Answer(problem=error.message), environ, fallback)
    return _put_together(answer, environ, fallback)


def _put_together(answer: Answer, environ: Mapping[str, str], defaults: Mapping[str, int]) -> RemoteConfig:
    """Lay what the server said over the environment, and that over the defaults."""
    variables = _from_environment(environ, (*answer.ports, *defaults))
    layers = ((Origin.DEFAULT, defaults), (Origin.ENVIRONMENT, variables), (Origin.SERVER, answer.ports))
    ports: dict[str, int] = {}
    origins: dict[str, Origin] = {}
    for origin, layer in layers:
        ports |= layer
        origins |= dict.fromkeys(layer, origin)
    best = Origin.SERVER if not answer.problem else Origin.ENVIRONMENT if variables else Origin.DEFAULT
    return RemoteConfig(
        ports=MappingProxyType(ports),
        urls=MappingProxyType(dict(answer.urls)),
        origins=MappingProxyType(origins),
        origin=best,
        environment=answer.environment,
        problem=answer.problem,
    )


def _from_environment(environ: Mapping[str, str], names: tuple[str, ...]) -> dict[str, int]:
    """Return what variables say: those of the services that are known, and those that portdash exported."""
    named = {variable_for(name): name for name in names}
    echo = (entry.partition("=")[0] for entry in environ.get(EXPORTED, "").split(","))
    for variable in echo:
        if variable.endswith("_PORT"):
            named.setdefault(variable, variable.removesuffix("_PORT").lower().replace("_", "-"))
    found = {}
    for variable, name in named.items():
        try:
            found[name] = parse_port(environ.get(variable, ""))
        except InvalidPort:
            continue  # not set, or another program's, as REDIS_PORT=tcp://10.0.0.1:6379 is
    return found
