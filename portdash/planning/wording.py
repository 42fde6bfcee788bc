"""How services and those in their way are called. Everything foreign is made safe to show here once more."""

from collections.abc import Iterable, Mapping

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.listener import Listener
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.text import and_list, clean, plural

_SHOWN = 3


class Names(NamedTuple):
    """The words for one moment: labels of the workspaces, and the environment that goes without saying."""

    labels: Mapping[str, str]
    environment: str

    @classmethod
    def of(cls, workspaces: Iterable[Workspace], environment: str) -> "Names":
        """Take the labels of `workspaces`."""
        return cls({each.name: clean(each.label) for each in workspaces}, environment)

    def workspace(self, name: str) -> str:
        """Return `shop@fix-login`."""
        return self.labels.get(name) or clean(name)

    def service(self, key: ServiceKey, name: str) -> str:
        """Return `shop/web`, and its environment where that is another one."""
        text = f"{self.workspace(key.workspace)}/{clean(name)}"
        return text if key.environment == self.environment else f"{text} ({clean(key.environment)})"


def name_for_shell(snapshot: Snapshot, row: Assignment) -> str:
    """Return how a command of this workspace calls a service: `web`, and `blog/web` for another's."""
    name = row.name if row.key.workspace == snapshot.workspace else f"{row.key.workspace}/{row.name}"
    return clean(name)


def holder_text(listener: Listener) -> str:
    """Return who a listener is: `node 4121 (shop@fix-login, claude)`, `blog-db-1 (docker, blog)`, `owner hidden`."""
    container = listener.container
    place = listener.project.label if listener.project else container.compose_project if container else None
    if container:
        name, words = container.name, [container.engine, place]
    elif listener.owner:
        name, words = listener.owner.label, [place, listener.via]
    else:
        name, words = "owner hidden", [listener.user, listener.via]
    known = [clean(word) for word in dict.fromkeys(words) if word]
    return f"{clean(name)} ({', '.join(known)})" if known else clean(name)


def holders_text(listeners: Iterable[Listener]) -> str:
    """Return everyone who holds a port, each once."""
    return and_list(dict.fromkeys(holder_text(each) for each in listeners))


def title(verb: str, names: Iterable[str]) -> str:
    """Return what history calls a plan: `allocate web and api`, `release 7 services`."""
    words = [clean(name) for name in names]
    return f"{verb} {and_list(words) if len(words) <= _SHOWN else plural(len(words), 'service')}"
