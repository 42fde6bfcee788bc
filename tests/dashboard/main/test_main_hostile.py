"""Names that strangers chose: nothing of them is obeyed, by Textual or by the terminal."""

from dataclasses import replace

import pytest
import scenes
from fakes import FakeDesk, running, screen_lines
from rich.cells import cell_len

from portdash.dashboard.rows.row import Kind
from portdash.model.assignment import Source
from portdash.model.conflict import ConflictKind
from portdash.model.listener import Ancestor, Container, Listener
from portdash.model.project import Project
from portdash.model.snapshot import Snapshot
from portdash.model.workspace import Workspace

HOSTILE = [
    "[/red]",
    "[/]",
    "[@click=app.quit]x[/]",
    "[bold",
    "\x1b[2J\x1b]52;c;aGFja2Vk\x07",
    "\x1b]0;title\x1b\\",
    "\u202egnp.exe\u2066",
    "\x9b31m",
    "漢字かなカナ한국어漢字かなカナ",
    "e\u0301\u200b\ufeff",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "a\nb\tc\r",
    "\udcff\udc80",
    "x" * 3000,
    "",
    "-",
]


def hostile_listener(port: int, bad: str) -> Listener:
    plain = scenes.listener(port, 4000 + port)
    assert plain.owner is not None
    owner = replace(plain.owner, name=bad, command=("node", bad, bad), cwd=f"/{bad}", user=bad)
    return replace(
        plain,
        owner=owner,
        user=bad,
        via=bad,
        address=bad or "127.0.0.1",
        project=Project(root=f"/{bad}", name=bad, repository=bad, worktree=bad),
        ancestors=(Ancestor(1, bad), Ancestor(2, bad)),
    )


def hostile_snapshot() -> Snapshot:
    """A workspace for each string, with that string wherever a string can be."""
    workspaces, views, others = [], [], []
    for number, bad in enumerate(HOSTILE):
        port = 3000 + 10 * number
        workspace = Workspace(name=f"{number}{bad}", root=f"/{bad}", repository=bad, worktree=bad or None)
        holder = hostile_listener(port, bad)
        box = Container(id=bad, name=bad, compose_project=bad, compose_service=bad)
        squatted = scenes.conflict(ConflictKind.SQUATTED, workspace, bad, port, bad)
        boxed = replace(hostile_listener(port + 1, bad), container=box)
        workspaces.append(workspace)
        views += [
            scenes.service(workspace, bad, port, foreign=holder, conflicts=(replace(squatted, detail=bad),)),
            scenes.service(workspace, f"{bad}b", port + 1, own=boxed, source=Source.INHERITED, inherit=bad),
        ]
        others += [hostile_listener(port + 2, bad), replace(hostile_listener(port + 3, bad), owner=None)]
    snapshot = scenes.snapshot_of(
        views,
        others,
        workspaces=tuple(workspaces),
        workspace=workspaces[0].name,
        notices=tuple(HOSTILE),
        hidden_owners=1,
    )
    return replace(snapshot, environment=HOSTILE[0], store_url=HOSTILE[0])


def assert_harmless(lines: list[str], width: int) -> None:
    for line in lines:
        assert line.isprintable(), repr(line)
        assert cell_len(line) == width


@pytest.mark.parametrize("size", [(160, 45), (60, 20)])
async def test_hostile_text_in_every_cell(size: tuple[int, int]):
    async with running(FakeDesk(hostile_snapshot(), home=scenes.HOME), size=size) as (pilot, main):
        assert main.table.listing is not None
        for row in main.table.listing.rows[::2]:
            if row.can_hold_cursor:
                main.table.move_to(row.key)
                await pilot.pause()
                assert_harmless(screen_lines(pilot.app), size[0])
        await pilot.press("exclamation_mark", "enter", "escape", "n")
        assert_harmless(screen_lines(pilot.app), size[0])


async def test_hostile_text_in_toasts():
    async with running(FakeDesk(scenes.working_day(), home=scenes.HOME), size=(80, 24)) as (pilot, main):
        for bad in HOSTILE:
            main.toast(bad, error=True)
        await pilot.pause()
        assert_harmless(screen_lines(pilot.app), 80)


async def test_hostile_text_in_palette_and_help():
    async with running(FakeDesk(hostile_snapshot(), home=scenes.HOME), size=(100, 30)) as (pilot, main):
        rows = [row for row in main.table.listing.rows if row.kind is Kind.SERVICE]  # type: ignore[union-attr]
        for row in rows[1:2]:
            main.table.move_to(row.key)
            await pilot.press("colon", *"res")
            assert_harmless(screen_lines(pilot.app), 100)
            await pilot.press("escape", "question_mark")
            assert_harmless(screen_lines(pilot.app), 100)
            pilot.app.pop_screen()
        assert pilot.app.is_running
