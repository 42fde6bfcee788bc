"""Services whose URL the configuration fixes: shown, with no port of this machine."""

from contextlib import closing
from dataclasses import replace

import scenes
from fakes import main_of, screen_lines, until
from row_texts import KEYS, text_of

from portdash.config.services import ServiceConfig
from portdash.dashboard.app import PortdashApp
from portdash.dashboard.desk import Desk
from portdash.dashboard.options import Options
from portdash.dashboard.rows.facts import digest
from portdash.dashboard.rows.filtering import parse_filter
from portdash.dashboard.rows.layout import columns_for
from portdash.dashboard.rows.listing import ListState, build_listing
from portdash.dashboard.rows.paint import paint
from portdash.dashboard.rows.row import Kind
from portdash.demo.scene import demo_deps
from portdash.model.assignment import ServiceSpec

CRM = ("crm", "https://crm.example:8443/v1")


def lines_of(**state: object) -> list[str]:
    facts = digest(scenes.working_day(), home=scenes.HOME, keys=KEYS, elsewhere=(CRM,))
    listing = build_listing(facts, replace(ListState(), **state))  # type: ignore[arg-type]
    return [text_of(paint(row, facts, columns_for(160, 13), 160)).rstrip() for row in listing.rows]


def test_it_has_a_line_with_its_url_below_the_services():
    lines = lines_of()
    (at,) = (number for number, line in enumerate(lines) if "crm" in line)
    assert lines[at] == "   crm  https://crm.example:8443/v1  elsewhere: its url is fixed, it has no port here"
    assert lines[at + 1].startswith(("▸ other listeners", "▾ other listeners"))


def test_where_there_is_no_service_it_stands_above_the_heads_of_the_listeners():
    snapshot = replace(scenes.working_day(), services=(), remote=())
    facts = digest(snapshot, home=scenes.HOME, keys=KEYS, elsewhere=(CRM,))
    kinds = [row.kind for row in build_listing(facts, ListState()).rows]
    assert kinds[0] is Kind.TEXT
    assert kinds[kinds.index(Kind.HEAD) + 1] is Kind.LISTENER


def test_a_filter_finds_it_and_hides_it():
    for text in ("crm.example", "8443", "CRM v1"):
        assert ["crm" in line for line in lines_of(filter=parse_filter(text))] == [True]
    for text in ("redis", "port:8443", "state:running", "fixed", "elsewhere", "here"):
        assert not any("crm" in line for line in lines_of(filter=parse_filter(text)))
    assert not any("crm" in line for line in lines_of(filter=parse_filter("", trouble=True)))


def test_it_is_of_its_workspace_alone():
    assert any("crm" in line for line in lines_of(only="shop"))
    assert not any("crm" in line for line in lines_of(only="blog"))


async def test_the_dashboard_shows_what_the_configuration_declares_and_no_password():
    deps = demo_deps()
    service = ServiceConfig(spec=ServiceSpec(name="crm"), url="https://me:secret@crm.example/v1")
    config = replace(deps.config, services=(*deps.config.services, service))
    with closing(deps):
        app = PortdashApp(Desk(replace(deps, config=config)), options=Options(typing_window=0, refresh=3600.0))
        async with app.run_test(size=(160, 60)) as pilot:
            await until(pilot, lambda: main_of(app).facts is not None)
            (line,) = (line for line in screen_lines(app) if "crm.example" in line)
    assert "elsewhere: its url is fixed" in line
    assert "secret" not in line
