"""What the details say is so: neither twice, nor against themselves, nor with a key that does something else."""

from dataclasses import replace

import scenes
from row_texts import facts_of, text_of

from portdash.config.show import Row as Setting
from portdash.dashboard.keymap import make_keymap
from portdash.dashboard.rows.asked import Log, Past
from portdash.dashboard.rows.health_lines import health_facts
from portdash.dashboard.rows.service_details import describe_state, to_do, why_lines
from portdash.dashboard.rows.tab_lines import config_lines, log_lines
from portdash.dashboard.rows.words import source_of
from portdash.health.pulse import Pulse
from portdash.model.assignment import Source
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.history import Event, EventKind
from portdash.model.snapshot import Declaration, Snapshot, Status

EVENT = Event(kind=EventKind.ASSIGNED, at=scenes.NOW, workspace="shop", service="web", actor="cli", reason="")


def test_a_declared_command_reads_as_in_a_shell_and_paths_begin_at_home():
    file = f"{scenes.HOME}/src/shop/portdash.toml"
    settings = (
        Setting("services.web.command", ["npm", "run", "a b"], file),
        Setting("services.web.match", {"process": "node", "directory": f"{scenes.HOME}/src/shop"}, file),
    )
    view = scenes.service(scenes.SHOP, "web", 3000)
    text = "\n".join(text_of(line) for line in config_lines(view, settings, facts_of(), 70))
    assert "npm run 'a b'" in text
    assert "directory = ~/src/shop" in text


def test_a_log_that_is_not_kept_names_the_shortest_way_to_one():
    foreign = scenes.listener(3000, 4121, workspace=scenes.FIX)
    view = scenes.service(scenes.SHOP, "web", 3000, foreign=foreign)
    snapshot = scenes.snapshot_of([view])

    def text(snapshot: Snapshot) -> str:
        lines = log_lines(view, Log(path="", is_kept=False), facts_of(snapshot), 70)
        return "\n".join(text_of(line) for line in lines)

    assert "portdash run web -- COMMAND" in text(snapshot)
    assert "4121" not in text(snapshot)  # that one's terminal does not show what web says
    declared = replace(snapshot, declarations=(Declaration(view.key, view.spec, has_command=True),))
    assert text(declared).endswith("portdash run web")


def test_health_says_neither_twice_nor_against_itself():
    server = scenes.listener(1337, 2811, workspace=scenes.SHOP)
    hung = Health(state=HealthState.HUNG, level=HealthLevel.KERNEL, detail="40s, 5 waiting")
    cms = replace(scenes.service(scenes.SHOP, "cms", 1337, own=server), health=hung)
    facts = facts_of(scenes.snapshot_of([cms]))
    assert describe_state(cms, facts) == "hung 40s, 5 waiting"
    asked = replace(facts, pulses={cms.key: Pulse("GET /", 5.0, (), None)})
    assert "no packet was sent" in "".join(text_of(line) for line in health_facts(cms, facts, 70))
    assert "no packet was sent" not in "".join(text_of(line) for line in health_facts(cms, asked, 70))
    unasked = replace(cms, health=Health())
    assert "it listens, and nothing checks it" in "".join(text_of(line) for line in health_facts(unasked, facts, 70))
    ended = replace(
        cms,
        status=Status.AVAILABLE,
        listeners=(),
        attribution=None,
        health=Health(state=HealthState.HEALTHY, detail="200 OK"),
    )
    assert describe_state(ended, facts) == "not running, exited 0s ago"


def test_a_port_that_its_own_server_is_on_is_not_free():
    row = scenes.service(scenes.SHOP, "web", 3002, source=Source.FALLBACK, missed=3000)
    assert source_of(replace(row, home_free=True)) == "3000 free now"
    there = replace(row, home_free=True, elsewhere=(scenes.listener(3000, 4121, workspace=scenes.SHOP),))
    assert source_of(there) == "fallback 3000"


def test_what_was_done_here_leaves_its_command_and_a_file_that_says_so_is_named():
    view = scenes.service(scenes.SHOP, "web", 3000)
    facts = replace(facts_of(scenes.snapshot_of([view])), to_do={view.key: "start web: npm run dev"})
    assert list(to_do(view, facts, None)) == ["start web: npm run dev"]
    past = Past(files=(f"{scenes.HOME}/src/shop/.env",), events=(EVENT,))
    lines = [text_of(line) for line in why_lines(view, facts, (), 60, past=past)]
    assert [line.rstrip() for line in lines if line.startswith(("STILL", "WHY"))] == ["STILL TO DO", "WHY 3000"]
    assert "  WEB_PORT=3000  in ~/src/shop/.env" in lines
    assert any(line.startswith("LAST EVENTS") and line.endswith("5 shows all") for line in lines)
    other = make_keymap({"view_history": "f5"}).names
    lines = [text_of(line) for line in why_lines(view, replace(facts, keys=other), (), 60, past=past)]
    assert any(line.startswith("LAST EVENTS") and line.endswith("f5 shows all") for line in lines)
