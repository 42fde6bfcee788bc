"""The command that a service declares: nothing else is ever run for somebody who only names the service."""

from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.errors import NoCommand, NotTrusted
from portdash.model.names import base_name
from portdash.text import clean


def declared_command(config: Config, name: str) -> tuple[ServiceConfig, tuple[str, ...]]:
    """Return the declaration of a service or of its further instance, and its command. Raises NoCommand, NotTrusted."""
    bare = base_name(name.rpartition("/")[2])
    declared = config.service(bare)
    if declared is None or declared.command is None:
        raise NoCommand(
            f"{clean(bare)} has no command: there is nothing to run",
            hint=f"write `portdash run {clean(bare)} -- COMMAND`, or declare its command",
        )
    check_trusted(declared)
    return declared, declared.command


def check_trusted(declared: ServiceConfig) -> None:
    """Raise NotTrusted for a service whose command somebody else wrote, and nobody here has looked at."""
    if not declared.may_start:
        raise NotTrusted(f"the command of {clean(declared.name)} comes from a file that is not trusted")
