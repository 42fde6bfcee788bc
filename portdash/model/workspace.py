"""The project that services belong to."""

from portdash.record import record


@record(kw_only=True)
class Workspace:
    """The project that services belong to."""

    name: str
    """Unique on this machine: `shop`, or `shop~1a2b` for a linked git worktree."""
    root: str | None
    """Absolute directory; None for the workspace outside any project."""
    repository: str | None = None
    """Name shared by all worktrees of one repository."""
    worktree: str | None = None
    """Short name of a linked worktree; None for the main one."""

    @property
    def label(self) -> str:
        """How people read it: `shop`, `shop@fix-login`."""
        return f"{self.repository or self.name}@{self.worktree}" if self.worktree else self.name

    def is_called(self, text: str) -> bool:
        """Say whether its name or its label is meant; case does not count."""
        return text.casefold() in (self.name.casefold(), self.label.casefold())
