"""Which driver reads the terminal, and what is said of a TEXTUAL_DRIVER that names none."""

import sys
from pathlib import Path

import pytest
from fakes import desk_for
from textual import constants
from textual.drivers.headless_driver import HeadlessDriver

from portdash.dashboard.app import PortdashApp
from portdash.errors import ConfigError, ExitCode


@pytest.mark.needs_linux
def test_without_the_variable_our_own_reads():
    assert PortdashApp(desk_for()).driver_class.__name__ == "SleepingDriver"


def test_the_variable_names_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    assert PortdashApp(desk_for()).driver_class is HeadlessDriver


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "not of the form module:Class"),
        ("nonsense", "not of the form module:Class"),
        ("json:", "not of the form module:Class"),
        (":Driver", "not of the form module:Class"),
        ("nonsense:Driver", "No module named 'nonsense'"),
        ("json:Driver", "has no attribute 'Driver'"),
        ("json:loads", "is not a Driver class"),
        ("textual.driver:Driver", "the pattern of a driver"),
        (".json:Driver", "TypeError: "),
    ],
)
def test_one_that_is_none_is_an_error_of_configuration(monkeypatch: pytest.MonkeyPatch, name: str, reason: str):
    monkeypatch.setattr(constants, "DRIVER", name)
    with pytest.raises(ConfigError) as caught:
        PortdashApp(desk_for())
    assert caught.value.message.startswith(f"TEXTUAL_DRIVER={name!r} names no driver: ")
    assert reason in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE


def test_one_that_breaks_when_it_is_loaded_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "broken_driver.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(constants, "DRIVER", "broken_driver:Driver")
    with pytest.raises(ConfigError, match="ZeroDivisionError: division by zero"):
        PortdashApp(desk_for())
    assert "broken_driver" not in sys.modules
