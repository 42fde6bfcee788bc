"""Every public function and class of `portdash`, asked with values of a kind that its parameters cannot be."""

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import portdash
from portdash.discovery.options import OPTIONS
from portdash.errors import PortdashError, UsageError
from portdash.manager.wishes import Wish
from portdash.model.plan import Plan, Strategy
from portdash.record import field_names

NOBODY = "http://127.0.0.1:9"
HUGE = 10**30, 10**5000  # Python itself writes no whole number of so many digits
WRONG = (b"x", math.nan, *HUGE, [None], object())
"""No parameter can be any of these, but for the few below."""
DOUBTFUL = (None, 5, "", "\0", "\udcff", [], {}, True, "/no/such/file")
"""What some parameters can be; where they cannot, that is an error of ours all the same."""
FACES = ("Client", "AsyncClient", "FailoverTransport", "AsyncFailoverTransport")
COUNTS = {("suggest", "count"), ("LoadBalancer", "seed"), *((face, "max_retries") for face in FACES)}
"""Numbers that may be as large as they like."""
KINDS = {"workspace", "environment", "source", "retry_unsafe", "metrics", "logger"}
LATER = {("mounts", option) for option in OPTIONS - KINDS}
"""Which service is meant stands in the URL of a request, and these are looked at with the first."""
OURS = {"deps", "clock", "looks"}
"""Parameters that portdash itself uses, and its tests."""
NOT_ASKED = {
    "Assignment", "DefaultPort", "Instance",  # records that portdash makes
    "LogHandler",  # Python's own handler, with its parameter
    "__version__", "config",
}  # fmt: skip
SAID: dict[str, Any] = {
    "name": "web", "service": "web", "service_name": "web", "name_or_type": "web", "services": ["web"], "port": 4000,
    "wish": Wish(name="web"), "wishes": [Wish(name="web")], "variable": "WEB_PORT", "env_var": "WEB_PORT",
    "url": NOBODY, "kind": "moved", "callback": print, "base_port": 4000, "instances": [],
    "source": portdash.LoadBalancer([]).source,
    "plan": Plan(title="nothing", strategy=Strategy.MINIMAL, workspace="", revision=0),
}  # fmt: skip
"""What is said of parameters that have no default."""
OTHERS = [
    ("HealthWatch", "on_health_change", "callback"), ("HealthWatch", "start", "interval"),
    ("Client", "on_health_change", "callback"), ("Client", "monitor", "interval"),
    ("Workspaces", "client", "workspace"), ("RemoteConfig", "port", "name"), ("RemoteConfig", "url", "name"),
]  # fmt: skip


def asked() -> Iterator[tuple[str, str, str]]:
    """Yield all there is to say: whose function or method it is, its name, and a parameter."""
    for name in portdash.__all__:
        thing = getattr(portdash, name)
        if name not in NOT_ASKED and not (isinstance(thing, type) and issubclass(thing, PortdashError)):
            yield from (("portdash", name, each) for each in parameters(thing, name))
    for owner in ("PortManager", "NullPortManager"):
        for name, method in inspect.getmembers(getattr(portdash, owner), inspect.isfunction):
            if not name.startswith("_"):
                yield from ((owner, name, each) for each in parameters(method, name))
    yield from OTHERS


def parameters(call: Callable[..., object], name: str) -> Iterator[str]:
    """Yield the names of what can be said, what is ours behind `**` as well."""
    for said, each in inspect.signature(call).parameters.items():
        if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
            yield from {said} - OURS - {"self"}
        elif name in (*FACES, "mounts"):
            yield from sorted(OPTIONS)
        elif name in ("allocate", "Wish") and each.kind is each.VAR_KEYWORD:
            yield from sorted({*field_names(Wish)} - {"name", *inspect.signature(call).parameters})


OWNERS: dict[str, Callable[[], object]] = {
    "portdash": lambda: portdash,
    "PortManager": portdash.PortManager,
    "NullPortManager": lambda: portdash.NullPortManager(ports={"web": 3000}),
    "HealthWatch": lambda: portdash.HealthWatch(SAID["source"]),
    "Client": lambda: portdash.Client("web", url=NOBODY),
    "Workspaces": lambda: portdash.Workspaces("web", url=NOBODY),
    "RemoteConfig": lambda: portdash.remote_config(NOBODY, defaults={"web": 3000}),
}


@pytest.mark.parametrize(("owner", "name", "parameter"), tuple(asked()))
def test_what_a_parameter_cannot_be_is_said_in_one_line(owner: str, name: str, parameter: str):
    portdash.allocate("web", lease=False)
    call = getattr(OWNERS[owner](), name)
    known = inspect.signature(call).parameters.items()
    said = {each: SAID[each] for each, how in known if each in SAID and (how.default is how.empty or each == "service")}
    said |= {"name": "web"} if name == "Wish" else {}
    possible = WRONG if (name, parameter) in LATER else HUGE if (name, parameter) in COUNTS else ()
    for value in [each for each in WRONG if each not in possible]:
        with pytest.raises(UsageError) as caught:
            call(**said | {parameter: value})
        assert trouble_of(caught.value) == "", value
    for value in (*DOUBTFUL, *possible):
        said_of = ""
        try:
            call(**said | {parameter: value})
        except PortdashError as error:
            said_of = trouble_of(error)
        assert said_of == "", value


def trouble_of(error: PortdashError) -> str:
    """Return what is wrong with an error: nothing with one clear line and a hint."""
    is_clear = error.message.isprintable() and len(error.message) < 250 and error.hint.isprintable() and error.hint
    return "" if is_clear else f"{type(error).__name__}: {error.message}"
