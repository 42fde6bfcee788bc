"""Projects of one machine that keep their ports in different stores take no port twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash
from redis_server import RedisServer

GoTo = Callable[[str], None]


@pytest.fixture
def go_to(home: Path, monkeypatch: pytest.MonkeyPatch) -> GoTo:
    """Stand in a project of that name."""

    def go(name: str) -> None:
        root = home / "src" / name
        (root / ".git").mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(root)

    return go


def test_a_store_of_its_own_leaves_the_machines_store_its_ports(
    portdash: Portdash, go_to: GoTo, free_port: FreePort, home: Path
):
    wanted, other = str(free_port()), f"sqlite:///{home}/other.db"
    go_to("shop")
    assert portdash("allocate", "web", "--preferred", wanted).out == f"{wanted}\n"
    go_to("blog")
    found = portdash("--store", other, "allocate", "web", "--preferred", wanted, "--explain")
    assert found.code == 0
    assert found.out != f"{wanted}\n"
    assert f"{wanted}: assigned to shop/web, in another store" in found.err
    refused = portdash("--store", other, "move", "web", wanted)
    assert refused.code == 6
    assert "shop/web, in another store has it" in refused.err
    go_to("shop")
    assert portdash("--store", other, "allocate", "web", "--preferred", wanted).out == f"{wanted}\n", "it is its own"
    assert portdash("allocate", "web").out == f"{wanted}\n"


@pytest.mark.needs_redis
def test_what_a_server_gave_out_is_taken_in_the_machines_store(
    portdash: Portdash, go_to: GoTo, free_port: FreePort, redis_server: RedisServer
):
    wanted = str(free_port())
    redis_server.clear()
    go_to("shop")
    assert portdash("--store", redis_server.url, "allocate", "web", "--preferred", wanted).out == f"{wanted}\n"
    go_to("blog")
    assert portdash("allocate", "web", "--preferred", wanted).out != f"{wanted}\n"
    go_to("shop")
    assert portdash("--store", redis_server.url, "get", "web").out == f"{wanted}\n"


def test_a_neighbour_that_cannot_be_read_is_passed_over(portdash: Portdash, home: Path):
    state = home / ".local" / "state" / "portdash"
    state.mkdir(parents=True, mode=0o700)
    (state / "mirror-0123456789abcdef.db").write_bytes(b"no database at all" * 300)
    assert portdash("allocate", "web").code == 0
