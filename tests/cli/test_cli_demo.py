"""`--demo`: an invented machine, as its user wants dashboards to look."""

from pathlib import Path

import pytest

from portdash.cli.commands.dashboard import _invented
from portdash.cli.context import Globals
from portdash.config.sections import Glyphs
from portdash.errors import ConfigError


def test_the_demo_looks_as_the_configuration_says(tmp_path: Path):
    file = tmp_path / "wanted.toml"
    file.write_text('[dashboard]\ntheme = "ansi-light"\nglyphs = "ascii"\n[services.mine]\n')
    with _invented(Globals(config=file)) as deps:
        assert deps.config.dashboard.theme == "ansi-light"
        assert deps.config.dashboard.glyphs is Glyphs.ASCII
        assert "mine" not in [each.name for each in deps.config.services]


def test_a_configuration_that_makes_no_sense_is_said(tmp_path: Path):
    file = tmp_path / "wrong.toml"
    file.write_text('[dashboard]\nrefresh = "often"\n')
    with pytest.raises(ConfigError, match="refresh"), _invented(Globals(config=file)):
        pass


def test_the_project_that_one_is_in_need_not_make_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "portdash.toml").write_text('[services.web]\nprefers = "x"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with _invented(Globals()) as deps:
        assert deps.config.dashboard.glyphs is Glyphs.AUTO
    assert "services.web.prefers" in capsys.readouterr().err
