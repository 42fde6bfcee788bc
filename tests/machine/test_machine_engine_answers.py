"""What engines say, and what they say instead: recorded answers, silence, garbage, and no end of it."""

import itertools
import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine, Reply, recorded, replay, say

from portdash.machine.containers.addresses import Address
from portdash.machine.containers.answers import Inspected, read_answer, read_list
from portdash.machine.containers.seen import Publication
from portdash.machine.containers.stock import Stock, take_stock
from portdash.machine.containers.talking import LARGEST, Answer, Conversation, EngineError, Trouble
from portdash.model.listener import Container
from portdash.model.ports import IpProtocol

TCP = IpProtocol.TCP
Start = Callable[[Reply], FakeEngine]
ID = "ab" * 32


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Start]:
    """Start an engine that answers so."""
    made: list[FakeEngine] = []

    def start(reply: Reply) -> FakeEngine:
        made.append(FakeEngine(tmp_path, reply))
        return made[-1]

    yield start
    for each in made:
        each.close()


def stock(
    engine: FakeEngine, *, seconds: float = 5.0, known: dict[str, tuple[Publication, ...]] | None = None
) -> Stock:
    now = time.monotonic()
    return take_stock(engine.address, known=known or {}, enough=now + seconds, until=now + seconds)


def trouble(engine: FakeEngine, *, seconds: float = 5.0) -> EngineError:
    with pytest.raises(EngineError) as caught:
        stock(engine, seconds=seconds)
    return caught.value


def test_docker_20_10(engine: Start):
    found = {each.container.name: each for each in stock(engine(replay(recorded("docker-20.10")))).containers}
    assert found["shop-db-1"].container == Container(
        id=found["shop-db-1"].container.id,
        name="shop-db-1",
        engine="docker",
        compose_project="shop",
        compose_service="db",
        directory="/home/me/src/shop",
        image="localhost/portdash-busy:1",
        health="healthy",
    )
    assert found["shop-db-1"].publications == (Publication(TCP, "127.0.0.1", 18170),)
    assert found["blog-web-1"].publications == (Publication(TCP, "0.0.0.0", 18171), Publication(TCP, "::", 18171))
    assert found["hosty"].publications == ()
    sleepy = found["sleepy"]
    assert (sleepy.container.running, sleepy.container.health) == (False, None)
    assert sleepy.publications == (Publication(TCP, "0.0.0.0", 18173),)
    assert sleepy.container.label == "stopped container sleepy"


def test_the_ports_of_a_stopped_container_are_asked_for_once(engine: Start):
    made = engine(replay(recorded("docker-20.10")))
    first = stock(made)
    assert len(made.asked) == 2
    again = stock(made, known=dict(first.reserved))
    assert again == first
    assert [each.partition("?")[0] for each in made.asked[2:]] == ["GET /containers/json"]


def test_no_more_is_asked_when_the_time_for_that_is_over(engine: Start):
    made = engine(replay(recorded("docker-20.10")))
    now = time.monotonic()
    found = take_stock(made.address, known={}, enough=now, until=now + 5)
    assert len(found.containers) == 4
    assert len(made.asked) == 1
    assert all(each.publications == () for each in found.containers if not each.container.running)


def listed(**facts: object) -> Answer:
    return Answer(200, json.dumps([{"Id": ID, "State": "running", **facts}]).encode(), "")


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("Up 4 seconds (healthy)", "healthy"),
        ("Up 2 hours (unhealthy)", "unhealthy"),
        ("Up 1 second (health: starting)", "starting"),
        ("Up 3 days", None),
        ("Up 3 days (Paused)", None),
        ("", None),
    ],
)
def test_health(status: str, health: str | None):
    (found,) = read_list(listed(Status=status))
    assert found.seen.container.health == health


def test_what_is_not_there_is_no_matter():
    (found,) = read_list(listed(Names=None, Labels=None, Ports=None, More={"x": [1]}))
    assert found.seen.container == Container(id=ID, name=ID[:12])


def test_every_text_of_an_engine_is_cleaned():
    bad = "\x1b]52;c;aGk=\x07\n"
    labels = {"com.docker.compose.project": bad, "com.docker.compose.service": bad}
    (found,) = read_list(listed(Names=[f"/{bad}"], Image=bad, Labels=labels))
    container = found.seen.container
    texts = (container.name, container.image, container.compose_project, container.compose_service, *container.facts)
    assert all(text and text.isprintable() for text in texts)


@pytest.mark.parametrize("path", ["relative", "", "/nul\0", "~/x"])
def test_a_directory_is_an_absolute_path(path: str):
    (found,) = read_list(listed(Labels={"com.docker.compose.project.working_dir": path}))
    assert found.seen.container.directory is None


def test_an_editor_s_container_has_the_folder_it_was_made_for():
    (found,) = read_list(listed(Labels={"devcontainer.local_folder": "/home/me/src/shop/"}))
    assert found.seen.container.directory == "/home/me/src/shop"


def test_links_to_a_directory_are_followed(tmp_path: Path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "link").symlink_to("shop")
    (found,) = read_list(listed(Labels={"com.docker.compose.project.working_dir": f"{tmp_path}/link"}))
    assert found.seen.container.directory == str(tmp_path / "shop")


def test_what_leaves_is_left_out():
    assert read_list(listed(State="removing")) == read_list(listed(State="dead")) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"Id": "../../secrets"},
        {"Id": 7},
        {"Ports": [{"PublicPort": "80"}]},
        {"Ports": [{"PublicPort": 70000}]},
        {"Names": "web"},
        {"Labels": {"a": 1}},
    ],
)
def test_facts_of_another_shape_are_refused(facts: dict[str, object]):
    with pytest.raises(EngineError) as caught:
        read_list(listed(**facts))
    assert caught.value.trouble is Trouble.NONSENSE


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'[{"Id":"\xff"}]', b"[1]"])
def test_bodies_that_are_no_list(body: bytes):
    with pytest.raises(EngineError):
        read_list(Answer(200, body, ""))


def inspected(bindings: object, **facts: object) -> Inspected:
    document = {"Id": ID, "HostConfig": {"PortBindings": bindings, **facts}}
    return read_answer(Answer(200, json.dumps(document).encode(), ""), Inspected)


def test_reserved_ports():
    found = inspected(
        {
            "80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "::1", "HostPort": "8081"}],
            "53/udp": [{"HostIp": None, "HostPort": "5353"}],
            "90/sctp": [{"HostPort": "90"}],
            "91/tcp": None,
            "92/tcp": [{"HostPort": ""}, {"HostPort": "0"}, {"HostPort": "8000-8010"}, {"HostPort": "99999"}, {}],
        }
    )
    assert found.reserved == (
        Publication(TCP, "", 8080),
        Publication(TCP, "::1", 8081),
        Publication(IpProtocol.UDP, "", 5353),
    )
    assert inspected(None).reserved == ()


def test_restart_policies():
    assert inspected(None, RestartPolicy={"Name": "always"}).restarts == "always"
    assert inspected(None, RestartPolicy={"Name": "no"}).restarts == inspected(None, RestartPolicy=None).restarts == ""


class TestAnEngineThat:
    def test_hangs(self, engine: Start):
        found = trouble(engine(lambda _made, _method, _path: threading.Event().wait(20)), seconds=0.2)
        assert found.trouble is Trouble.SILENT

    def test_trickles_its_headers(self, engine: Start):
        def reply(made: socket.socket, _method: str, _path: str) -> None:
            made.sendall(b"HTTP/1.1 200 OK\r\n")
            for _ in range(400):
                made.sendall(b"X-More: 1\r\n"[:1])
                time.sleep(0.02)

        assert trouble(engine(reply), seconds=0.3).trouble is Trouble.SILENT

    def test_lets_nobody_in(self, tmp_path: Path):
        with socket.socket(socket.AF_UNIX) as full:
            full.bind(str(tmp_path / "f.sock"))
            full.listen(0)
            waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(str(tmp_path / "f.sock"))
            talk = Conversation(Address(str(tmp_path / "f.sock")), until=time.monotonic() + 0.2)
            with pytest.raises(EngineError) as caught:
                talk.ask("/containers/json?all=1")
            talk.close()
            for each in waiting:
                each.close()
        assert caught.value.trouble is Trouble.SILENT

    @pytest.mark.parametrize(
        "said",
        [b"SSH-2.0-OpenSSH_9.6\r\n", b"\0" * 100_000, b"HTTP/9.9 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000],
    )
    def test_speaks_something_else(self, engine: Start, said: bytes):
        def reply(made: socket.socket, _method: str, _path: str) -> None:
            made.sendall(said)
            made.shutdown(socket.SHUT_RDWR)

        assert trouble(engine(reply)).trouble is Trouble.NONSENSE

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", b"[" + b" " * 65535),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        ],
        ids=["length", "chunks", "until it closes", "continue"],
    )
    def test_has_no_end(self, engine: Start, head: bytes, piece: bytes):
        sent = 0

        def reply(made: socket.socket, _method: str, _path: str) -> None:
            nonlocal sent
            made.sendall(head)
            for _ in itertools.count():
                made.sendall(piece)
                sent += len(piece)

        found = trouble(engine(reply), seconds=20)
        assert (found.trouble, found.detail) == (Trouble.NONSENSE, "its answer has no end")
        assert sent < 2 * LARGEST

    def test_breaks_off(self, engine: Start):
        def reply(made: socket.socket, _method: str, _path: str) -> None:
            made.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]")
            made.shutdown(socket.SHUT_RDWR)

        assert trouble(engine(reply)).detail == "it broke off in its answer"

    def test_refuses(self, engine: Start):
        found = trouble(engine(lambda made, _method, _path: say(made, 500, {"message": "no"})))
        assert (found.trouble, found.detail) == (Trouble.NONSENSE, "it answers 500")

    def test_forgets_a_container_meanwhile(self, engine: Start):
        said = recorded("docker-20.10") | {"inspected": {}}
        assert not any(
            each.publications for each in stock(engine(replay(said))).containers if not each.container.running
        )

    def test_has_gone(self, engine: Start):
        made = engine(replay(recorded("docker-20.10")))
        made.close()
        assert trouble(made).trouble is Trouble.AWAY
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(made.path))
        dead.close()
        assert trouble(made).trouble is Trouble.AWAY

    def test_may_not_be_opened(self, engine: Start, monkeypatch: pytest.MonkeyPatch):
        made = engine(replay(recorded("docker-20.10")))
        made.path.chmod(stat.S_IRUSR)

        def refuse(*_: object) -> None:  # root may open everything
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("portdash.machine.containers.talking._Socket.connect", refuse)
        assert trouble(made).trouble is Trouble.DENIED
