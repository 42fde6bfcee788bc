from pathlib import Path

import pytest

from portdash.config.paths import config_dir, default_store_url, runtime_dir, state_dir, user_file

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("platform", "environ", "state", "config", "runtime"),
    [
        ("linux", {}, ".local/state/portdash", ".config/portdash", ".local/state/portdash/run"),
        (
            "linux",
            {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c", "XDG_RUNTIME_DIR": "/run/user/1"},
            "/s/portdash",
            "/c/portdash",
            "/run/user/1/portdash",
        ),
        (
            "linux",
            {"XDG_STATE_HOME": "relative", "XDG_CONFIG_HOME": "", "XDG_RUNTIME_DIR": "./run"},
            ".local/state/portdash",
            ".config/portdash",
            ".local/state/portdash/run",
        ),
        ("freebsd14", {"XDG_STATE_HOME": "/s"}, "/s/portdash", ".config/portdash", "/s/portdash/run"),
        (
            "darwin",
            {"XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"},
            "Library/Application Support/portdash",
            "Library/Application Support/portdash",
            "Library/Application Support/portdash/run",
        ),
        (
            "win32",
            {"LOCALAPPDATA": "relative"},
            "AppData/Local/portdash",
            "AppData/Local/portdash",
            "AppData/Local/portdash/run",
        ),
    ],
)
def test_each_system_has_its_own_places(platform: str, environ: dict[str, str], state: str, config: str, runtime: str):
    assert state_dir(environ, HOME, platform) == HOME / state
    assert config_dir(environ, HOME, platform) == HOME / config
    assert runtime_dir(environ, HOME, platform) == HOME / runtime


def test_windows_places_are_below_localappdata():
    environ = {"LOCALAPPDATA": "C:\\Users\\ada\\AppData\\Local"}
    assert state_dir(environ, HOME, "win32") == Path("C:\\Users\\ada\\AppData\\Local") / "portdash"


def test_the_store_is_an_absolute_path_after_three_slashes():
    assert default_store_url({"XDG_STATE_HOME": "/s"}, HOME, "linux") == "sqlite:////s/portdash/portdash.db"
    assert user_file({}, HOME, "linux") == HOME / ".config/portdash/config.toml"


def test_nothing_is_created(home: Path):
    state_dir({}, home)
    config_dir({}, home)
    runtime_dir({}, home)
    assert list(home.iterdir()) == []
