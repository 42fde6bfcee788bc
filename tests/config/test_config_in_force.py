"""The short way to the configuration says the same as its reader."""

from pathlib import Path

import pytest

from portdash.config.in_force import config_in_force
from portdash.config.loading import load
from portdash.config.settings import Config, Flags
from portdash.config.silence import is_silent

FLAGS = (Flags(), Flags(store="memory:"), Flags(workspace="blog"), Flags(read_only=True), Flags(debug=True))


def both(environ: dict[str, str], flags: Flags, cwd: Path, home: Path) -> tuple[Config, Config]:
    short = config_in_force(cwd=cwd, environ=environ, flags=flags, home=home)
    return short, load(cwd=cwd, environ=environ, flags=flags, home=home)


@pytest.mark.parametrize(
    "environ",
    [
        {}, {"ENV": "staging"}, {"PORTDASH_ENV": "staging"}, {"PORTDASH_DEBUG": "1"}, {"PORTDASH_PORT_MIN": "5000"},
        {"PORTDASH_WORKSPACE": ""}, {"PORTDASH_STOER": "memory:"}, {"XDG_STATE_HOME": "/var/tmp/state"},
        {"PORTDASH_EXPORTED": "WEB_PORT=4000"}, {"PORTDASH_URL_API": "http://localhost:1"},
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("place", [None, "portdash.toml", ".config/portdash/config.toml"])
def test_both_ways_agree(tmp_path: Path, environ: dict[str, str], place: str | None):
    below = tmp_path / "shop" / "deep"
    below.mkdir(parents=True)
    if place is not None:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("base_port = 4100\n")
    for flags in FLAGS:
        short, read = both(environ, flags, below, tmp_path)
        assert short == read
        assert (short.store, short.origins, short.urls) == (read.store, read.origins, read.urls)


def test_a_file_that_cannot_be_read_is_no_silence(tmp_path: Path):
    (tmp_path / "portdash.toml").symlink_to("nowhere")
    assert not is_silent(cwd=tmp_path, environ={}, home=tmp_path)
