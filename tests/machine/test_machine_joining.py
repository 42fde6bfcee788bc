"""Whose published port a listener is: by engine, by control group, by the command line of who holds it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from portdash.machine.ancestry import container_of
from portdash.machine.containers.carriers import Forward, read_proxy, running_proxies
from portdash.machine.containers.joining import join, unseen
from portdash.machine.containers.seen import Publication, Seen
from portdash.model.listener import Container, Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP
ID = "c0" * 32
DB = Container(id=ID, name="shop-db-1", directory="/home/me/shop/deploy")
SHOP = Project(root="/home/me/shop", name="shop")
PROXY = ("/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port", "5432",
         "-container-ip", "172.17.0.2", "-container-port", "5433", "-use-listen-fd")  # fmt: skip


def listener(
    name: str | None = "docker-proxy", *, port: int = 5432, address: str = "127.0.0.1", **facts: object
) -> Listener:
    command = facts.pop("command", None)
    owner = Process(pid=7, name=name, user="root", cwd="/", command=command) if name else None  # type: ignore[arg-type]
    return Listener(**{"protocol": TCP, "address": address, "port": port, "owner": owner, "user": "root", **facts})  # type: ignore[arg-type]


def seen(*publications: tuple[str, int], container: Container = DB, protocol: IpProtocol = TCP) -> Seen:
    return Seen(container, tuple(Publication(protocol, address, port) for address, port in publications))


def joined(
    *listeners: Listener, containers: Iterable[Seen] = (), forwards: Iterable[Forward] = ()
) -> tuple[Listener, ...]:
    return join(listeners, containers, forwards=lambda: forwards, project_of={"/home/me/shop/deploy": SHOP}.get)


def name_of(one: Listener, *containers: Seen, forwards: Iterable[Forward] = ()) -> str | None:
    (found,) = joined(one, containers=containers, forwards=forwards)
    return found.container.name if found.container else None


def test_all_that_is_told_with_it():
    proxy = listener(orphan=True, via="orphan", unit="docker.service", framework="docker-proxy")
    (found,) = joined(proxy, containers=[seen(("127.0.0.1", 5432))])
    assert (found.unit, found.framework) == (None, None)
    assert (found.container, found.project, found.via, found.orphan) == (DB, SHOP, "docker", False)
    assert (found.label, found.server, found.owner.cwd, found.pid) == ("shop-db-1 (docker)", None, None, 7)


@pytest.mark.parametrize(
    ("bound", "dual_stack", "published", "is_it"),
    [
        ("0.0.0.0", None, "0.0.0.0", True),
        ("::", False, "::", True),
        ("0.0.0.0", None, "", True),
        ("::", False, "", True),
        ("::", True, "0.0.0.0", True),
        ("::", None, "0.0.0.0", True),
        ("127.0.0.1", None, "127.0.0.1", True),
        ("::", False, "0.0.0.0", False),
        ("0.0.0.0", None, "127.0.0.1", False),
        ("127.0.0.1", None, "0.0.0.0", False),
        ("127.0.0.1", None, "", False),
        ("::1", None, "127.0.0.1", False),
    ],
)
def test_addresses_of_a_hidden_owner(bound: str, *, dual_stack: bool | None, published: str, is_it: bool):
    one = listener(None, address=bound, dual_stack=dual_stack)
    assert (name_of(one, seen((published, 5432))) is not None) is is_it


def test_a_carrier_may_hold_it_on_another_address_if_it_is_clear_whose_it_is():
    other = Container(id="0d" * 32, name="other")
    forwarded = listener("com.docker.backend", address="127.0.0.1")
    assert name_of(forwarded, seen(("0.0.0.0", 5432))) == "shop-db-1"
    both = (seen(("10.0.0.1", 5432)), seen(("10.0.0.2", 5432), container=other))
    assert name_of(forwarded, *both) is None
    assert name_of(listener(address="10.0.0.2"), *both) == "other"


@pytest.mark.parametrize(
    ("name", "user"), [("node", "me"), ("postgres", "root"), ("sshd", "root"), (None, "postgres"), (None, "me")]
)
def test_a_server_that_is_no_carrier_is_itself(name: str | None, user: str):
    """An engine in a virtual machine may say that it has the very port which a server here holds."""
    one = listener(name, user=user)
    assert joined(one, containers=[seen(("127.0.0.1", 5432))]) == (one,)


@pytest.mark.parametrize(
    "name",
    ["docker-proxy", "dockerd", "conmon", "rootlessport", "rootlesskit", "com.docker.backend", "pasta.avx2", "ssh"],
)
def test_carriers(name: str):
    assert name_of(listener(name), seen(("127.0.0.1", 5432))) == "shop-db-1"


def test_other_protocols_and_ports_are_others():
    assert name_of(listener(), seen(("127.0.0.1", 5432), protocol=UDP)) == "unnamed container"
    assert name_of(listener("dockerd", port=2375), seen(("127.0.0.1", 5432))) is None


def test_a_stopped_container_holds_nothing():
    stopped = Container(id=ID, name="old", running=False)
    assert name_of(listener("dockerd"), seen(("127.0.0.1", 5432), container=stopped)) is None


def test_nothing_to_join_is_the_very_same():
    plain = (listener("node", user="me"), listener(None, user="me"))
    assert join(plain, [seen(("127.0.0.1", 5432))], forwards=tuple, project_of=lambda _: None) is plain


def test_one_in_a_container_by_its_control_group_gets_what_its_engine_says():
    inside = container_of(f"/docker/{ID}")
    assert inside == Container(id=ID, name=ID[:12])
    one = listener("postgres", container=inside)
    assert name_of(one, seen()) == "shop-db-1"
    assert name_of(one) == ID[:12]
    (found,) = joined(one, containers=[seen()])
    assert (found.server.name, found.project) == ("postgres", SHOP)


@pytest.mark.parametrize(
    ("cgroup", "engine"),
    [
        (f"/docker/{ID}", "docker"),
        (f"/system.slice/docker-{ID}.scope", "docker"),
        (f"/libpod_parent/libpod-{ID}", "podman"),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman"),
        (f"/kubepods/besteffort/pod1/cri-containerd-{ID}.scope", "container"),
    ],
)
def test_control_groups(cgroup: str, engine: str):
    assert container_of(cgroup) == Container(id=ID, name=ID[:12], engine=engine)


@pytest.mark.parametrize("cgroup", ["", "/", "/user.slice/user-1000.slice", "/system.slice/docker.service", "/docker"])
def test_control_groups_of_no_container(cgroup: str):
    assert container_of(cgroup) is None


class TestWithoutAnAnswer:
    def test_the_proxy_says_where_it_sends_what_comes(self):
        (found,) = joined(listener(command=PROXY))
        assert found.label == "container at 172.17.0.2:5433 (docker)"
        assert found.container.id == ""

    def test_conmon_says_the_name(self):
        one = listener("conmon", command=("/usr/bin/conmon", "-c", ID, "-u", ID, "-n", "blog-web-1", "-l", "k8s"))
        (found,) = joined(one)
        assert (found.label, found.via) == ("blog-web-1 (podman)", "podman")

    @pytest.mark.parametrize("name", ["conmon", "rootlessport"])
    def test_who_says_nothing_carries_for_somebody(self, name: str):
        (found,) = joined(listener(name))
        assert found.label == "unnamed container (podman)"

    def test_dockerd_itself_may_listen_for_itself(self):
        one = listener("dockerd", port=2375)
        assert joined(one) == (one,)

    def test_a_hidden_proxy_is_found_by_what_it_says(self):
        forward = read_proxy(PROXY)
        assert forward == Forward(TCP, "127.0.0.1", 5432, "172.17.0.2:5433")
        assert name_of(listener(None), forwards=[forward]) == "container at 172.17.0.2:5433"
        assert name_of(listener(None, address="::1"), forwards=[forward]) is None
        assert name_of(listener(None, user="me"), forwards=[forward]) is None


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("docker-proxy",),
        ("node", *PROXY[1:]),
        ("docker-proxy", "-proto", "sctp", "-host-port", "1", "-container-port", "1"),
        ("docker-proxy", "-proto", "tcp", "-host-port", "x", "-container-port", "1"),
        ("docker-proxy", "-proto", "tcp", "-host-port"),
    ],
)
def test_command_lines_that_say_nothing(command: tuple[str, ...]):
    assert read_proxy(command) is None


def test_an_address_of_version_six():
    command = ["docker-proxy", "-proto", "udp", "-host-ip", "::", "-host-port", "53", "-container-ip", "fd00::2"]
    assert read_proxy([*command, "-container-port", "53"]) == Forward(UDP, "::", 53, "[fd00::2]:53")


def test_only_root_s_proxies_are_believed(tmp_path: Path):
    for pid, uid, comm in ((10, 0, "docker-proxy"), (11, 1000, "docker-proxy"), (12, 0, "node")):
        place = tmp_path / str(pid)
        place.mkdir()
        (place / "comm").write_text(f"{comm}\n")
        (place / "cmdline").write_bytes("\0".join((*PROXY, "")).encode())
        (place / "status").write_text(f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (tmp_path / "self").mkdir()
    (tmp_path / "13").mkdir()  # it ends while we look
    assert list(running_proxies(proc=str(tmp_path))) == [read_proxy(PROXY)]
    assert list(running_proxies(proc=str(tmp_path / "none"))) == []


def test_ports_that_wait_for_their_container():
    stopped = Container(id="1", name="old", running=False)
    containers = [seen(("", 80), ("::", 80), ("", 81), container=stopped), seen(("", 82), ("", 83))]
    assert unseen(containers, [listener(port=81), listener(port=82)]) == {(TCP, 80): stopped, (TCP, 83): DB}
