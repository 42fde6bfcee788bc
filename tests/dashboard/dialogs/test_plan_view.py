"""A plan in words."""

from dataclasses import replace

import pytest
from dialog_fakes import API, API_ROW, END, HOME, OTHER, SOCKET, WEB, key, move, plan, snapshot, view
from row_texts import KEYS

from portdash.dashboard.screens.outcomes import outcome_text
from portdash.dashboard.screens.plan_view import (
    back_text,
    cost_text,
    left_lines,
    step_cells,
    to_do_lines,
    tried,
)
from portdash.dashboard.screens.resolve_words import consent_word, headline
from portdash.dashboard.screens.shell import command, release_command
from portdash.manager.apply import Outcome
from portdash.model.assignment import Lease, Reason, Verdict
from portdash.model.ending import Tool
from portdash.model.history import Change, Operation
from portdash.model.listener import Container
from portdash.model.plan import Action, Cost, Step, Unresolved
from portdash.model.snapshot import Declaration, Snapshot
from portdash.report.starting import ToDo, held_note, how_to_start, spoken_name, tilde

SCENE = snapshot()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (move(WEB, 3003), ("move", "shop/web  3000 → 3003")),
        (
            Step(action=Action.ASSIGN, reason="", key=key("new"), options=(replace(WEB, port=1),)),
            ("assign", "shop/new"),
        ),
        (Step(action=Action.RELEASE, reason="", key=OTHER.key, before=OTHER), ("release", "shop@fix-login/web  3002")),
        (END, ("end", "node 4121 on 3000: TERM, up to 5s, never KILL")),
    ],
)
def test_a_step_is_a_verb_and_its_object(step: Step, words: tuple[str, str]):
    verb, what = step_cells(step, SCENE)
    assert verb == words[0]
    assert what.startswith(words[1].removesuffix("shop/new"))


def test_what_a_plan_costs_leaves_and_can_take_back():
    moving = plan("p", move(WEB, 3003), left=(Unresolved("x\x1b[2J"),))
    assert cost_text(moving) == "1 service moves, no process ends"
    assert left_lines(moving) == ("x\\x1b[2J",)
    assert cost_text(replace(moving, cost=Cost(moved=1, running_moved=1))).startswith(
        "1 service moves, 1 of them running,"
    )
    assert back_text(moving, KEYS) == "u undoes all of it"
    ending = plan("p", END)
    assert cost_text(ending) == "ends 1 process not portdash's"
    stop = replace(END, action=Action.STOP_CONTAINER)
    assert cost_text(replace(ending, steps=(END, stop), cost=Cost(terminated=2))) == (
        "ends 1 process and 1 container not portdash's"
    )
    assert cost_text(replace(ending, steps=(stop,))) == "ends 1 container not portdash's"
    strayed = replace(END, target=replace(END.target, is_supervised=True)) if END.target else END
    assert cost_text(replace(ending, steps=(strayed,))) == "ends 1 process that portdash runs"
    assert cost_text(replace(ending, steps=(END, strayed), cost=Cost(terminated=2))) == (
        "ends 2 processes, some of them run by portdash"
    )
    assert back_text(ending, KEYS) == "node 4121 cannot be brought back"
    both = replace(ending, steps=(END, *moving.steps))
    assert back_text(both, KEYS) == "node 4121 cannot be brought back; u undoes the rest"
    assert (cost_text(plan("p")), left_lines(plan("p"))) == ("nothing", ())
    assert cost_text(replace(moving, optimal=False)).endswith("a cheaper way may exist")


def test_what_the_planner_wants_started_again_is_told_once_with_its_command():
    still = Unresolved("shop/api still runs on 8000: start it again on 8002", asked=False, restart=API_ROW.key)
    both = plan("p", move(API_ROW, 8002), move(SOCKET, 8002), left=(still, Unresolved("web stays", asked=False)))
    assert to_do_lines(both, SCENE, HOME) == ("start api again: PORT=8002 uvicorn  in ~/src/shop",)
    assert left_lines(both) == ("web stays",)


def test_a_moved_service_that_runs_needs_nothing_where_the_planner_wants_nothing():
    seen = replace(SCENE, services=(replace(view(OTHER), elsewhere=(replace(API, port=3000),)),))
    assert to_do_lines(plan("p", move(OTHER, 3000)), seen, HOME) == ()


def test_a_moved_service_that_does_not_run_is_told_how_to_start():
    assert to_do_lines(plan("p", move(OTHER, 3000)), SCENE, HOME) == ("start shop@fix-login/web with PORT=3000",)


@pytest.mark.parametrize(
    ("command_line", "said"),
    [
        (("vite", "--port", "8000"), "vite --port 8002"),
        (("vite", "--port=8000"), "vite --port=8002"),
        (("gunicorn", "-b", "127.0.0.1:8000"), "gunicorn -b 127.0.0.1:8002"),
        (("node", "80001"), "PORT=8002 node 80001"),
        (("sh", "a b; rm"), "PORT=8002 sh 'a b; rm'"),
    ],
)
def test_a_command_that_names_the_old_port_is_told_with_the_new_one(command_line: tuple[str, ...], said: str):
    assert API.owner
    running = view(API_ROW, replace(API, owner=replace(API.owner, command=command_line)))
    line = how_to_start(replace(SCENE, services=(running,)), replace(API_ROW, port=8002)).line(HOME)
    assert line == f"start api again: {said}  in ~/src/shop"


@pytest.mark.parametrize("odd", ["a\nb", "\x1b[2J", "x" * 300])
def test_a_command_that_cannot_be_typed_as_it_is_told_is_not_told(odd: str):
    there = declaring("node", "-e", odd)
    assert how_to_start(there, replace(WEB, port=3003)).line(HOME) == "start web with PORT=3003  in ~/src/shop"


def declaring(*command: str, name: str = "web", directory: str | None = f"{HOME}/src/shop") -> Snapshot:
    declared = Declaration(key(name), WEB.spec, has_command=True, command=command, directory=directory)
    return replace(SCENE, declarations=(declared,))


@pytest.mark.parametrize(
    ("command_line", "said"),
    [
        (("npm", "run", "dev"), "PORT=3003 npm run dev"),
        (("vite", "--port", "{port}"), "vite --port 3003"),
        (("sh", "-c", "serve {url}"), "sh -c 'serve http://localhost:3003'"),
    ],
)
def test_a_declared_command_is_told_before_the_one_that_runs(command_line: tuple[str, ...], said: str):
    there = declaring(*command_line)
    assert how_to_start(there, replace(WEB, port=3003)).line(HOME) == f"start web: {said}  in ~/src/shop"
    running = view(WEB, replace(API, port=3000))
    seen = replace(there, services=(running,))
    assert how_to_start(seen, replace(WEB, port=3003)).line(HOME) == f"start web again: {said}  in ~/src/shop"


def test_a_declared_command_that_names_the_port_it_had_is_told_with_the_new_one():
    row = replace(WEB, port=3003, home=3000)
    assert how_to_start(declaring("vite", "--port=3000"), row).text == "start web: vite --port=3003"


def test_a_further_instance_is_started_by_the_command_of_its_service():
    second = replace(WEB, key=key("web@2"), spec=replace(WEB.spec, name="web@2"), port=3004)
    seen = replace(declaring("npm", "start"), services=(view(second),))
    assert how_to_start(seen, second).text == "start web@2: PORT=3004 npm start"


def test_a_command_that_would_have_to_be_masked_is_not_told_as_one_to_type():
    there = declaring("serve", "--token=hunter2")
    assert how_to_start(there, replace(WEB, port=3003)).line(HOME) == "start web with PORT=3003  in ~/src/shop"


def test_a_command_that_may_not_be_started_is_not_passed_on():
    assert how_to_start(declaring(), replace(WEB, port=3003)).line(HOME) == "start web with PORT=3003"


def test_who_has_the_port_back_after_an_end_is_told_with_its_command():
    assert to_do_lines(plan("p", END), declaring("npm", "run", "dev"), HOME) == (
        "start web: PORT=3000 npm run dev  in ~/src/shop",
    )
    lease = Lease(key=WEB.key, pid=1, started=1, boot_id="b", token="t", supervised=True)  # noqa: S106  no secret
    assert to_do_lines(plan("p", END), replace(SCENE, leases={WEB.key: lease}), HOME) == ()


def test_a_server_that_is_ended_where_it_should_not_be_is_told_of_too():
    strayed = replace(SCENE, services=(replace(view(API_ROW), elsewhere=(replace(API, port=3000),)),))
    assert to_do_lines(plan("p", END), strayed, HOME) == ("start api again: PORT=8000 uvicorn  in ~/src/shop",)


def test_what_a_tool_stops_the_tool_starts():
    assert END.target
    tool = Tool("the unit api.service", ("systemctl", "--user", "stop", "api.service"))
    step = replace(END, target=replace(END.target, port=8000, tool=tool))
    assert to_do_lines(plan("p", step), SCENE, HOME) == ("start api again: systemctl --user start api.service",)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (90, "web is 3003. u undoes. Start web: PORT=3003 npm run dev  in ~/src/shop"),
        (70, "web is 3003. u undoes. Start web: PORT=3003 npm run dev"),
        (20, "web is 3003. u undoes. Start web: PORT=3003 npm run dev"),
    ],
)
def test_a_toast_names_the_command_in_the_room_that_there_is(width: int, said: str):
    left = ToDo(WEB.key, "start web: PORT=3003 npm run dev", f"{HOME}/src/shop", 3003)
    changes = (Change(before=WEB, after=replace(WEB, port=3003)),)
    operation = Operation(id="1", title="t", workspace="shop", actor="x", at=0.0, revision=8, changes=changes)
    outcome = Outcome(operation=operation, lines=("web is 3003",), to_do=(left,))
    assert outcome_text(outcome, HOME, width=width, undo="u") == said
    more = replace(outcome, lines=("web is 3003", ".env says so, too"))
    assert outcome_text(more, HOME, width=60, undo="u") == "web is 3003. u undoes. Start web: PORT=3003 npm run dev"
    ended = Outcome(operation=None, lines=("3000 is free",), to_do=(left, ToDo(API_ROW.key, "start api")))
    assert outcome_text(ended, HOME, width=90, undo="u") == "3000 is free. Start web and api: their details say how"
    assert outcome_text(ended, HOME, width=20).endswith("Start 2 services: their details say how")
    assert outcome_text(replace(ended, to_do=()), HOME, width=20) == "3000 is free"


def test_who_holds_the_port_of_what_is_to_be_started_is_named():
    assert held_note(SCENE, WEB.key) == "3000 is held by node 4121: it gets another port"
    assert held_note(SCENE, API_ROW.key) == held_note(SCENE, OTHER.key) == ""


def test_a_container_is_published_elsewhere():
    running = view(API_ROW, replace(API, container=Container(id="1", name="api-1")))
    line = how_to_start(replace(SCENE, services=(running,)), replace(API_ROW, port=8002)).line(HOME)
    assert line.startswith("publish api-1 on 8002 instead of 8000")
    assert how_to_start(replace(SCENE, services=(running,)), API_ROW).line(HOME) == "start the container api-1 again"


def test_the_ports_that_were_passed_over_are_told_shortly():
    refused = tuple(Reason(port, Verdict.EXCLUDED) for port in range(1, 8))
    assert tried(replace(WEB, reasons=refused)).endswith("4 excluded, 3 more")
    assert tried(replace(WEB, reasons=refused[:2]), left=1) == "2 excluded"
    assert tried(replace(WEB, reasons=(Reason(None, Verdict.NOT_A_PORT),))) == "? not a port"
    assert tried(replace(WEB, reasons=(Reason(3000, Verdict.CHOSEN),))) == ""


def test_a_service_is_called_as_the_command_line_finds_it():
    assert spoken_name(SCENE, WEB.key) == "web"
    assert spoken_name(SCENE, OTHER.key) == "shop@fix-login/web"
    twins = replace(SCENE, workspaces=(*SCENE.workspaces, replace(SCENE.workspaces[1], name="shop~9999")))
    assert spoken_name(twins, OTHER.key) == "shop~1a2b/web"


def test_shell_lines_are_quoted_and_clean():
    assert command("allocate", "a b", "--purpose", "$(x)\x1b") == "portdash allocate 'a b' --purpose '$(x)\\x1b'"
    assert release_command(SCENE, (WEB.key, OTHER.key)) == "portdash release web; portdash release shop@fix-login/web"


def test_consent_is_the_port_of_one_and_the_count_of_several():
    assert consent_word(plan("p", END)).answer == "3000"
    assert consent_word(plan("p", END, END)).answer == "2"


def test_the_headline_says_who_suffers_what():
    assert headline(SCENE, WEB.key).startswith("Resolve ▲ squatted   shop/web wants 3000   held by node 4121")
    assert headline(SCENE, None) == "Resolve ▲ 2 conflicts"
    assert "no conflict any more" in headline(SCENE, API_ROW.key)


def test_the_home_directory_is_a_tilde_only_as_a_whole():
    assert tilde(f"{HOME}/src", HOME) == "~/src"
    assert tilde(f"{HOME}ie/src", HOME) == f"{HOME}ie/src"
