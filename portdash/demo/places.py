"""Who and where on the invented machine: one moment, one user, four workspaces of hers, three other directories."""

from datetime import UTC, datetime

from portdash.machine.projects import workspace_of
from portdash.model.project import Project

NOW = datetime(2025, 3, 4, 11, 5, 22, tzinfo=UTC).timestamp()
"""The moment at which everything is seen."""
HOST = "demo"
USER = "dev"
HOME = "/home/dev"

SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86400.0

SHOP_PROJECT = Project(root=f"{HOME}/src/shop", name="shop", repository="shop")
FIX_PROJECT = Project(root=f"{HOME}/src/shop-fix-login", name="shop", repository="shop", worktree="fix-login")
BLOG_PROJECT = Project(root=f"{HOME}/src/blog", name="blog", repository="blog")
INFRA_PROJECT = Project(root=f"{HOME}/src/infra", name="infra", repository="infra")
NOTES_PROJECT = Project(root=f"{HOME}/notes", name="notes")
SCRATCH_PROJECT = Project(root=f"{HOME}/src/scratch", name="scratch")
LEGACY_PROJECT = Project(root=f"{HOME}/src/legacy", name="legacy", repository="legacy")

PROJECTS = (
    SHOP_PROJECT,
    FIX_PROJECT,
    BLOG_PROJECT,
    INFRA_PROJECT,
    NOTES_PROJECT,
    SCRATCH_PROJECT,
    LEGACY_PROJECT,
)

SHOP, FIX, BLOG, INFRA = map(workspace_of, PROJECTS[:4])
