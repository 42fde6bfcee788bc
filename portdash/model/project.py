"""The project a directory lies in."""

from portdash.record import record


@record(kw_only=True)
class Project:
    """The project a directory lies in."""

    root: str
    name: str
    """From package.json and its like, else the directory's name."""
    repository: str | None = None
    """Name of the git repository, shared by its worktrees; None outside git."""
    worktree: str | None = None
    """Short name of a linked worktree; None for the main one."""
    package: str | None = None
    """Name of the package inside it that the directory belongs to, in a repository of several."""

    @property
    def label(self) -> str:
        """`shop`, or `shop@fix-login` in a linked worktree."""
        return f"{self.repository or self.name}@{self.worktree}" if self.worktree else self.name
