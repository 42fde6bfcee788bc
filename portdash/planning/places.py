"""Which workspace or project a listener's process works in. Paths are compared as text: nothing is looked up."""

import re
from collections.abc import Iterable, Iterator, Mapping

from portdash.model.listener import Container, Listener
from portdash.model.workspace import Workspace
from portdash.text import clean


class Places:
    """The known workspaces, by name and by root."""

    def __init__(self, workspaces: Iterable[Workspace]) -> None:
        self.workspaces: Mapping[str, Workspace] = {each.name: each for each in workspaces}
        self.roots: Mapping[str, str] = {each.root: each.name for each in self.workspaces.values() if each.root}
        """Name of the workspace at each root."""
        self._nearest: dict[str, str | None] = {}

    def root_of(self, workspace: str) -> str | None:
        """Return the directory of a workspace, None when it has none or is not known."""
        known = self.workspaces.get(workspace)
        return known.root if known else None

    def of_listener(self, listener: Listener) -> str | None:
        """Return the root of the project its process works in, None outside any.

        The nearest of the known roots and the project's own decides, so that a nested worktree is its own.
        """
        project = listener.project.root if listener.project else None
        cwd = listener.owner.cwd if listener.owner else None
        known = self._nearest_root(cwd) if cwd else None
        if project is None or known is None:
            return project or known
        return project if len(project) > len(known) else known

    def of_container(self, container: Container) -> str | None:
        """Return the known root that the container's compose project lies in; None outside all, or where it has none.

        What it works in is a directory of its own, which says nothing of ours.
        """
        return self._nearest_root(container.directory) if container.directory else None

    def is_home_of(self, container: Container, workspace: str) -> bool:
        """Say whether a container was started for a workspace: by where its compose project is, else by its name."""
        if container.directory is not None and self.root_of(workspace) is not None:
            return self.of_container(container) == self.root_of(workspace)
        project = container.compose_project
        return project is not None and compose_name(project) in self.compose_names(workspace)

    def label_of(self, root: str, listener: Listener) -> str:
        """Return how people call the project at `root`."""
        name = self.roots.get(root)
        if name is not None:
            return clean(self.workspaces[name].label)
        return clean(listener.project.label if listener.project else root)

    def is_sibling(self, root: str, listener: Listener, workspace: str) -> bool:
        """Say whether the project at `root` is another checkout of the repository that a workspace is one of."""
        ours = self.workspaces.get(workspace)
        known = self.workspaces.get(self.roots.get(root, ""))
        project = listener.project if listener.project and listener.project.root == root else None
        theirs = known.repository if known else project.repository if project else None
        linked = bool(ours and ours.worktree) or bool(known.worktree if known else project and project.worktree)
        return linked and theirs is not None and ours is not None and ours.repository == theirs

    def compose_names(self, workspace: str) -> frozenset[str]:
        """Return the names docker compose gives to a workspace's project: by default that of its directory."""
        known = self.workspaces.get(workspace)
        names = [workspace]
        if known and known.root:
            names.append(re.split(r"[/\\]", known.root.rstrip("/\\"))[-1])
        return frozenset(name for each in names if (name := compose_name(each)))

    def _nearest_root(self, directory: str) -> str | None:
        if directory not in self._nearest:
            self._nearest[directory] = next((each for each in upwards(directory) if each in self.roots), None)
        return self._nearest[directory]


def upwards(directory: str) -> Iterator[str]:
    """Yield a directory and all above it, as text."""
    while directory:
        yield directory
        cut = max(directory.rfind("/"), directory.rfind("\\"))
        if cut <= 0:
            return
        directory = directory[:cut]


def is_below(directory: str, root: str) -> bool:
    """Say whether `directory` is `root` or lies in it."""
    root = root.rstrip("/\\")
    return directory == root or directory.startswith((f"{root}/", f"{root}\\"))


def compose_name(text: str) -> str:
    """Return `text` as docker compose writes project names: lower case letters, digits, `-` and `_`."""
    return re.sub(r"[^a-z0-9_-]", "", text.casefold()).lstrip("_-")
