"""Configuration files that are edited while a dashboard is open."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import pytest
from fakes import desk_for, look, running, screen_lines, until
from scenes import working_day

from portdash.config.loading import load
from portdash.config.paths import state_dir, user_file
from portdash.config.settings import Flags
from portdash.config.trust import record_trust
from portdash.dashboard.desk import Desk
from portdash.dashboard.hook_duty import HookDuty
from portdash.demo.scene import demo_deps
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.reloading import Reloading
from portdash.manager.wishes import Wish
from portdash.model.workspace import Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    return root


@pytest.fixture
def deps(project: Path, tmp_path: Path) -> Iterator[Deps]:
    invented = demo_deps()
    place = invented.place._replace(workspace=Workspace(name="shop", root=str(project)))
    yield replace(invented, place=place, environ={"HOME": str(tmp_path)}, config=_load(project, tmp_path)())
    invented.close()


def _load(project: Path, home: Path) -> partial:
    return partial(load, cwd=project, environ={"HOME": str(home)}, flags=Flags(), home=home)


def written(path: Path, text: str) -> None:
    """Put another file in its place, as editors do: it cannot look like the old one, however coarse the clock."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def hook_threads() -> int:
    return sum(each.name == "portdash-hooks" for each in threading.enumerate())


def test_trust_counts_from_the_next_look_on(deps: Deps, project: Path, tmp_path: Path):
    file = project / "portdash.toml"
    file.write_text('[services.web]\ncommand = ["true"]\n')
    state = state_dir({}, tmp_path)
    deps = replace(deps, state_dir=state, config=_load(project, tmp_path)())
    watch = Reloading(_load(project, tmp_path), deps)
    assert not deps.config.services[0].may_start
    record_trust(file, state)
    assert watch.renewed(deps).config.services[0].may_start


def test_a_file_that_is_edited_is_in_force_and_nonsense_is_not(deps: Deps, project: Path, tmp_path: Path):
    file = project / "portdash.toml"
    watch = Reloading(_load(project, tmp_path), deps)
    assert watch.renewed(deps) is deps
    written(file, '[services.web]\nhealth = { http_get = "/a" }\n')
    first = watch.renewed(deps)
    assert first.config.services[0].health.http_get == "/a"
    written(file, "[services.web]\nhealth = { http_get = 7 }\n")
    assert watch.renewed(first) is first
    assert "http_get" in watch.error
    written(file, '[services.web]\nhealth = { http_get = "/b" }\n')
    second = watch.renewed(first)
    assert (second.config.services[0].health.http_get, watch.error) == ("/b", "")
    assert second.observer is not first.observer
    assert watch.renewed(second) is second
    assert watch.gone == ()
    file.unlink()
    assert watch.renewed(second).config.services == ()
    assert watch.gone == (file,)


def test_a_project_that_is_trusted_meanwhile_is_read_anew(deps: Deps, project: Path, tmp_path: Path):
    file = project / "portdash.toml"
    deps = replace(deps, state_dir=state_dir(deps.environ, tmp_path))
    watch = Reloading(_load(project, tmp_path), deps)
    written(file, '[services.web]\ncommand = "npm run dev"\n')
    waiting = watch.renewed(deps)
    assert "not started until you trust" in waiting.config.warnings[0]
    record_trust(file, state_dir(deps.environ, tmp_path))
    assert watch.renewed(waiting).config.warnings == ()


def test_hooks_that_are_edited_run_from_the_next_look_on(deps: Deps, project: Path, tmp_path: Path):
    file, told, said = user_file(deps.environ, tmp_path), tmp_path / "told", []
    file.parent.mkdir(parents=True)
    mine = deps.place._replace(workspace=Workspace(name="mine", root=str(project)))  # shop is one of the demo's
    desk = Desk(replace(deps, place=mine), load=_load(project, tmp_path))

    def assign_until_told(name: str, hook: str) -> None:
        """What happens in the moment before the hooks are taken is not told."""
        deadline = monotonic() + 60
        while not told.exists() or told.read_text() != hook:
            assert monotonic() < deadline, said
            allocate(desk.deps, [Wish(name=f"{name}{next(numbers)}")])
            sleep(0.05)

    numbers = count()
    with HookDuty(desk, said.append):
        assert hook_threads() == 0
        for hook in ("first", "second"):
            command = ["sh", "-c", f"printf {hook} > {told}"]
            written(file, f'[[hooks]]\non = ["assigned"]\ncommand = {json.dumps(command)}\n')
            desk.look()
            assert hook_threads() == 1
            assign_until_told(hook, hook)
    assert hook_threads() == 0
    assert said == []


def test_another_environment_takes_a_new_start(deps: Deps, project: Path, tmp_path: Path):
    watch = Reloading(_load(project, tmp_path), deps)
    written(project / "portdash.toml", 'environment = "staging"\n')
    assert watch.renewed(deps) is deps
    assert "start anew" in watch.error


async def test_the_header_says_that_the_old_configuration_is_kept():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        desk.config_error = "portdash.toml: colour: unknown key [/]"
        await look(pilot, main, desk, replace(working_day(), revision=43))
        await until(pilot, lambda: "CONFIG ERROR, old one kept" in screen_lines(pilot.app)[0])
        (told,) = pilot.app._notifications
        assert told.message == "portdash.toml: colour: unknown key [/] (the configuration before that is kept)"
        assert not told.markup
        desk.config_error = ""
        await look(pilot, main, desk, replace(working_day(), revision=44))
        await until(pilot, lambda: "CONFIG ERROR" not in screen_lines(pilot.app)[0])
        assert [each.message for each in pilot.app._notifications] == [
            "the configuration is in order again, and in force"
        ]


async def test_a_configuration_that_was_taken_away_is_not_said_to_be_in_order():
    desk = desk_for()
    async with running(desk) as (pilot, main):
        desk.config_error = "portdash.toml: colour: unknown key"
        await look(pilot, main, desk, replace(working_day(), revision=43))
        desk.config_error, desk.config_gone = "", ("~/src/shop/portdash.toml",)
        for revision in (44, 45):
            await look(pilot, main, desk, replace(working_day(), revision=revision))
        assert [each.message for each in pilot.app._notifications] == [
            "~/src/shop/portdash.toml is gone: what it declared counts no more"
        ]
        desk.config_gone = ()
        await look(pilot, main, desk, replace(working_day(), revision=46))
        desk.config_gone = ("~/src/shop/portdash.toml",)
        await look(pilot, main, desk, replace(working_day(), revision=47))
        assert [each.message for each in pilot.app._notifications][-1].endswith("counts no more  x2")
