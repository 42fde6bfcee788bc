"""portdash knows which service should have which port, which process really has it, and puts it right.

    import portdash
    portdash.allocate("web", preferred=[3000, 3001]).port

Names are resolved at first use: importing the package loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AllInstancesFailed",
    "Assignment",
    "AsyncClient",
    "AsyncFailoverTransport",
    "Client",
    "ConfigError",
    "DefaultPort",
    "FailoverTransport",
    "HealthWatch",
    "Instance",
    "InvalidName",
    "InvalidPort",
    "LoadBalancer",
    "LogHandler",
    "Metrics",
    "NoInstances",
    "NoPortAvailable",
    "NoSuchService",
    "NullPortManager",
    "PlanOutdated",
    "PlanUnresolved",
    "PortManager",
    "PortdashError",
    "PrometheusMetrics",
    "Refused",
    "StoreError",
    "UnknownVariable",
    "UsageError",
    "Wish",
    "Workspaces",
    "__version__",
    "allocate",
    "allocate_many",
    "allocate_multiple_ports",
    "allocate_port",
    "announce",
    "assign_port",
    "config",
    "connect",
    "discover",
    "discover_all",
    "endpoint",
    "export_env_vars",
    "from_env",
    "get_config",
    "get_next_port",
    "get_port",
    "get_port_from_env_or_allocate",
    "instances",
    "is_port_available",
    "mounts",
    "port_from_env",
    "release_port",
    "remote_config",
    "reset_ports",
    "source_for",
    "suggest",
    "target",
    "url",
]

pytest_plugins = ("portdash.pytest_plugin",)
"""What `pytest -p portdash` loads besides; pytest alone looks at it."""

_HOMES = {
    "portdash.discovery.announcing": ("announce",),
    "portdash.discovery.async_transport": ("AsyncFailoverTransport",),
    "portdash.discovery.balancer": ("LoadBalancer",),
    "portdash.discovery.client": ("AsyncClient", "Client"),
    "portdash.discovery.failures": ("AllInstancesFailed",),
    "portdash.discovery.functions": ("connect", "discover", "discover_all", "instances", "target", "url"),
    "portdash.discovery.instance": ("Instance",),
    "portdash.discovery.metrics": ("Metrics",),
    "portdash.discovery.monitoring": ("HealthWatch",),
    "portdash.discovery.mounting": ("mounts",),
    "portdash.discovery.prometheus": ("PrometheusMetrics",),
    "portdash.discovery.remote": ("remote_config",),
    "portdash.discovery.sources": ("from_env", "source_for"),
    "portdash.discovery.transport": ("FailoverTransport",),
    "portdash.discovery.workspaces": ("Workspaces",),
    "portdash.manager.functions": (
        "allocate",
        "allocate_many",
        "allocate_multiple_ports",
        "allocate_port",
        "assign_port",
        "endpoint",
        "export_env_vars",
        "get_config",
        "get_next_port",
        "get_port",
        "get_port_from_env_or_allocate",
        "is_port_available",
        "port_from_env",
        "release_port",
        "reset_ports",
        "suggest",
    ),
    "portdash.manager.facade": ("PortManager",),
    "portdash.manager.log_handler": ("LogHandler",),
    "portdash.manager.null": ("NullPortManager",),
    "portdash.manager.wishes": ("Wish",),
    "portdash.model.assignment": ("Assignment",),
    "portdash.model.default_port": ("DefaultPort",),
    "portdash.errors": (
        "ConfigError",
        "InvalidName",
        "InvalidPort",
        "NoInstances",
        "NoPortAvailable",
        "NoSuchService",
        "PlanOutdated",
        "PlanUnresolved",
        "PortdashError",
        "Refused",
        "StoreError",
        "UnknownVariable",
        "UsageError",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


if TYPE_CHECKING:
    from portdash.discovery.announcing import announce
    from portdash.discovery.async_transport import AsyncFailoverTransport
    from portdash.discovery.balancer import LoadBalancer
    from portdash.discovery.client import AsyncClient, Client
    from portdash.discovery.failures import AllInstancesFailed
    from portdash.discovery.functions import connect, discover, discover_all, instances, target, url
    from portdash.discovery.instance import Instance
    from portdash.discovery.metrics import Metrics
    from portdash.discovery.monitoring import HealthWatch
    from portdash.discovery.mounting import mounts
    from portdash.discovery.prometheus import PrometheusMetrics
    from portdash.discovery.remote import remote_config
    from portdash.discovery.sources import from_env, source_for
    from portdash.discovery.transport import FailoverTransport
    from portdash.discovery.workspaces import Workspaces
    from portdash.errors import (
        ConfigError,
        InvalidName,
        InvalidPort,
        NoInstances,
        NoPortAvailable,
        NoSuchService,
        PlanOutdated,
        PlanUnresolved,
        PortdashError,
        Refused,
        StoreError,
        UnknownVariable,
        UsageError,
    )
    from portdash.manager.facade import PortManager
    from portdash.manager.functions import (
        allocate,
        allocate_many,
        allocate_multiple_ports,
        allocate_port,
        assign_port,
        endpoint,
        export_env_vars,
        get_config,
        get_next_port,
        get_port,
        get_port_from_env_or_allocate,
        is_port_available,
        port_from_env,
        release_port,
        reset_ports,
        suggest,
    )
    from portdash.manager.functions import get_config as config
    from portdash.manager.log_handler import LogHandler
    from portdash.manager.null import NullPortManager
    from portdash.manager.wishes import Wish
    from portdash.model.assignment import Assignment
    from portdash.model.default_port import DefaultPort


def __getattr__(name: str) -> object:
    if name in _HOME_OF:
        value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return value
    if name == "config":
        return import_module("portdash.config")  # a package that can be called: it answers as get_config does
    if name == "testing":
        return import_module("portdash.testing")
    raise AttributeError(f"module 'portdash' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
