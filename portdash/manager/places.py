"""Which workspace a working directory belongs to, and under which name the store knows it."""

from pathlib import Path

from portdash.config.settings import Config
from portdash.machine.projects import name_suffix, workspace_for
from portdash.model.names import check_workspace
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace


def find_workspace(config: Config, state: StoreState, *, cwd: Path, home: Path) -> Workspace:
    """Return the workspace in force.

    A name given by flag or variable wins as it stands. Otherwise the root decides: one that the store knows keeps its
    name for good, a new one is named after its directory, with a suffix where another root has that name already.
    """
    if config.workspace is not None:
        name = check_workspace(config.workspace)
        known = next((each for each in state.workspaces if name.casefold() == each.name.casefold()), None)
        return known or Workspace(name=name, root=None)
    derived = workspace_for(cwd, home, base=config.workspace_base)
    return settle_name(derived, state)


def settle_name(derived: Workspace, state: StoreState) -> Workspace:
    """Return `derived` under the name the store has for its root, or a name that no other root has."""
    if derived.root is None:
        return derived
    for each in state.workspaces:
        if each.root == derived.root:
            return each
    taken = {each.name.casefold() for each in state.workspaces}
    if derived.name.casefold() not in taken:
        return derived
    return Workspace(
        name=f"{derived.name[:58]}~{name_suffix(derived.root)}",
        root=derived.root,
        repository=derived.repository,
        worktree=derived.worktree,
    )
