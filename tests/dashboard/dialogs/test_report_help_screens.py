"""The report before it leaves, and help that can be run."""

import asyncio
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from dialog_fakes import AT_ONCE, HOSTILE, WEB, FakeDesk, snapshot
from dialog_host import opened, press, settled
from textual.widgets import Input, OptionList

from portdash.dashboard.rows.help_row import HelpRow
from portdash.dashboard.screens import report
from portdash.dashboard.screens.help import HelpScreen
from portdash.dashboard.screens.report import ReportScreen
from portdash.dashboard.screens.saving import save_report


def reporter(**more: Any) -> ReportScreen:  # noqa: ANN401
    desk: Any = FakeDesk()
    return ReportScreen(desk, snapshot(), patience=AT_ONCE, **more)


async def test_format_and_scope_follow_their_keys():
    async with opened(reporter(), (160, 45)) as (host, pilot):
        assert "portdash report: shop" in host.text
        await press(host, pilot, "f")
        await settled(host, pilot)
        assert "# portdash report: shop" in host.text
        await press(host, pilot, "f")
        await settled(host, pilot)
        assert '"schema_version": 1' in host.text
        await press(host, pilot, "f", "s")
        await settled(host, pilot)
        assert "portdash report: all workspaces" in host.text
        assert "~/src/shop" in host.text or "6006" in host.text


async def test_the_history_is_counted():
    async with opened(reporter(), (160, 45)) as (host, pilot):
        await settled(host, pilot)
        assert "resolved 1 (" in host.text


async def test_a_service_can_be_the_scope_it_starts_with():
    async with opened(reporter(key=WEB.key), (120, 40)) as (host, _):
        assert "shop/web" in host.text


async def test_what_is_masked_is_said_and_can_be_shown():
    async with opened(reporter(), (160, 45)) as (host, pilot):
        assert "secrets and home masked" in host.text
        assert "/home/ann" not in host.text
        await press(host, pilot, "x")
        await settled(host, pilot)
        assert "NOTHING MASKED" in host.text
        assert "/home/ann/src/shop" in host.text


async def test_saving_writes_the_preview_and_says_where(home: Path):
    async with opened(reporter(), (120, 30)) as (host, pilot):
        await press(host, pilot, "f", "w")
        await settled(host, pilot)
        assert host.screen.query_one("#path", Input).value == "portdash-report.md"
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert "saved" in host.text
        assert (home / "portdash-report.md").read_text().startswith("# portdash report: shop")
        assert host.screen is host.dialog


async def test_a_file_that_is_there_is_overwritten_only_when_said_twice(home: Path):
    there = home / "portdash-report.txt"
    there.write_text("precious")
    async with opened(reporter(), (120, 30)) as (host, pilot):
        await press(host, pilot, "w", "enter")
        await settled(host, pilot)
        assert "is there already" in host.text
        assert there.read_text() == "precious"
        await press(host, pilot, "escape", "w", "enter")
        await settled(host, pilot)
        assert there.read_text() == "precious"
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert there.read_text().startswith("portdash report")


@pytest.mark.parametrize("is_there", [False, True])
async def test_what_is_being_saved_when_the_dialog_is_left_is_saved_and_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
):
    gate, file = Event(), home / "portdash-report.txt"
    if is_there:
        file.write_text("precious")

    def save(*args: Any, **more: Any) -> str:  # noqa: ANN401
        assert gate.wait(30)
        return save_report(*args, **more)

    monkeypatch.setattr(report, "save_report", save)
    async with opened(reporter(), (120, 30)) as (host, pilot):
        await press(host, pilot, "w", "enter", "escape", "escape")
        assert host.answers == [None]
        gate.set()
        async with asyncio.timeout(30):
            while not host._notifications:
                await settled(host, pilot)
        (note,) = (each.message for each in host._notifications)
    assert note.startswith("not saved: portdash-report.txt is there already" if is_there else "saved ")
    assert file.read_text().startswith("precious" if is_there else "portdash report")


async def test_a_place_that_cannot_be_written_is_said():
    async with opened(reporter(), (120, 30)) as (host, pilot):
        await press(host, pilot, "w")
        host.screen.query_one("#path", Input).value = "/nowhere/at/all.md"
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert "not saved: /nowhere/at/all.md: No such file or directory" in host.text


async def test_copying_says_what_happened(monkeypatch: pytest.MonkeyPatch):
    copied: list[str] = []

    async def copy(_app: object, text: str) -> str:
        copied.append(text)
        return "sent to the terminal"

    monkeypatch.setattr(report, "copy_text", copy)
    async with opened(reporter(), (120, 30)) as (host, pilot):
        await press(host, pilot, "y")
        await settled(host, pilot)
        assert "the report was sent to the terminal" in host.text
        assert copied[0].startswith("portdash report: shop")


ROWS = (
    HelpRow("m", "Move", "Pick another port", None, "move"),
    HelpRow("c", "Resolve", "Ways out", f"no conflict {HOSTILE}", "resolve"),
    HelpRow("a", HOSTILE, HOSTILE, None, "allocate"),
)


async def test_help_runs_the_line_under_the_cursor():
    async with opened(HelpScreen(ROWS, HOSTILE, patience=AT_ONCE)) as (host, pilot):
        assert "not here: no conflict" in host.text
        assert "[/]x[@click=app.quit]y" in host.text
        await press(host, pilot, "j", "down", "enter")
        await settled(host, pilot)
        assert host.answers == ["allocate"]


async def test_help_says_why_a_line_cannot_be_run():
    async with opened(HelpScreen(ROWS, "web", patience=AT_ONCE)) as (host, pilot):
        await press(host, pilot, "down", "enter")
        await settled(host, pilot)
        assert "Resolve: no conflict" in host.text
        assert host.screen is host.dialog
        assert host.screen.query_one(OptionList).highlighted == 1


async def test_long_help_scrolls_with_its_cursor_on_a_small_screen():
    rows = [(str(number), f"Command {number}", "what it does", None) for number in range(40)]
    async with opened(HelpScreen(rows, "web", patience=AT_ONCE), (60, 20)) as (host, pilot):
        await press(host, pilot, "end")
        await settled(host, pilot)
        assert "Command 39" in host.text
        await press(host, pilot, "enter")
        await settled(host, pilot)
        assert host.answers == ["39"]
