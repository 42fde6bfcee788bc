from dataclasses import replace

import pytest
from worlds import BLOG, FIX, SHOP, World, key, listener, spec

from portdash.model.assignment import Lease, Match, ServiceSpec, Source
from portdash.model.listener import Attribution, Container, Hints, Listener, Ownership
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.planning.kinds import named_like, program_of
from portdash.planning.ownership import attribute, gather
from portdash.planning.places import compose_name, is_below

CONFIRMED, PRESUMED, UNKNOWN, FOREIGN = Ownership
HERE = "/home/me/src/shop"
ELSEWHERE = Project(root="/home/me/src/notes", name="notes")


def judge(
    seen: Listener, wanted: ServiceSpec | None = None, workspace: str = "shop", world: World | None = None
) -> Attribution:
    world = world or World().has("web", 3000)
    facts = gather(workspaces=world.workspaces, leases=world.leases, assignments=world.rows, environment="dev")
    return attribute(seen, key("web", workspace), wanted or spec("web"), facts)


def compose(project: str | None, name: str = "shop-web-1", directory: str | None = None) -> Container:
    return Container(id="c1", name=name, compose_project=project, compose_service="web", directory=directory)


@pytest.mark.parametrize(
    ("seen", "wanted", "ownership"),
    [
        # the working directory, and what runs there
        (listener(3000, cwd=HERE), spec("web"), PRESUMED),
        (listener(3000, cwd=f"{HERE}/packages/site"), spec("web"), PRESUMED),
        (listener(3000, cwd=HERE), spec("web", type="web"), CONFIRMED),
        (listener(3000, cwd=HERE, name="python3.11"), spec("web", type="api"), CONFIRMED),
        (listener(3000, cwd=HERE, name="my-own-server"), spec("web", type="web"), PRESUMED),
        (listener(3000, cwd=HERE), spec("web", type="database"), UNKNOWN),
        (listener(3000, cwd=HERE, name="web"), spec("web"), CONFIRMED),
        (listener(3000, cwd=HERE, name=None), spec("web"), PRESUMED),
        (listener(3000, cwd=HERE, user="root"), spec("web", type="web"), UNKNOWN),
        # another checkout, another project, a neighbour whose name begins alike
        (listener(3000, cwd=FIX.root), spec("web"), FOREIGN),
        (listener(3000, cwd=BLOG.root), spec("web"), FOREIGN),
        (listener(3000, cwd=ELSEWHERE.root, project=ELSEWHERE), spec("web"), FOREIGN),
        (listener(3000, cwd=f"{HERE}-old"), spec("web"), UNKNOWN),
        # a worktree that lies inside this workspace is its own project
        (
            listener(
                3000,
                cwd=f"{HERE}/.worktrees/x/src",
                project=Project(root=f"{HERE}/.worktrees/x", name="shop", repository="shop", worktree="x"),
            ),
            spec("web", type="web"),
            FOREIGN,
        ),
        # rules
        (listener(3000, cwd=HERE), spec("web", match=Match(process="NODE")), CONFIRMED),
        (listener(3000, cwd=HERE), spec("web", match=Match(process="ruby")), UNKNOWN),
        (
            listener(3000, cwd="/srv", command=("node", "next", "dev")),
            spec("web", match=Match(command="next dev")),
            CONFIRMED,
        ),
        (listener(3000, cwd="/srv/app/x"), spec("web", match=Match(process="node", directory="/srv/app")), CONFIRMED),
        (listener(3000, cwd="/srv/application"), spec("web", match=Match(directory="/srv/app")), UNKNOWN),
        (listener(3000, cwd=BLOG.root), spec("web", match=Match(process="node")), FOREIGN),
        (listener(3000, cwd=BLOG.root), spec("web", match=Match(process="node", directory=BLOG.root)), CONFIRMED),
        (listener(3000, cwd="/"), spec("web", match=Match()), UNKNOWN),
        (listener(3000, cwd="/", unit="shop.service"), spec("web", match=Match(unit="shop")), CONFIRMED),
        (listener(3000, cwd=HERE, unit="shop.service"), spec("web", match=Match(unit="other.service")), UNKNOWN),
        (listener(3000, cwd="/"), spec("web", match=Match(unit="shop")), UNKNOWN),
        # no project at all
        (listener(3000, cwd="/var/lib/pg", name="postgres"), spec("web", type="database"), PRESUMED),
        (listener(3000, cwd="/var/lib/pg", name="postgres", user="postgres"), spec("web", type="database"), UNKNOWN),
        (listener(3000, cwd=None, name="launchd-ish"), spec("web"), UNKNOWN),
        (listener(3000, pid=None, user="root"), spec("web"), UNKNOWN),
        # containers
        (listener(3000, container=compose("shop")), spec("web"), CONFIRMED),
        (listener(3000, container=compose("blog")), spec("web"), FOREIGN),
        (
            listener(3000, container=compose("shop"), project=Project(root=BLOG.root or "", name="blog")),
            spec("web"),
            FOREIGN,
        ),
        (listener(3000, container=compose("deploy", directory=f"{HERE}/deploy")), spec("web"), CONFIRMED),
        (listener(3000, container=compose("shop", directory=HERE)), spec("web"), CONFIRMED),
        (listener(3000, container=compose("shop", directory=FIX.root)), spec("web"), FOREIGN),
        (listener(3000, container=compose("shop", directory="/srv/shop")), spec("web"), FOREIGN),
        (listener(3000, container=compose(None, directory=f"{HERE}/x")), spec("web"), CONFIRMED),
        (listener(3000, container=compose(None)), spec("web"), PRESUMED),
        (listener(3000, container=compose(None, "lonely_dijkstra")), spec("web"), UNKNOWN),
        (listener(3000, container=compose("else", "x")), spec("web", match=Match(process="x")), CONFIRMED),
        (
            listener(3000, name="docker-proxy", container=compose("blog")),
            spec("web", match=Match(process="docker-proxy")),
            FOREIGN,
        ),
    ],
)
def test_what_the_evidence_says(seen: Listener, wanted: ServiceSpec, ownership: Ownership):
    verdict = judge(seen, wanted)
    assert verdict.ownership is ownership, verdict.evidence
    assert verdict.evidence


@pytest.mark.parametrize(
    ("seen", "ownership"),
    [
        (listener(3000, cwd="/home/me"), PRESUMED),
        (listener(3000, cwd="/home/me", user="root"), UNKNOWN),
        (listener(3000, cwd=BLOG.root), FOREIGN),
        (listener(3000, cwd=ELSEWHERE.root, project=ELSEWHERE), FOREIGN),
    ],
)
def test_outside_any_project_ones_own_process_is_presumed(seen: Listener, ownership: Ownership):
    assert judge(seen, workspace="default").ownership is ownership


def leased(workspace: str, pid: int) -> World:
    world = World().has("web", 3000).has("web", 3001, "blog").has("api", 3002)
    name = "api" if workspace == "api" else "web"
    who = key(name, "shop" if workspace == "api" else workspace)
    world.leases[who] = Lease(key=who, pid=pid, started=1, boot_id="b", token="t")  # noqa: S106
    return world


@pytest.mark.parametrize(
    ("workspace", "pid", "ownership"),
    [
        ("shop", 4121, CONFIRMED),
        ("shop", 77, CONFIRMED),
        ("blog", 4121, FOREIGN),
        ("blog", 77, FOREIGN),
        ("api", 4121, FOREIGN),
        ("api", 77, FOREIGN),
        ("shop", 1234, PRESUMED),
    ],
)
def test_a_lease_beats_everything_else(workspace: str, pid: int, ownership: Ownership):
    seen = listener(3000, cwd=HERE, ancestors=(78, 77))
    verdict = judge(seen, world=leased(workspace, pid))
    assert verdict.ownership is ownership
    if workspace == "blog" and pid == 4121:
        assert verdict.evidence == ("process 4121 has leased blog/web",)


def test_a_neighbours_lease_above_says_less_than_the_services_own_rule_or_container():
    world = leased("api", 77)
    ruled = spec("web", match=Match(process="node", command="next"))
    by_rule = listener(3000, cwd=HERE, command=("next", "dev"), ancestors=(77,))
    by_container = listener(3000, container=compose("shop"), ancestors=(77,))
    assert judge(by_rule, ruled, world=world).ownership is CONFIRMED
    assert judge(by_container, world=world).ownership is CONFIRMED


def test_a_server_below_a_lease_is_the_leased_services_wherever_it_listens():
    world = leased("api", 77)
    world.listeners = [listener(3000, cwd=HERE, ancestors=(77,))]
    assert [each.port for each in world.view("api").elsewhere] == [3000]
    assert [each.kind.value for each in world.view("web").conflicts] == ["squatted"]
    assert [each.kind.value for each in world.view("api").conflicts] == ["misplaced"]


def test_what_was_adopted_unread_stays_ones_own_until_it_can_be_read():
    world = World().has("web", 3000, source=Source.DETECTED)
    assert judge(listener(3000, pid=None, user="root"), world=world).ownership is PRESUMED
    assert judge(listener(3000, container=compose(None, "some-db")), world=world).ownership is PRESUMED
    assert judge(listener(3000, cwd=BLOG.root), world=world).ownership is FOREIGN


@pytest.mark.parametrize(
    ("unit", "cwd", "user", "ownership", "evidence"),
    [
        ("shop-web.service", "/", "me", CONFIRMED, "its unit shop-web.service is that of shop/web"),
        ("web.service", HERE, "me", CONFIRMED, "its unit web.service is that of shop/web"),
        ("web@2.service", "/", "me", PRESUMED, "its unit web@2.service is named like it"),
        ("webserver.service", "/", "me", UNKNOWN, "nothing ties node 4121 to it"),
        ("shop-web.service", BLOG.root, "me", FOREIGN, "node 4121 works in blog"),
        ("shop-web.service", "/", "www-data", UNKNOWN, "node 4121 runs as www-data"),
    ],
)
def test_a_unit_named_like_the_service(unit: str, cwd: str, user: str, ownership: Ownership, evidence: str):
    verdict = judge(listener(3000, cwd=cwd, user=user, unit=unit))
    assert (verdict.ownership, verdict.evidence) == (ownership, (evidence,))


def test_a_rule_of_its_own_counts_and_no_name_of_a_unit():
    ruled = spec("web", match=Match(process="ruby"))
    hints = Hints(service="web", workspace="shop")
    assert judge(listener(3000, cwd="/", unit="shop-web.service", hints=hints), ruled).ownership is UNKNOWN


def test_another_checkout_is_foreign_and_both_are_named():
    theirs, ours = listener(3000, cwd=FIX.root), listener(3000, cwd=SHOP.root)
    assert judge(theirs).evidence == ("node 4121 works in shop@fix-login, another checkout than shop",)
    (evidence,) = judge(ours, workspace=FIX.name).evidence
    assert evidence == "node 4121 works in shop, another checkout than shop@fix-login"
    unknown = Project(root="/home/me/src/shop-x", name="shop", repository="shop", worktree="x")
    assert judge(listener(3000, cwd=unknown.root, project=unknown)).evidence == (
        "node 4121 works in shop@x, another checkout than shop",
    )
    namesake = Project(root="/srv/shop", name="shop", repository="shop")
    assert judge(listener(3000, cwd="/srv/shop", project=namesake)).evidence == ("node 4121 works in shop",)


@pytest.mark.parametrize(
    ("service", "workspace", "ownership"),
    [("web", "shop", PRESUMED), ("Web", "shop", PRESUMED), ("api", "shop", UNKNOWN), ("web", "blog", UNKNOWN)],
)
def test_what_it_was_once_started_as(service: str, workspace: str, ownership: Ownership):
    hints = Hints(service=service, workspace=workspace)
    verdict = judge(listener(3000, cwd="/", hints=hints))
    assert (verdict.ownership, verdict.evidence) == (
        ownership,
        (f"node 4121 was once started as {workspace}/{service}",),
    )


@pytest.mark.parametrize(
    ("kind", "name", "framework", "ownership"),
    [
        ("queue", "java", "kafka", CONFIRMED),
        ("queue", "beam.smp", "rabbitmq", CONFIRMED),
        ("database", "beam.smp", "rabbitmq", UNKNOWN),
        ("database", "java", "kafka", UNKNOWN),
        ("web", "python", "django", CONFIRMED),
        ("api", "java", "kafka", PRESUMED),
    ],
)
def test_what_the_command_line_says_counts_before_the_name(kind: str, name: str, framework: str, ownership: Ownership):
    assert (
        judge(listener(3000, cwd=HERE, name=name, framework=framework), spec("web", type=kind)).ownership is ownership
    )


def test_a_service_named_after_a_framework_is_what_that_runs():
    (evidence,) = judge(listener(3000, cwd=HERE, framework="web")).evidence
    assert evidence == "node 4121 works in shop, is web and is what runs web"


def test_evidence_is_safe_to_show():
    nasty = replace(listener(3000, name="\x1b]52;c;x\x07node"), project=None)
    assert all(text.isprintable() for text in judge(nasty).evidence)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("node", "node"),
        ("Python3.11", "python"),
        ("next-server (v15.0.3)", "next-server"),
        ("postgres: writer", "postgres"),
        ("php-fpm8.2", "php-fpm"),
        ("node.exe", "node"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_programs_are_known_without_their_versions(name: str, program: str):
    assert program_of(name) == program


def test_names_of_containers_and_directories():
    assert named_like(spec("redis"), "my-redis-1")
    assert named_like(spec("store", type="database"), "app_postgres_1")
    assert not named_like(spec("redis"), "redistribute")
    assert compose_name("My Shop.v2") == "myshopv2"
    assert is_below("/a/b", "/a/b/")
    assert not is_below("/a/bc", "/a/b")
    assert SHOP.root == HERE


def test_the_protocol_does_not_matter_to_the_judgement():
    assert judge(listener(3000, cwd=HERE, protocol=IpProtocol.UDP)).ownership is PRESUMED


def test_where_a_container_s_project_is_says_more_than_what_it_is_called():
    told = judge(listener(3000, container=compose("shop", directory=f"{FIX.root}/deploy")))
    assert told == Attribution(FOREIGN, ("container shop-web-1 belongs to shop@fix-login",))
    told = judge(listener(3000, container=compose("shop", directory="/srv/\x1b")))
    assert told == Attribution(FOREIGN, ("container shop-web-1 of compose project shop in /srv/\\x1b",))
    told = judge(listener(3000, container=compose("deploy", directory=f"{HERE}/deploy")))
    assert told == Attribution(CONFIRMED, ("container shop-web-1 belongs to shop",))
    inner = Project(root=f"{HERE}/deploy", name="deploy")
    told = judge(listener(3000, container=compose("shop", directory=f"{HERE}/deploy"), project=inner))
    assert told == Attribution(FOREIGN, ("container shop-web-1 belongs to deploy",))
