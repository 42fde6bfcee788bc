import pytest
from worlds import FIX, SHOP, World, ask, key

from portdash.model.assignment import Match, Source
from portdash.model.conflict import ConflictKind
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Ownership
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.project import Project
from portdash.model.snapshot import Status
from portdash.model.workspace import Workspace
from portdash.planning.conflicts import contested

HERE = SHOP.root


def kinds(world: World, name: str, workspace: str = "shop") -> list[str]:
    return [each.kind.value for each in world.view(name, workspace).conflicts]


def test_status_in_one_word():
    world = World().has("up", 3000).has("db", 3001).has("taken", 3002).has("idle", 3003)
    world.declares("new", has_command=True).declares("idle").has("off", 3004).declares("off", has_command=True)
    world.declares("unplaced")
    world.listens(3000, cwd=HERE).listens(3001, cwd=HERE).listens(3002)
    world.health[key("db")] = Health(state=HealthState.HEALTHY, level=HealthLevel.PROTOCOL)
    found = {view.name: view.status for view in world.snapshot().services}
    assert found == {
        "up": Status.RUNNING,
        "db": Status.CONNECTED,
        "taken": Status.CONFLICT,
        "idle": Status.AVAILABLE,
        "new": Status.STOPPED,
        "off": Status.STOPPED,
        "unplaced": Status.STOPPED,
    }


def test_this_workspace_first_then_its_worktrees_then_by_label():
    extra = Workspace(name="blog~cd34", root="/x/blog-try", repository="blog", worktree="try")
    world = World(workspaces=(*World().workspaces, extra), here="shop~ab12")
    for number, workspace in enumerate(("blog", "shop", "shop~ab12", "default", "blog~cd34")):
        world.has("web", 3000 + number, workspace).has("api", 3100 + number, workspace)
    order = [f"{view.key.workspace}/{view.name}" for view in world.snapshot().services]
    spaces = ["shop~ab12", "shop", "blog", "blog~cd34", "default"]
    assert order == [f"{space}/{name}" for space in spaces for name in ("api", "web")]


def test_other_environments_hold_their_ports_and_are_not_shown():
    world = World().has("web", 3000, environment="test").has("web", 3001)
    snapshot = world.snapshot()
    assert [view.port for view in snapshot.services] == [3001]
    assert len(snapshot.assignments) == 2


def test_squatted_says_who_and_why():
    fix = Project(root=FIX.root or "", name="shop", repository="shop", worktree="fix-login")
    world = World().has("web", 3000).listens(3000, cwd=FIX.root, project=fix, via="claude")
    (conflict,) = world.view("web").conflicts
    assert (conflict.kind, conflict.holder) == (ConflictKind.SQUATTED, "node 4121 (shop@fix-login, claude)")
    assert conflict.detail == ("web cannot have 3000: node 4121 works in shop@fix-login, another checkout than shop")


def test_an_unknown_holder_squats_too():
    world = World().has("web", 5000).listens(5000, pid=None, user="root")
    view = world.view("web")
    assert [each.holder for each in view.conflicts] == ["owner hidden (root)"]
    assert view.attribution is not None
    assert view.attribution.ownership is Ownership.UNKNOWN
    assert not view.is_running


def test_the_other_protocol_is_another_port():
    world = World().has("web", 3000).listens(3000, protocol=IpProtocol.UDP)
    assert kinds(world, "web") == []


def test_misplaced_by_lease_and_by_rule():
    leased = World().has("web", 3000).runs("web", port=3005)
    assert kinds(leased, "web") == ["misplaced"]
    assert leased.view("web").is_running
    assert [each.port for each in leased.view("web").elsewhere] == [3005]
    ruled = World().has("web", 3000, match=Match(process="node", directory=HERE)).listens(3005, cwd=HERE)
    assert kinds(ruled, "web") == ["misplaced"]
    assert "web runs on 3005 instead of 3000" in ruled.view("web").conflicts[0].detail


def test_a_second_port_of_a_running_service_is_not_misplaced():
    world = World().has("web", 3000).runs("web").listens(9229, pid=20_000, cwd=HERE)
    view = world.view("web")
    assert view.conflicts == ()
    assert [each.port for each in view.elsewhere] == [9229]


def test_a_rule_that_fits_several_names_the_one_that_is_missing():
    rule = Match(process="node", directory=HERE)
    world = (
        World()
        .has("web", 3000, match=rule)
        .has("docs", 3001, match=rule)
        .listens(3000, cwd=HERE)
        .listens(3005, cwd=HERE)
    )
    assert kinds(world, "docs") == ["misplaced"]
    assert kinds(world, "web") == []
    both = World().has("web", 3000, match=rule).has("docs", 3001, match=rule).listens(3005, cwd=HERE)
    assert kinds(both, "web") == kinds(both, "docs") == []


def test_a_process_name_alone_finds_nobody():
    world = World().has("web", 3000, match=Match(process="node")).listens(3005, cwd="/opt")
    assert kinds(world, "web") == []


def test_the_checkout_next_door_on_our_port():
    world = World().has("web", 3000, preferred=(3000,)).has("web", 3002, FIX.name, preferred=(3000,))
    world.runs("web", FIX.name, port=3000)
    assert kinds(world, "web") == ["squatted"]
    assert kinds(world, "web", FIX.name) == ["misplaced"]
    (seen,) = world.snapshot().listeners
    assert (seen.key, seen.is_owned) == (key("web", FIX.name), True)


def test_services_that_share_a_port_share_its_server():
    world = World().has("api", 8000).has("ws", 8000, inherit_from="api", match=Match(process="node", directory="/opt"))
    world.listens(8000, cwd="/opt")
    assert world.view("api").status is world.view("ws").status is Status.RUNNING
    assert world.snapshot().listeners[0].key == key("api")
    assert kinds(world, "api") == []


def test_duplicates_are_seen_from_both_sides_unless_one_inherits():
    world = World().has("a", 3000).has("b", 3000, "blog").has("kid", 3000, inherit_from="a")
    assert kinds(world, "a") == ["duplicate"]
    assert kinds(world, "b", "blog") == ["duplicate"] * 2
    alone = World().has("a", 3000).has("kid", 3000, inherit_from="a")
    assert alone.snapshot().conflicts == ()


def test_mutual_counts_through_inheritance_and_across_protocols():
    world = World().has("server", 3000, conflicts_with=("client",)).has("client", 3000, inherit_from="server")
    assert kinds(world, "server") == kinds(world, "client") == ["mutual"]
    assert "by inheritance" in world.view("client").conflicts[0].detail
    udp = World().has("a", 3000, conflicts_with=("B",)).has("b", 3000, protocol=IpProtocol.UDP)
    assert kinds(udp, "a") == ["mutual"]
    elsewhere = World().has("a", 3000, conflicts_with=("b",)).has("b", 3000, "blog", protocol=IpProtocol.UDP)
    assert kinds(elsewhere, "a") == []


@pytest.mark.parametrize(
    ("ours", "theirs", "shadowed"),
    [
        ("127.0.0.1", "::1", True),
        ("0.0.0.0", "::1", True),
        ("::", "127.0.0.1", True),
        ("127.0.0.1", "192.168.1.7", False),
        ("0.0.0.0", "127.0.0.53", False),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("192.168.1.7", "127.0.0.1", True),
        ("0.0.0.0", "::", True),
        ("127.0.0.1", "0.0.0.0", False),
    ],
)
def test_shadowed_when_another_answers_part_of_localhost(ours: str, theirs: str, shadowed: bool):
    world = (
        World()
        .has("web", 3000)
        .listens(3000, cwd=HERE, address=ours)
        .listens(3000, pid=5, name="postgres", address=theirs)
    )
    view = world.view("web")
    assert [each.kind.value for each in view.conflicts] == (["shadowed"] if shadowed else [])
    assert view.is_running
    assert view.listeners[0].pid == 4121, "own servers come first"
    if shadowed:
        assert "postgres 5" in view.conflicts[0].detail
        assert "node 4121" in view.conflicts[0].detail


@pytest.mark.parametrize(
    ("wishes", "port", "source", "expected"),
    [
        ({"type": "web"}, 5555, None, ["out_of_range"]),
        ({"type": "web"}, 10005, None, []),
        ({"type": "web"}, 5555, Source.OVERRIDE, []),
        ({"type": "web"}, 5555, Source.DETECTED, []),
        ({"type": "web", "preferred": (1, 5555)}, 5555, Source.FALLBACK, []),
        ({"range": PortRange(5000, 5001)}, 5555, Source.SEQUENTIAL, ["out_of_range"]),
        ({"exclude": frozenset({5555})}, 5555, None, ["forbidden"]),
        ({"type": "web", "preferred": (6000,)}, 6000, None, ["forbidden"]),
        ({}, 4321, None, ["forbidden"]),
    ],
)
def test_notices(wishes: dict[str, object], port: int, source: Source | None, expected: list[str]):
    world = World().has("web", port, source=source, **wishes)
    assert kinds(world, "web") == expected
    assert world.view("web").status is Status.AVAILABLE


def test_conflicts_come_worst_first():
    world = (
        World().has("a", 3000).has("z", 3001).has("n", 4321).listens(3001, cwd="/home/me/src/blog").runs("a", port=3009)
    )
    assert [each.kind.value for each in world.snapshot().conflicts] == ["squatted", "misplaced", "forbidden"]


@pytest.mark.parametrize(
    ("world", "free"),
    [
        (World().has("web", 3001, home=3000), True),
        (World().has("web", 3001, preferred=(3000,)), True),
        (World().has("web", 3001, preferred=(3000,)).listens(3000), False),
        (World().has("web", 3001, home=3000).has("api", 3000), False),
        (World().has("web", 3000, preferred=(3000,)), False),
        (World().has("web", 3001, preferred=(3000,), source=Source.OVERRIDE), False),
    ],
)
def test_whether_the_missed_port_is_free_now(world: World, free: bool):
    assert world.view("web").home_free is free


def test_contested_wishes_are_looked_for_only_when_asked():
    world = World().has("hrm", 8085, preferred=(8085,), priority=2).declares("voice", preferred=(8085,))
    world.has("other", 9000, "blog", preferred=(8085,)).has("kid", 8085, inherit_from="hrm", preferred=(8085,))
    (conflict,) = contested(world.snapshot())
    assert (conflict.name, conflict.holder, conflict.port) == ("voice", "shop/hrm", 8085)
    assert conflict.detail == "voice and hrm both prefer 8085"
    assert not any(each.kind is ConflictKind.CONTESTED for each in world.snapshot().conflicts)


def test_instances_of_one_service_contest_nothing():
    world = World().has("web", 3000, preferred=(3000,)).has("web@2", 3001, preferred=(3000,))
    assert contested(world.snapshot()) == ()
    found = contested(world.declares("zoo", preferred=(3000, 3001)).snapshot())
    assert [(each.name, each.holder, each.port) for each in found] == [("zoo", "shop/web", 3000)]


def test_a_declared_service_shows_what_is_declared_and_keeps_its_rule():
    rule = Match(process="node")
    world = World().has("web", 3000, match=rule).declares("web", type="web", priority=1)
    view = world.view("web")
    assert (view.spec.type, view.spec.match, view.port) == ("web", rule, 3000)


def test_a_new_service_sees_its_server_only_by_lease_or_rule():
    world = World().declares("web", match=Match(process="node", directory=HERE)).listens(3000, cwd=HERE)
    view = world.view("web")
    assert view.status is Status.RUNNING
    assert [each.port for each in view.elsewhere] == [3000]
    assert ask("web").key == view.key


def test_a_conflict_about_a_shared_port_counts_once():
    world = World().has("web", 3000).has("socket", 3000, inherit_from="web").has("deep", 3000, inherit_from="socket")
    world.listens(3000)
    snapshot = world.snapshot()
    assert [(each.key.service, each.kind) for each in snapshot.conflicts] == [("web", ConflictKind.SQUATTED)]
    for name in ("web", "socket", "deep"):
        assert [each.kind for each in world.view(name).conflicts] == [ConflictKind.SQUATTED]
        assert world.view(name).status is Status.CONFLICT


def test_a_child_that_is_not_where_its_parent_is_has_a_conflict_of_its_own():
    world = World().has("web", 3000).has("socket", 3001, inherit_from="web").listens(3001)
    assert [each.key.service for each in world.snapshot().conflicts] == ["socket"]
