"""Browser, editor and clipboard: what is started, what is said where nothing can be, and what can be copied."""

from dataclasses import replace
from pathlib import Path

import pytest
import scenes
from fakes import WEB, desk_for, running, until
from row_texts import KEYS, everything, facts_of

from portdash.dashboard.commands import BY_ID
from portdash.dashboard.context import Context
from portdash.dashboard.copies import copies_of
from portdash.dashboard.opening import browser, check_there, edit_file, line_of, open_url
from portdash.dashboard.rows.row import OTHERS_KEY
from portdash.errors import PortdashError, UsageError
from portdash.model.workspace import Workspace


@pytest.mark.parametrize(
    ("environ", "platform", "command"),
    [
        ({"BROWSER": "firefox --new-tab %s"}, "linux", ["firefox", "--new-tab"]),
        ({"BROWSER": "'"}, "linux", None),
        ({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"}, "linux", None),
        ({"SSH_CONNECTION": "1 2 3 4", "BROWSER": "w"}, "linux", ["w"]),
        ({}, "linux", None),
        ({}, "darwin", ["open"]),
        ({}, "win32", ["explorer"]),
    ],
)
def test_which_browser(environ: dict[str, str], platform: str, command: list[str] | None):
    assert browser(environ, platform) == command


def test_over_ssh_the_way_there_is_said():
    said = open_url("http://localhost:3001", {"SSH_CONNECTION": "10.0.0.2 5 10.0.0.1 22"})
    assert said == "http://localhost:3001 is on this host: ssh -L 3001:localhost:3001 10.0.0.1"
    assert "set BROWSER" in open_url("http://localhost:3001", {})
    assert "no browser" in open_url("http://localhost:3001", {"BROWSER": "/nonexistent/browser"})


@pytest.mark.parametrize(
    ("place", "name", "said"),
    [
        (scenes.SHOP, "web", "THEIR server, node 4121, not web"),
        (scenes.FIX, "web", "it runs on 3000 instead"),
        (scenes.FIX, "redis", "nobody listens there now"),
        (scenes.SHOP, "api", ""),
    ],
)
def test_who_answers_in_the_browser_where_it_is_not_the_service(place: Workspace, name: str, said: str):
    facts = facts_of()
    key = scenes.key_of(place, name)
    row = next(row for row in everything(facts).rows if row.key == ("service", key))
    assert Context(keys=KEYS, facts=facts, row=row).answered_by == said


async def test_opening_what_another_serves_says_so():
    async with running(desk_for()) as (pilot, main):
        assert main.table.cursor == WEB
        await pilot.press("o")
        (told,) = pilot.app._notifications
        assert told.message.startswith("THEIR server, node 4121, not web: http://localhost:3000 ")


def test_the_line_of_a_service(tmp_path: Path):
    file = tmp_path / "portdash.toml"
    file.write_text('[services.web]\npreferred = 1\n\n[ services."API" ]\n')
    assert (line_of(file, "web"), line_of(file, "api"), line_of(file, "w.b")) == (1, 4, None)
    assert line_of(tmp_path / "none", "web") is None


async def test_the_file_of_a_workspace_is_found_by_the_look(tmp_path: Path):
    (tmp_path / "portdash.toml").write_text("")
    (tmp_path / "dir" / "portdash.toml").mkdir(parents=True)
    roots = {"shop": str(tmp_path), "blog": str(tmp_path / "dir"), "infra": "\0"}
    day = scenes.working_day()
    spaces = tuple(replace(each, root=roots.get(each.name, each.root)) for each in day.workspaces)
    async with running(desk_for(replace(day, workspaces=spaces))) as (_pilot, main):
        assert main.facts is not None
        assert main.facts.config_files == {"shop": str(tmp_path / "portdash.toml")}
        main.table.move_to(WEB)
        assert main.context.config_file == str(tmp_path / "portdash.toml")


def test_an_editor_that_fails_is_said(tmp_path: Path):
    file = tmp_path / "portdash.toml"
    file.write_text("")
    check_there(file)
    edit_file(file, "web", {"EDITOR": "true"})
    with pytest.raises(PortdashError, match="ended with 1"):
        edit_file(file, "web", {"EDITOR": "false"})
    with pytest.raises(UsageError, match="cannot be started"):
        edit_file(file, "web", {"EDITOR": "/nonexistent/vi"})
    with pytest.raises(UsageError, match="EDITOR is no command"):
        edit_file(file, "web", {"EDITOR": "'"})
    file.unlink()
    with pytest.raises(UsageError, match="is not there"):
        check_there(file)


def test_where_there_is_nothing_to_edit_it_says_of_which_workspace():
    facts = facts_of()
    rows = everything(facts).rows
    reasons = {
        row.key: BY_ID["edit"].unavailable(Context(keys=KEYS, facts=facts, row=row))
        for row in rows
        if row.key in (WEB, ("group", "shop"), OTHERS_KEY)
    }
    assert reasons == {
        WEB: "its workspace has no portdash.toml; Y copies the TOML",
        ("group", "shop"): "shop has no portdash.toml",
        OTHERS_KEY: "the row under the cursor is of no workspace",
    }


def test_what_can_be_copied_of_a_service():
    facts = facts_of()
    row = next(row for row in everything(facts).rows if row.key == WEB)
    found = {row.key: row.command for row in copies_of(Context(keys=KEYS, facts=facts, row=row))}
    assert found["u"] == "http://localhost:3000"
    assert found["p"] == "3000"
    assert found["i"] == "4121"
    command = f"/usr/bin/node {scenes.HOME}/src/shop-fix-login/node_modules/.bin/next dev -p 3000"
    assert found["c"] == command
    assert found["e"] == "WEB_PORT=3000"
    assert found["d"] == f"{scenes.HOME}/src/shop-fix-login"
    assert found["t"] == "[services.web]\npreferred = [3000]\n"


@pytest.mark.parametrize(
    ("command", "copied"),
    [
        (("node", "a b.js", "it's"), """node 'a b.js' 'it'"'"'s'"""),
        (("sh", "-c", "one\ntwo\x1b'"), r"sh -c $'one\x0atwo\x1b\x27'"),
        (("node", "x" * 900), f"node {'x' * 900}"),
        (("node", "--token", "s3cret"), "node --token ***"),
    ],
)
def test_a_command_is_copied_whole_and_as_a_shell_takes_it(command: tuple[str, ...], copied: str):
    day = scenes.working_day()
    view = next(each for each in day.services if (each.key.workspace, each.name) == ("shop", "web"))
    held = view.listeners[0]
    assert held.server
    held = replace(held, owner=replace(held.server, command=command))
    facts = facts_of(replace(day, services=(replace(view, listeners=(held,)),)))
    row = next(row for row in everything(facts).rows if row.key == WEB)
    assert {row.key: row.command for row in copies_of(Context(keys=KEYS, facts=facts, row=row))}["c"] == copied


async def test_copying_says_what_became_of_it():
    async with running(desk_for()) as (pilot, _main):
        await pilot.press("y")
        await until(pilot, lambda: any("http://localhost:3000: " in each.message for each in pilot.app._notifications))


async def test_lock_takes_all_changes_away_and_gives_them_back():
    async with running(desk_for()) as (_pilot, main):
        await main.run_command("lock")
        assert main.context.no_move() == "locked: nothing is changed until :Lock unlocks"
        await main.run_command("lock")
        assert main.context.no_move() is None
    async with running(desk_for(read_only=True)) as (_pilot, main):
        await main.run_command("lock")
        assert main.context.is_read_only
