"""portdash knows which service should have which port, which process really has it, and puts it right.

    import portdash
    portdash.allocate("web", preferred=[3000, 3001]).port

Names are resolved at first use: importing the package loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Assignment",
    "ConfigError",
    "InvalidName",
    "InvalidPort",
    "NoPortAvailable",
    "NoSuchService",
    "PlanOutdated",
    "PlanUnresolved",
    "PortManager",
    "PortdashError",
    "Refused",
    "StoreError",
    "UsageError",
    "Wish",
    "__version__",
    "allocate",
    "allocate_many",
    "assign_port",
    "export_env_vars",
    "get_next_port",
    "get_port",
    "is_port_available",
    "release_port",
    "reset_ports",
    "suggest",
]

_HOMES = {
    "portdash.manager.functions": (
        "allocate",
        "allocate_many",
        "assign_port",
        "export_env_vars",
        "get_next_port",
        "get_port",
        "is_port_available",
        "release_port",
        "reset_ports",
        "suggest",
    ),
    "portdash.manager.facade": ("PortManager",),
    "portdash.manager.wishes": ("Wish",),
    "portdash.model.assignment": ("Assignment",),
    "portdash.errors": (
        "ConfigError",
        "InvalidName",
        "InvalidPort",
        "NoPortAvailable",
        "NoSuchService",
        "PlanOutdated",
        "PlanUnresolved",
        "PortdashError",
        "Refused",
        "StoreError",
        "UsageError",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


if TYPE_CHECKING:
    from portdash.errors import (
        ConfigError,
        InvalidName,
        InvalidPort,
        NoPortAvailable,
        NoSuchService,
        PlanOutdated,
        PlanUnresolved,
        PortdashError,
        Refused,
        StoreError,
        UsageError,
    )
    from portdash.manager.facade import PortManager
    from portdash.manager.functions import (
        allocate,
        allocate_many,
        assign_port,
        export_env_vars,
        get_next_port,
        get_port,
        is_port_available,
        release_port,
        reset_ports,
        suggest,
    )
    from portdash.manager.wishes import Wish
    from portdash.model.assignment import Assignment


def __getattr__(name: str) -> object:
    if name in _HOME_OF:
        value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return value
    raise AttributeError(f"module 'portdash' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
