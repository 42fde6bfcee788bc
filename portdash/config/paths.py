"""Where portdash keeps its files. Pure functions of variables, home directory and platform; nothing is created.

Linux and other Unix: the XDG base directories, of which a relative one does not count (as their specification wants).
macOS: `~/Library/Application Support`. Windows: `%LOCALAPPDATA%`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

APP = "portdash"
CONFIG_FILE = "config.toml"
"""Name of the user's configuration file in `config_dir`."""
PROJECT_FILE = "portdash.toml"
"""Name of a project's configuration file in its root."""
TRUSTED = "trusted.json"
"""Name of the record of the projects that the user trusts, in the state directory."""


def state_dir(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Return the directory of what must survive: assignments, the machine's id, trusted projects."""
    return _base(environ, home, platform, "XDG_STATE_HOME", ".local/state") / APP


def config_dir(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Return the directory of the user's configuration file."""
    return _base(environ, home, platform, "XDG_CONFIG_HOME", ".config") / APP


def runtime_dir(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Return the directory of sockets and the like, which need not survive a reboot."""
    if not _has_own_place(platform) and (base := _absolute(environ.get("XDG_RUNTIME_DIR"), platform)):
        return base / APP
    return state_dir(environ, home, platform) / "run"


def default_store_url(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> str:
    """Return the URL of the store used when none is named: `sqlite:///` and an absolute path."""
    return f"sqlite:///{(state_dir(environ, home, platform) / 'portdash.db').as_posix()}"


def user_file(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Return where the user's configuration file is, or would be."""
    return config_dir(environ, home, platform) / CONFIG_FILE


def _has_own_place(platform: str) -> bool:
    return platform in ("darwin", "win32")


def _base(environ: Mapping[str, str], home: Path, platform: str, variable: str, below_home: str) -> Path:
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return _absolute(environ.get("LOCALAPPDATA"), platform) or home / "AppData" / "Local"
    return _absolute(environ.get(variable), platform) or home / below_home


def _absolute(text: str | None, platform: str) -> Path | None:
    flavour = PureWindowsPath if platform == "win32" else PurePosixPath
    return Path(text) if text and flavour(text).is_absolute() else None
