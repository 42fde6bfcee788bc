"""A command without options is the same whether click reads it or not."""

import subprocess
import sys

import pytest
from cli_harness import Portdash

from portdash.cli import allocating, by_click, getting
from portdash.cli.commands import allocate as allocate_command
from portdash.cli.commands import dashboard
from portdash.cli.commands import get as get_command
from portdash.cli.plain import plain_command
from portdash.errors import PortdashError

PLAIN: list[list[str]] = [
    [],
    ["allocate", "web"],
    ["alloc", "web"],
    ["allocate", "web", "api"],
    ["allocate", "web=5000", "api"],
    ["allocate", "shop/web"],
    ["allocate", "web@2"],
    ["allocate", "Wéb"],
    ["allocate", "a b"],
    ["allocate", "web="],
    ["allocate", "web=x"],
    ["allocate", "web=0"],
    ["allocate", "web", "WEB"],
    ["allocate", "../web"],
    ["allocate", "\udcff"],
    ["get", "web"],
    ["get", "shop/web"],
    ["get", "a b"],
    ["get", "web=5000"],
]
CLICKS = [
    ["allocate"],
    ["get"],
    ["status"],
    ["allocate", ""],
    ["allocate", "--help"],
    ["allocate", "web", "--json"],
    ["allocate", "-x", "web"],
    ["allocate", "web", "--", "api"],
    ["get", ""],
    ["get", "-"],
    ["get", "web", "api"],
    ["get", "web", "--json"],
    ["--debug", "get", "web"],
    ["--workspace", "shop", "allocate", "web"],
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the commands' own functions are called with, in place of what they do."""
    calls: list[object] = []

    def note(*arguments: object, **more: object) -> int:
        calls.append((arguments, {name: value for name, value in more.items() if value}))
        return 7

    for home, face, name in (
        (allocating, allocate_command, "allocate_ports"),
        (getting, get_command, "print_port"),
    ):
        monkeypatch.setattr(home, name, note)
        monkeypatch.setattr(face, name, note)
    monkeypatch.setattr(dashboard, "open_dashboard", note)
    return calls


@pytest.mark.parametrize("arguments", PLAIN, ids=repr)
def test_it_is_read_as_click_reads_it(asked: list[object], arguments: list[str]):
    ways = []
    for way in (plain_command(arguments), lambda: by_click.invoke(arguments)):
        assert way is not None
        try:
            ways.append((way(), asked.copy()))
        except PortdashError as error:
            ways.append((type(error), error.message, error.hint))
        asked.clear()
    assert ways[0] == ways[1]
    assert ways[0][1]


@pytest.mark.parametrize("arguments", CLICKS, ids=repr)
def test_the_rest_is_left_to_click(arguments: list[str]):
    assert plain_command(arguments) is None


CODE = """
import sys
from portdash.cli.guard import run
commands = ["allocate", "web"], ["alloc", "web", "api"], ["get", "api"], ["get", "none"]
assert [run(each) for each in commands] == [0, 0, 0, 3]
sys.stdout.flush()
print(*{"click", "dataclasses", "inspect", "uuid", "socket"} & set(sys.modules), file=sys.stderr)
"""


@pytest.mark.needs_linux
@pytest.mark.usefixtures("project")
def test_a_plain_command_does_without_click(portdash: Portdash):
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [portdash("get", "none").err.strip(), ""]
    again = [portdash(*words).out for words in (["allocate", "web"], ["allocate", "web", "api"], ["get", "api"])]
    assert done.stdout == "".join(again)
