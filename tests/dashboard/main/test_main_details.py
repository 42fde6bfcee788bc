"""The details of a row, beside the list and instead of it."""

from dataclasses import replace
from pathlib import Path

import scenes
from fakes import WEB, desk_for, footer_of, running, screen_lines, until
from row_texts import everything, facts_of, text_of

from portdash.config.show import Row as Setting
from portdash.dashboard.rows.asked import Past
from portdash.dashboard.rows.details import details
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.listener_facts import answer_lines
from portdash.dashboard.rows.matching import matches
from portdash.dashboard.rows.row import OTHERS_KEY, SYSTEM_KEY, Other, service_row_key
from portdash.dashboard.rows.service_details import to_do
from portdash.dashboard.rows.summary import describe
from portdash.dashboard.rows.tab_lines import config_lines
from portdash.model.assignment import Reason, Verdict
from portdash.model.snapshot import SeenListener


async def test_details_beside_the_list():
    async with running(desk_for()) as (pilot, main):
        text = "\n".join(screen_lines(pilot.app))
        for words in (
            "WHY 3000",
            "WHO HOLDS IT",
            "≠ not shop/web",
            "WHO ANSWERS localhost:3000",
            "YOU CAN",
            "WEB_PORT=3000",
        ):
            assert words in text
        assert "claude 3902 › zsh 3907 › npm 4110" in text
        assert "web moves to 3003, nothing ends" in text
        assert "belongs to     shop@fix-login/web, assigned 3002" in text
        await pilot.press("enter")
        assert main.pane.has_focus
        await pilot.press("j", "G")
        assert main.table.cursor == WEB
        await pilot.press("q")
        assert main.table.has_focus


async def test_a_click_on_the_name_of_a_leaf_shows_it():
    async with running(desk_for()) as (pilot, main):
        for leaf in ("Log", "Config", "History", "Why"):
            title = screen_lines(pilot.app)[2][main.pane.region.x :]
            await pilot.click(main.pane, offset=(title.index(leaf) + 1, 0))
            assert main.tab == leaf
            assert f"[{leaf}]" in screen_lines(pilot.app)[2]
        await pilot.click(main.pane, offset=(screen_lines(pilot.app)[2][main.pane.region.x :].index("shop/web"), 0))
        assert main.tab == "Why"


async def test_details_take_the_whole_of_a_small_screen():
    async with running(desk_for(), size=(80, 24)) as (pilot, main):
        await pilot.press("enter")
        text = "\n".join(screen_lines(pilot.app))
        assert "WHO HOLDS IT" in text
        assert "metrics" not in text
        assert footer_of(main)[0] == "back"
        await pilot.press("escape")
        assert "metrics" in "\n".join(screen_lines(pilot.app))
        await pilot.press("l")
        assert main.pane.has_focus
        await pilot.press("h")
        assert main.table.has_focus


async def test_details_of_every_kind_of_row():
    async with running(desk_for()) as (pilot, main):
        for at, words in (
            (("group", "blog"), "~/src/blog"),
            (OTHERS_KEY, "4 of them run in your projects"),
            (SYSTEM_KEY, "daemons of other users"),
        ):
            main.table.move_to(at)
            await pilot.pause()
            assert words in "\n".join(screen_lines(pilot.app))
        main.table.move_to(next(key for key in main.facts.subjects if key[0] == "listener" and "5175" in str(key)))  # type: ignore[union-attr]
        await pilot.pause()
        assert "no service has this port" in "\n".join(screen_lines(pilot.app))


def test_why_lists_every_refused_candidate_with_its_holder_then_the_chosen_one():
    refused = (
        Reason(3000, Verdict.LISTENING, "node 4121 (shop@fix-login)"),
        Reason(None, Verdict.NOT_A_PORT, "PORT=x"),
        *(Reason(port, Verdict.EXCLUDED) for port in range(3001, 3013)),
    )
    view = scenes.service(scenes.SHOP, "web", 3013)
    assert view.assignment
    row = replace(view.assignment, reasons=(*refused, Reason(3013, Verdict.CHOSEN)))
    facts = facts_of(scenes.snapshot_of([replace(view, assignment=row)], ()))
    shown = everything(facts)
    at = shown.rows[shown.index[service_row_key(view)]]
    lines = [text_of(line).strip() for line in details(at, facts, (), 100)]
    why = lines[lines.index("WHY 3013") + 1 :]
    assert why[0].split(maxsplit=1) == ["3000", "refused: held by node 4121 (shop@fix-login)"]
    assert why[1].split(maxsplit=1)[0] == "-"
    assert why[12:14] == ["and 2 more", "3013   chosen"]


def test_what_a_listener_is_and_which_unit_and_package_it_belongs_to_are_told_and_found():
    first = scenes.other_listeners()[0]
    assert first.project
    project = replace(first.project, package="site")
    listener = replace(first, framework="vite", unit="shop-site.service", project=project)
    facts = facts_of(scenes.snapshot_of((), (listener,)))
    shown = everything(facts)
    (row,) = [each for each in shown.rows if isinstance(each.subject, Other)]
    facts_told = dict(
        text_of(line).strip().split(maxsplit=1)
        for line in details(row, facts, (), 100)
        if "  " in text_of(line).strip()
    )
    assert facts_told["framework"] == "vite"
    assert facts_told["unit"] == "shop-site.service"
    assert facts_told["project"] == f"{project.label}, package site"
    for text in ("vite", "shop-site.serv", "SITE"):
        assert matches(parse_filter(text), row, facts)


def test_a_tunnel_that_is_in_the_way_is_told_by_what_it_forwards():
    view = next(each for each in scenes.working_day().services if each.conflicts and each.listeners)
    tunnel = replace(view.listeners[0], via="ssh -L 3000:web:80")
    facts = facts_of()
    (said, *_) = describe(replace(view, listeners=(tunnel,)), facts)
    assert ", ssh -L 3000:web:80, started " in said


async def test_the_leaves_of_the_details_are_turned_and_enlarged_and_the_log_is_followed(tmp_path: Path):
    desk = desk_for()
    desk.log_dir = tmp_path
    (tmp_path / "web.log").write_text("compiled in 2s\n")
    async with running(desk) as (pilot, main):
        await until(pilot, lambda: "LAST EVENTS" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("right_square_bracket")
        assert "[Log]" in str(main.pane.border_title)
        await until(pilot, lambda: "compiled in 2s" in "\n".join(screen_lines(pilot.app)))
        with (tmp_path / "web.log").open("a") as file:
            file.write("".join(f"GET /{number}\n" for number in range(100)))
        await until(pilot, lambda: "GET /99" in "\n".join(screen_lines(pilot.app)))
        await pilot.press("right_square_bracket")
        assert "moved 3001 to 3000, by cli" in "\n".join(screen_lines(pilot.app))
        await pilot.press("right_square_bracket", "tab", "z")
        await pilot.pause()
        text = "\n".join(screen_lines(pilot.app))
        assert "no file declares it" in text
        assert "metrics" not in text
        await pilot.press("escape")
        await pilot.pause()
        assert "metrics" in "\n".join(screen_lines(pilot.app))
        main.table.move_to(("group", "blog"))
        await pilot.pause()
        assert "~/src/blog" in "\n".join(screen_lines(pilot.app))
    assert main._follower is None


def test_what_is_still_to_do_after_a_move_names_the_command_the_files_and_the_readers():
    server = scenes.listener(3000, 77, workspace=scenes.SHOP, command=("npm", "run", "dev"))
    view = scenes.service(scenes.SHOP, "web", 3003, elsewhere=server)
    assert view.assignment
    facts = facts_of(scenes.snapshot_of([view], ()))
    past = Past(stale_files=(f"{scenes.HOME}/src/shop/.env",), readers=("worker",))
    assert list(to_do(view, facts, past)) == [
        "start web again: PORT=3003 npm run dev  in ~/src/shop",
        "portdash export: ~/src/shop/.env does not say WEB_PORT=3003 yet",
        "start worker again: it was started before, and still reads the old WEB_PORT",
    ]
    idle = replace(view, elsewhere=(), assignment=replace(view.assignment, home=3000))
    assert list(to_do(idle, facts_of(scenes.snapshot_of([idle], ())), None)) == ["start web with PORT=3003"]
    assert list(to_do(scenes.service(scenes.SHOP, "web", 3003), facts, Past())) == []


def test_localhost_says_whom_it_reaches_first_where_its_addresses_differ():
    box = replace(scenes.docker(5432, "blog-db-1", 60, scenes.BLOG), address="127.0.0.1")
    host = replace(scenes.listener(5432, 911, "postgres", address="::1"), unit="postgresql@15.service")
    lines = [text_of(line) for line in answer_lines([SeenListener(box), SeenListener(host)], 5432, 70)]
    assert lines[1:] == [
        "  127.0.0.1      blog-db-1  container",
        "  ::1            postgres 911  host, systemd postgresql@15",
        "  network        nobody: not reachable from outside",
        "  localhost      tries ::1 first: postgres 911",
    ]


def test_a_declaration_is_told_with_the_origin_of_each_value_and_without_its_secrets():
    view = scenes.service(scenes.SHOP, "web", 3000)
    settings = (
        Setting("services.web.preferred", [3000], f"{scenes.HOME}/src/shop/portdash.toml"),
        Setting("services.web.command", ["serve", "--token=hunter2"], f"{scenes.HOME}/src/shop/portdash.toml"),
        Setting("services.web.pin", value=True, origin="PORTDASH_X"),
    )
    text = "\n".join(text_of(line) for line in config_lines(view, settings, facts_of(), 70))
    assert "FROM ~/src/shop/portdash.toml" in text
    assert "FROM PORTDASH_X" in text
    assert "hunter2" not in text
