"""The short way to what is built in says the same as the reader of configuration."""

import os
from pathlib import Path

import pytest

from portdash.cli.context import Globals
from portdash.cli.scope import ENVIRONMENT, Scope, find_scope
from portdash.config.loading import load
from portdash.config.settings import DEFAULT_ENVIRONMENT


def as_loaded(options: Globals, cwd: Path, home: Path) -> Scope:
    config = load(cwd=cwd, environ=os.environ, flags=options.flags(), home=home)
    return Scope(config.environment, config.store, config.workspace)


def test_the_built_in_environment():
    assert ENVIRONMENT == DEFAULT_ENVIRONMENT


@pytest.mark.parametrize(
    "environ",
    [
        {}, {"ENV": "staging"}, {"PORTDASH_ENV": "staging"}, {"PORTDASH_WORKSPACE": "shop"}, {"PORTDASH_DEBUG": "1"},
        {"PORTDASH_STORE": "memory:"}, {"XDG_STATE_HOME": "/var/tmp/state"}, {"XDG_STATE_HOME": "relative"},
        {"PORTDASH_EXPORTED": "WEB_PORT=4000"}, {"PORTDASH_URL_API": "http://localhost:1"},
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("file", [None, "", 'workspace = "store"\n[environments.staging]\nbase_port = 4100\n'])
def test_both_ways_agree(
    project: Path, home: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], file: str
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if file is not None:
        (project / "portdash.toml").write_text(file)
    below = project / "deep" / "down"
    below.mkdir(parents=True)
    for options in (Globals(), Globals(workspace="blog"), Globals(store="memory:"), Globals(read_only=True)):
        found = find_scope(options, cwd=below, environ=os.environ, home=home)
        assert found == as_loaded(options, below, home)


def test_the_users_file_counts(project: Path, home: Path):
    path = home / ".config" / "portdash" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('environment = "production"\n')
    assert find_scope(Globals(), cwd=project, environ=os.environ, home=home).environment == "production"
