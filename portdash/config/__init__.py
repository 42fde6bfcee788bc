"""Configuration: TOML files and variables into a `Config` in which every value knows where it comes from.

`portdash.config` is also what programs call for the ports of their workspace, `portdash.config().PORT`: a name cannot
be a package and a function, so the package is one that can be called.
"""

import sys
from types import ModuleType


class _Callable(ModuleType):
    def __call__(self) -> object:
        """Return what `portdash.get_config()` returns."""
        import portdash  # noqa: PLC0415  the package above resolves it lazily

        return portdash.get_config()


sys.modules[__name__].__class__ = _Callable
