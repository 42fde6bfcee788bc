"""What a listener is by what the system says of it, without a packet: its image, its command line, its user."""

import json
import os
import re
from collections.abc import Sequence

from portdash.health.fingerprints.matching import Found
from portdash.health.fingerprints.table import PROGRAMS, USERS
from portdash.machine.files import read_small
from portdash.model.listener import Listener, Process
from portdash.model.server_kinds import TITLES
from portdash.planning.images import image_kind

_PROXIES = frozenset(("docker-proxy", "kubectl", "ssh-tunnel"))
"""Kinds that stand before a server of another kind."""
_TITLED = re.compile(r"(?:next-server \(v|puma )(?P<version>[0-9][0-9A-Za-z.-]{0,30})")
"""Titles that servers write over their command line, with their version in it."""
_INTERPRETER = re.compile(r"(?:node|bun|deno|python|ruby|php|java|dotnet|MainThread)(?![a-z])")
_MANIFEST_LIMIT = 256 * 1024


def by_process(listener: Listener, framework: str | None) -> Found | None:
    """Return what the system says a listener is, None where it says nothing or names only what stands before it.

    `framework` is what its command line says.
    """
    if listener.container is not None:
        kind = image_kind(listener.container.image)
        return Found(kind, facts=(f"its image {listener.container.image}",)) if kind else None
    if framework is not None and framework in TITLES and framework not in _PROXIES:
        return Found(framework, _version(listener.owner, framework), None, ("its command line",))
    if listener.owner is not None and (kind := PROGRAMS.get(listener.owner.name or "")):
        return Found(kind, facts=("the name of its process",))
    if listener.owner is None and (kind := USERS.get(listener.user or "")):
        return Found(kind, facts=(f"it belongs to the user {listener.user}",))
    return None


def may_greet(listener: Listener) -> bool:
    """Say whether a server may be one that speaks first: what an interpreter runs mostly waits to be asked."""
    owner = listener.owner
    return listener.container is not None or owner is None or not _INTERPRETER.match(owner.name or "")


def _version(owner: Process | None, kind: str) -> str | None:
    if owner is None:
        return None
    for text in (owner.name or "", *(owner.command or ())[:1]):
        if found := _TITLED.match(text):
            return found["version"]
    return _package_version(owner.command or (), owner.cwd, kind)


def _package_version(command: Sequence[str], cwd: str | None, kind: str) -> str | None:
    """Return the version of the npm package whose script this is, where that package is called like the kind."""
    script = next((word for word in command[1:] if not word.startswith("-")), "")
    if "node_modules" not in script:
        return None
    path = os.path.realpath(os.path.join(cwd or "/", script))  # noqa: PTH118  compared and read, never shown
    above, mark, below = path.rpartition("/node_modules/")
    parts = below.split("/")
    package = "/".join(parts[: 2 if below.startswith("@") else 1])
    if not mark or package != kind:
        return None
    data = read_small(f"{above}{mark}{package}/package.json", limit=_MANIFEST_LIMIT)
    try:
        manifest = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    version = manifest.get("version") if isinstance(manifest, dict) else None
    return version if isinstance(version, str) else None
