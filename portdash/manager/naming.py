"""Names for what has none yet."""

from portdash.model.listener import Listener
from portdash.model.names import service_from


def suggest_name(listener: Listener) -> str:
    """Return a service name for a listener: its container's service, its project, its process, else its port."""
    container = listener.container
    for text in (
        container and (container.compose_service or container.name),
        listener.project and listener.project.name,
        listener.owner and listener.owner.name,
    ):
        if text and (name := service_from(text)):
            return name
    return f"port-{listener.port}"


def free_name(name: str, taken: set[str]) -> str:
    """Return `name`, or `name-2`, `name-3` ... where a service has that name already."""
    if name.casefold() not in taken:
        return name
    return next(each for count in range(2, 10_000) if (each := f"{name[:57]}-{count}").casefold() not in taken)
