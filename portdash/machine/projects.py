"""Which project and which workspace a directory belongs to."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from portdash.machine.files import read_small
from portdash.machine.roots import find_package, find_root, mode_of
from portdash.model.names import DEFAULT_WORKSPACE, workspace_from
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from portdash.model.project import Project


class Checkout(NamedTuple):
    """What git says of a directory."""

    repository: str
    """Name of the main directory, which all worktrees share."""
    worktree: str | None = None
    """Short name of a linked worktree; None for the main one."""


def find_project(directory: str, home: Path) -> Project | None:
    """Return the project that a directory lies in, None outside any and where the directory is gone.

    That is the nearest directory with a portdash.toml or .git, else the nearest with a manifest. Home itself and the
    system's own directories are none, unless they have a portdash.toml; above home nobody looks. The root decides which
    workspace it is; in a repository of several packages, the nearest manifest says which of them.
    """
    root = find_root(directory, home)
    if root is None:
        return None
    from portdash.machine.manifests import manifest_name  # noqa: PLC0415 (reads TOML and JSON; get needs neither)
    from portdash.model.project import Project  # noqa: PLC0415 (see above)

    checkout = checkout_of(root)
    return Project(
        root=root,
        name=manifest_name(root) or clean(PurePath(root).name) or "/",
        repository=checkout.repository if checkout else None,
        worktree=checkout.worktree if checkout else None,
        package=_package(directory, root),
    )


def _package(directory: str, root: str) -> str | None:
    place = find_package(directory, root)
    if place is None:
        return None
    from portdash.machine.manifests import manifest_name  # noqa: PLC0415 (see find_project)

    return manifest_name(place) or clean(PurePath(place).name) or None


def workspace_for(cwd: Path, home: Path, *, base: str | None = None) -> Workspace:
    """Return the workspace of a working directory, as it is called before the store has its say.

    It is named after `base`, else after the repository or the directory; a linked worktree adds `~` and four digits.
    """
    root = find_root(str(cwd), home)
    if root is None:
        return Workspace(name=DEFAULT_WORKSPACE, root=None)
    return _workspace(root, checkout_of(root), base)


def workspace_of(project: Project, *, base: str | None = None) -> Workspace:
    """Return the workspace that a project's services belong to, named as by `workspace_for`."""
    checkout = Checkout(project.repository, project.worktree) if project.repository else None
    return _workspace(project.root, checkout, base)


def _workspace(root: str, checkout: Checkout | None, base: str | None) -> Workspace:
    linked = checkout is not None and checkout.worktree is not None
    name = base or workspace_from(checkout.repository if checkout and linked else PurePath(root).name)
    return Workspace(
        name=f"{name[:58]}~{name_suffix(root)}" if linked else name,
        root=root,
        repository=checkout.repository if checkout else None,
        worktree=checkout.worktree if checkout else None,
    )


def name_suffix(root: str) -> str:
    """Return the four hex digits that tell workspaces of one name apart."""
    digest: str = _sha256()(os.fsencode(root)).hexdigest()
    return digest[:4]


def _sha256() -> Callable[[bytes], Any]:
    """Return what `hashlib` falls back on: 4 ms, and the 4 MiB of OpenSSL, are spared who only needs the digits."""
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415  of Python 3.11
    except ImportError:
        try:
            from _sha2 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415
        except ImportError:
            from hashlib import sha256  # noqa: PLC0415
    return sha256  # type: ignore[no-any-return]


def checkout_of(root: str) -> Checkout | None:
    """Return what `.git` of a directory says, None where there is none.

    In a linked worktree it is a file that names a directory below the main one: `gitdir: …/shop/.git/worktrees/fix`.
    """
    name, path = PurePath(root).name, f"{root}/.git"
    mode = mode_of(path)
    if not mode:
        return None
    if stat.S_ISDIR(mode):
        return Checkout(clean(name))
    text = (read_small(path, limit=4096) or b"").strip()
    key, _, target = os.fsdecode(text).partition(":")
    where = PurePath(os.path.normpath(PurePath(root, target.strip())))
    if key != "gitdir" or "\n" in target or where.parent.name != "worktrees":
        return Checkout(clean(name))  # a submodule, or a git directory kept elsewhere
    main = where.parent.parent
    repository = main.parent.name if main.name in (".git", ".bare") else main.name.removesuffix(".git")
    return Checkout(clean(repository), clean(_short_name(root, repository, where.name)))


def _short_name(root: str, repository: str, identity: str) -> str:
    """Return what tells a worktree from the others: `fix-login` for shop-fix-login."""
    name = PurePath(root).name
    if name != repository:
        return name.removeprefix(f"{repository}-") or name
    return identity if identity != repository else PurePath(root).parent.name or identity
