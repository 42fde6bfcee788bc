"""What stays to be seen where there is little room: the footer, one line a toast, heads over what a filter found."""

import pytest
from fakes import SIZES, desk_for, footer_of, running, screen_lines, until
from textual.command import CommandList
from textual.widgets import Input
from textual.widgets._toast import Toast

LONG = "a fact that is told in more words than there are cells in one line of a screen of eighty columns, and then some"


@pytest.mark.parametrize("size", [*SIZES, (40, 12)], ids=str)
async def test_the_palette_leaves_the_footer_to_be_seen(size: tuple[int, int]):
    async with running(desk_for(), size=size) as (pilot, main):
        assert footer_of(main)
        await pilot.press("colon")
        await until(pilot, lambda: any(lines.option_count for lines in pilot.app.screen.query(CommandList)))
        lines = pilot.app.screen.query_one(CommandList)
        await until(pilot, lambda: lines.scrollable_content_region.height > 1)
        assert screen_lines(pilot.app)[-1].rstrip() == main.footer.text.rstrip()


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 15)], ids=str)
async def test_a_fact_takes_one_line_and_says_that_it_was_cut(size: tuple[int, int]):
    async with running(desk_for(), size=size, toasts=True) as (pilot, main):
        main.toast(LONG)
        await until(pilot, lambda: main.query(Toast) and main.query_one(Toast).region.width)
        region = main.query_one(Toast).region
        assert region.height == 1
        line = screen_lines(pilot.app)[region.y]
        assert LONG[:20] in line
        assert line.rstrip().endswith("…")


async def test_an_error_is_told_in_full():
    async with running(desk_for(), size=(80, 24), toasts=True) as (pilot, main):
        main.toast(LONG, error=True)
        await until(pilot, lambda: main.query(Toast) and main.query_one(Toast).region.width)
        region = main.query_one(Toast).region
        text = " ".join(line.strip(" ▌") for line in screen_lines(pilot.app)[region.y : region.bottom])
        assert LONG in text


@pytest.mark.parametrize("size", [(100, 30), (80, 24), (60, 20)], ids=str)
async def test_listeners_that_a_filter_found_have_their_heads_where_heads_are(size: tuple[int, int]):
    async with running(desk_for(), size=size) as (pilot, main):
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        main.query_one("#filter", Input).value = "jupyter"
        await pilot.press("enter")
        await until(pilot, lambda: any("jupyter" in line for line in screen_lines(pilot.app)[3:]))
        lines = screen_lines(pilot.app)
        heads = [number for number, line in enumerate(lines) if "WOULD BE" in line]
        group = next(number for number, line in enumerate(lines) if "other listeners" in line)
        assert heads == [main.table.content_region.y]
        assert group == heads[0] + 1
        assert not any("not its preferred port" in line for line in lines)
