"""Where a value of the configuration comes from."""

from enum import StrEnum
from pathlib import Path

from portdash.named_tuple import NamedTuple
from portdash.text import clean


class Layer(StrEnum):
    """The layers of configuration; a later one wins over those before it."""

    BUILT_IN = "built-in"
    USER_FILE = "user file"
    PROJECT_FILE = "project file"
    ENVIRONMENT = "environment section"
    VARIABLE = "variable"
    FLAG = "flag"


class Origin(NamedTuple):
    """Where one value comes from."""

    layer: Layer
    path: Path | None = None
    """The file, where it comes from one."""
    name: str | None = None
    """The environment section, variable or flag."""

    def __str__(self) -> str:
        """Return it as a person reads it: `/home/me/shop/portdash.toml [environments.staging]`, `PORTDASH_STORE`."""
        if self.layer is Layer.ENVIRONMENT:
            return f"{clean(str(self.path), limit=None)} [environments.{clean(self.name or '')}]"
        if self.path is not None:
            return clean(str(self.path), limit=None)
        return self.name or self.layer.value


BUILT_IN = Origin(Layer.BUILT_IN)


def dotted(*parts: str) -> str:
    """Return the key of a value as TOML would write it: `services.web.preferred`, `services."my.api".base`."""
    return ".".join(f'"{part}"' if "." in part or not part else part for part in parts)
