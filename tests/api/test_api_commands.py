import importlib.util
import logging
from pathlib import Path

import pytest

from portdash.cli.guard import run

Output = pytest.CaptureFixture[str]
LOGGERS = [logging.getLogger(name) for name in ("portdash", "portdash.api", "uvicorn")]
BEFORE = [(each.level, each.propagate, list(each.handlers)) for each in LOGGERS]


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys: Output):
    seen = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "litestar" else seen(name))
    assert run(["serve"]) == 2
    assert capsys.readouterr().err == (
        "portdash: error: the HTTP API needs litestar, which is not installed (python -m pip install 'portdash[api]')\n"
    )


@pytest.mark.parametrize("port", ["0", "70000", "http", "80 81", "-1"])
def test_serve_takes_no_port_that_is_none(port: str, capsys: Output):
    assert run(["serve", "--tcp", port]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_read_only_makes_no_token(capsys: Output, home: Path):
    assert run(["--read-only", "serve"]) == 6
    assert "no token yet" in capsys.readouterr().err
    assert run(["--read-only", "token", "rotate"]) == 6
    assert not list(home.rglob("api-token"))
    assert [(each.level, each.propagate, each.handlers) for each in LOGGERS] == BEFORE, "nobody is told any more"


def test_a_token_that_others_could_read_serves_nobody(capsys: Output, home: Path):
    assert run(["token", "rotate"]) == 0
    assert run(["token", "path"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.is_relative_to(home)
    path.chmod(0o644)
    assert run(["serve"]) == 6
    said = capsys.readouterr().err
    assert "others may use it" in said
    assert "portdash token rotate" in said
    assert path.read_text().strip() not in said


def test_rotating_prints_no_token_and_says_what_counts_instead(capsys: Output, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTDASH_TOKEN", "x" * 43)
    assert run(["token", "rotate"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "PORTDASH_TOKEN is set" in captured.err
    assert run(["token", "path"]) == 0
    assert Path(capsys.readouterr().out.strip()).read_text().strip() not in captured.err
