"""Whatever goes wrong is one line, or one document, and the exit code agreed on."""

import errno
import os
import subprocess
import sys

import click
import pytest
from cli_harness import Portdash, Result

from portdash.cli import guard
from portdash.errors import (
    ConfigError,
    LockedDown,
    NoPortAvailable,
    NoSuchService,
    PlanUnresolved,
    PortdashError,
    StoreDamaged,
    UsageError,
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, portdash: Portdash) -> Portdash:
    """Run a command that raises."""

    def call(error: BaseException, *arguments: str) -> Result:
        def dispatch(_arguments: object) -> int:
            raise error

        monkeypatch.setattr(guard, "_dispatch", dispatch)
        return portdash(*arguments)

    return call


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (UsageError("x"), 2, "usage"),
        (ConfigError("x"), 2, "config"),
        (NoSuchService("x"), 3, "no_such_service"),
        (NoPortAvailable("x"), 4, "no_port_available"),
        (StoreDamaged("x"), 5, "store_damaged"),
        (LockedDown("x"), 6, "read_only"),
        (PlanUnresolved("x"), 6, "plan_unresolved"),
        (RuntimeError("x"), 1, "internal"),
        (click.BadParameter("x"), 2, "usage"),
    ],
)
def test_every_error_has_its_exit_code_and_its_name(failing: Portdash, error: Exception, code: int, name: str):
    plain = failing(error, "get")
    assert plain.code == code
    assert plain.out == ""
    assert plain.err.startswith("portdash: error: ")
    assert plain.err.count("\n") == 1
    document = failing(error, "get", "--json")
    assert document.code == code
    assert document.err == ""
    assert document.document["error"]["code"] == name


def test_json_behind_the_double_dash_is_no_option(failing: Portdash):
    assert failing(UsageError("x"), "get", "--", "--json").out == ""


def test_a_hint_stands_behind_the_message(failing: Portdash):
    assert failing(PortdashError("it broke", hint="mend it")).err == "portdash: error: it broke (mend it)\n"


def test_a_message_is_one_harmless_line(failing: Portdash):
    result = failing(PortdashError("a\nb\x1b]0;title\x07 \x9b31m"))
    assert result.err.count("\n") == 1
    assert all(byte == 10 or 32 <= byte < 127 for byte in result.err.encode())


def test_no_traceback_unless_asked(failing: Portdash):
    assert "Traceback" not in failing(RuntimeError("x")).err
    assert "Traceback" in failing(RuntimeError("x"), "--debug").err


def test_an_error_of_the_system_names_the_file(failing: Portdash):
    result = failing(PermissionError(errno.EACCES, "Permission denied", "/etc/shadow"))
    assert result.code == 1
    assert "/etc/shadow: Permission denied" in result.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130(failing: Portdash, error: BaseException):
    result = failing(error)
    assert result.code == 130
    assert "Traceback" not in result.err


def test_a_reader_that_has_seen_enough_is_no_error():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "portdash", "--help"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110  evaluated at import
def test_an_output_that_is_full_is_said():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "portdash", "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"No space left on device" in done.stderr
