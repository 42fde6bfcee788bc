"""The two projects of the manager's tests, and the type of the hand that starts a server."""

from collections.abc import Callable

from portdash.model.listener import Listener
from portdash.model.project import Project
from portdash.model.workspace import Workspace

SHOP = Workspace(name="shop", root="/home/dev/src/shop")
OTHER = Project(root="/home/dev/src/other", name="other")

Listen = Callable[..., Listener]
