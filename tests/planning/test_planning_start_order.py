"""What `up` starts, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.config.services import ServiceConfig
from portdash.errors import InvalidName, NoSuchService, UsageError
from portdash.model.assignment import ServiceSpec
from portdash.planning.start_order import Part, coming_along, endings, sharers, start_order


def service(
    name: str, *depends_on: str, command: str | None = "serve", replicas: int = 1, url: str | None = None
) -> ServiceConfig:
    return ServiceConfig(
        spec=ServiceSpec(name=name),
        command=(command,) if command else None,
        depends_on=depends_on,
        replicas=replicas,
        url=url,
    )


def test_each_comes_after_what_it_depends_on():
    parts = start_order([service("web", "api"), service("docs"), service("api", "db"), service("db")])
    assert parts == (Part("db"), Part("api", ("db",)), Part("web", ("api",)), Part("docs"))
    assert endings(parts) == {"db": ("api",), "api": ("web",), "web": (), "docs": ()}


def test_who_shares_a_port_with_a_part_gets_it_too():
    def sharing(name: str, parent: str) -> ServiceConfig:
        return ServiceConfig(spec=ServiceSpec(name=name, inherit_from=parent))

    services = [sharing("chat", "Socket"), sharing("socket", "server"), sharing("admin", "db"), service("server")]
    assert sharers(services, ["Server"]) == ("socket", "chat")
    assert sharers(services, ["server", "socket"]) == ("chat",)
    assert sharers(services, []) == ()


def test_a_name_pulls_in_what_it_depends_on_and_nothing_else():
    services = [service("web", "api"), service("docs"), service("api")]
    assert [each.name for each in start_order(services, ["WEB"])] == ["api", "web"]


def test_what_nobody_named_and_does_not_run_comes_along():
    services = [service("web", "api"), service("api", "db", replicas=2), service("DB"), service("docs")]
    parts = start_order(services, ["Web"])
    assert coming_along(parts, ["Web"], []) == {"DB": ("api", "api@2"), "api": ("web",), "api@2": ("web",)}
    assert list(coming_along(parts, ["Web"], [])) == ["DB", "api", "api@2"]
    assert coming_along(parts, ["Web"], ["db", "API"]) == {"api@2": ("web",)}
    assert coming_along(start_order(services, ["api", "db"]), ["api", "db"], []) == {"api@2": ()}
    assert coming_along((), [], []) == {}


def test_every_instance_is_one_and_all_are_waited_for():
    services = [service("web", "api"), service("api", replicas=3)]
    assert start_order(services) == (
        Part("api"), Part("api@2"), Part("api@3"), Part("web", ("api", "api@2", "api@3")),
    )  # fmt: skip
    assert start_order(services, ["api@2"]) == (Part("api@2"),)
    assert [each.name for each in start_order(services, ["api@2", "api"])] == ["api@2", "api", "api@3"]
    assert len(start_order(services, ["api@3", "api"])) == 3


def test_what_is_not_ours_to_start_is_named_and_what_it_depends_on_is_started():
    services = [
        service("web", "db"),
        service("db", "disk", "mail", command=None),
        service("disk"),
        service("mail", url="x"),
    ]
    assert start_order(services)[1] == Part("web", ("disk",), ("db", "mail"))


def test_what_cannot_be_started_is_refused():
    services = [service("web"), service("db", command=None)]
    with pytest.raises(NoSuchService, match="wbe"):
        start_order(services, ["wbe"])
    with pytest.raises(UsageError, match="db has no command"):
        start_order(services, ["db"])
    with pytest.raises(InvalidName):
        start_order(services, ["../web"])
    assert start_order([service("db", command=None)]) == ()


NAMES = [f"s{number}" for number in range(8)]


@given(st.data())
def test_whatever_depends_on_what_all_are_started_once_and_in_order(data: st.DataObject):
    services = []
    for number, name in enumerate(NAMES):
        earlier = data.draw(st.sets(st.sampled_from(NAMES[:number]))) if number else set()
        services.append(service(name, *earlier, replicas=data.draw(st.integers(1, 3))))
    parts = start_order(data.draw(st.permutations(services)))
    seen: set[str] = set()
    for part in parts:
        assert seen.issuperset(part.after)
        assert part.name not in seen
        seen.add(part.name)
    assert len(parts) == sum(each.replicas for each in services)
