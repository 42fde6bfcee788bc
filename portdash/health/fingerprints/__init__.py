"""What a listener is: by its process, its greeting, its own protocol and HTTP, in this order."""

from portdash.health.fingerprints.identify import Identifier
from portdash.health.fingerprints.processes import by_process

__all__ = ["Identifier", "by_process"]
