"""Why a batch is refused, in the words that every back end uses."""

from portdash.model.assignment import ServiceKey

RESERVED = "a plan that is being applied keeps it"
TOO_LONG_AGO = "what is to be undone is too long ago"


def owned_by(owner: ServiceKey) -> str:
    """Return what keeps a service from another's port."""
    return f"it is the port of {owner.workspace}/{owner.service}"


def taken(name: str, port: int, obstacle: str) -> str:
    """Return why a claim is refused none of whose options is free."""
    return f"{name} cannot have {port}: {obstacle}"


def gone(name: str) -> str:
    """Return why a change of a row is refused that is not there."""
    return f"{name} is gone"


def gone_already(name: str) -> str:
    """Return why a removal is refused of a row that is not there."""
    return f"{name} is gone already"


def moved(name: str, port: int) -> str:
    """Return why a change of a row is refused that is at another revision."""
    return f"{name} has port {port} by now"


def not_leased(name: str) -> str:
    """Return why a lease is refused."""
    return f"{name} is gone, so it cannot be leased"


def not_run(name: str) -> str:
    """Return why a request is refused whose supervisor is gone."""
    return f"{name} is not run by the portdash that was asked any more"


def rooted(root: str | None, name: str) -> str:
    """Return why a workspace is refused whose root has another name."""
    return f"{root} is the workspace {name}"


def named(name: str) -> str:
    """Return why a workspace is refused whose name another root has."""
    return f"another workspace is called {name}"


def undone_already(title: str) -> str:
    """Return why taking back an operation is refused."""
    return f"{title} is undone already"
