"""What portdash runs is started again where a plan moves it; what it does not run is for a person to start."""

from dataclasses import replace

from worlds import AGGRESSIVE, MINIMAL, World, actions, ask, key

from portdash.model.plan import Action, Plan, Strategy
from portdash.planning.allocation import plan_allocate
from portdash.planning.moving import plan_move
from portdash.planning.resolution import plan_resolve
from portdash.planning.restarting import moved_keys, restarts_of_followers


def move(world: World, name: str, to: int | None, strategy: Strategy = MINIMAL) -> Plan:
    return plan_move(world.snapshot(), key(name), to, strategy=strategy, actor="cli")


def test_a_supervised_server_that_moves_is_started_again_last():
    made = move(World().has("api", 3000, base=3000).runs("api", supervised=True), "api", 3005)
    assert actions(made) == ["move api 3000 3005", "restart api 3000 3005"]
    assert made.cost.running_moved == 1
    assert made.unresolved == ()
    assert not made.needs_consent


def test_one_that_is_not_supervised_is_for_a_person_to_start():
    made = move(World().has("api", 3000, base=3000).runs("api"), "api", 3005)
    assert actions(made) == ["move api 3000 3005"]
    assert [left.restart for left in made.unresolved] == [key("api")]


def test_one_that_does_not_listen_yet_is_started_again_too():
    world = World().has("api", 3000, base=3000).runs("api", supervised=True)
    world.listeners.clear()
    assert actions(move(world, "api", 3005)) == ["move api 3000 3005", "restart api 3000 3005"]


def test_one_whose_server_is_there_already_is_left_alone():
    world = World().has("api", 3000, base=3000).runs("api", port=3005, supervised=True)
    made = plan_resolve(world.snapshot(), key("api"), strategy=MINIMAL, actor="cli")
    assert actions(made) == ["move api 3000 3005"]


def test_an_aggressive_claim_ends_no_server_of_a_supervisor():
    world = World().has("api", 3000, base=3000).runs("api", supervised=True)
    made = plan_allocate(world.snapshot(), [ask("web", preferred=(3000,))], strategy=AGGRESSIVE, actor="cli")
    assert actions(made) == ["move api 3000 3001", "assign web 3000", "restart api 3000 3001"]
    assert not made.needs_consent
    assert made.unresolved == ()
    assert (made.cost.running_moved, made.cost.terminated) == (1, 0)


def test_but_a_stranger_beside_it_needs_consent():
    world = World().has("api", 3000, base=3000).runs("api", supervised=True).listens(3000, address="::1")
    made = plan_allocate(world.snapshot(), [ask("web", preferred=(3000,))], strategy=AGGRESSIVE, actor="cli")
    assert [step.action for step in made.steps if step.target] == [Action.TERMINATE]
    assert made.steps[-1].action is Action.RESTART


def test_a_server_that_only_seems_to_be_its_own_is_not_taken_for_the_supervisors():
    world = World().has("api", 3000, base=3000).runs("api", supervised=True)
    world.leases[key("api")] = replace(world.leases[key("api")], pid=1999)
    made = plan_allocate(world.snapshot(), [ask("web", preferred=(3000,))], strategy=AGGRESSIVE, actor="cli")
    assert made.needs_consent


def test_what_inherits_and_is_run_is_started_again_with_its_parent():
    world = World().has("api", 3000, base=3000).has("ws", 3000, inherit_from="api").runs("ws", supervised=True)
    made = move(world, "api", 3005)
    assert actions(made)[-1] == "restart ws 3000 3005"


def test_who_follows_is_started_again_where_it_is_if_it_is_supervised():
    world = World().has("api", 3000, base=3000).has("worker", 3010).has("idle", 3011)
    world.runs("api", supervised=True).runs("worker", supervised=True).runs("idle")
    moved = moved_keys(move(world, "api", 3005).steps)
    follow = {"worker": frozenset({"api"}), "idle": frozenset({"api"}), "api": frozenset({"api"})}
    (again,) = restarts_of_followers(world.snapshot(), moved, follow)
    assert (again.key, again.from_port, again.to_port) == (key("worker"), 3010, 3010)
    assert again.reason == "it asks to be when api moves"
    assert not list(restarts_of_followers(world.snapshot(), moved, {"worker": frozenset({"db"})}))


def test_every_instance_follows_what_its_service_follows_and_each_instance_of_it():
    world = World().has("api", 3000).has("api@2", 3001).has("Web", 3010).has("web@2", 3011).has("db", 3012)
    for name in ("api", "api@2", "web", "web@2", "db"):
        world.runs(name, supervised=True)
    follow = {"web": frozenset({"api"}), "db": frozenset({"api@2"})}
    followers = lambda *moved: [  # noqa: E731
        each.key.service for each in restarts_of_followers(world.snapshot(), frozenset(map(key, moved)), follow)
    ]
    assert followers("api") == ["web", "web@2"]
    assert followers("api@2") == ["db", "web", "web@2"]
    assert followers("api", "web") == ["web@2"]


def test_services_of_the_same_name_elsewhere_neither_follow_nor_are_followed():
    world = World().has("api", 3000).has("web", 3010).has("web", 3020, workspace="blog")
    world.runs("web", supervised=True).runs("web", workspace="blog", supervised=True)
    follow = {"web": frozenset({"api"})}
    found = restarts_of_followers(world.snapshot(), (key("api"),), follow)
    assert [each.key for each in found] == [key("web")]
    assert not list(restarts_of_followers(world.snapshot(), (key("api", "blog"),), follow))
