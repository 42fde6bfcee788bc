"""Why a listener runs, as a line to read: the chain of those that started it, in the words of a person."""

from portdash.model.listener import Ancestor, Listener
from portdash.model.project import Project
from portdash.text import clean

LONGEST = 12
"""Links of a chain that are shown."""

_ROOTS = frozenset(("systemd", "init", "launchd"))
"""Who stands above everybody, and so explains nobody."""


def why_text(listener: Listener) -> str | None:
    """Return `tmux pane 0.1 › bash › npm run dev › node vite`, the server last; None where nobody is above it.

    A chain that is too long loses its middle.
    """
    chain = [each for each in reversed(listener.ancestors) if each.pid != 1 and each.name not in _ROOTS]
    if not chain or listener.owner is None:
        return None
    links = [*(_link(each, listener) for each in chain), listener.title or listener.owner.name or "?"]
    if len(links) > LONGEST:
        links = [*links[: LONGEST // 2], "…", *links[-LONGEST // 2 :]]
    return clean(" › ".join(links), limit=1000)


def project_text(project: Project | None) -> str | None:
    """Return `shop@fix-login, package web`; None for no project."""
    if project is None:
        return None
    return f"{project.label}, package {project.package}" if project.package else project.label


def _link(ancestor: Ancestor, listener: Listener) -> str:
    keeper, _, place = (listener.via or "").partition(" › ")[0].partition(" ")
    if keeper == "tmux" and place and ancestor.name.startswith("tmux"):
        return f"tmux pane {place}"
    return ancestor.title or ancestor.name
