"""`config.example.toml` is checked like code: it shows every key, and the defaults it shows are the real ones."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

from config_setting import Setting
from msgspec.structs import fields as keys_of

from portdash.config.building import _RUN, _SPEC
from portdash.config.hooks import HookConfig
from portdash.config.ranges import DEFAULT_RANGES
from portdash.config.sections import ApiConfig, DashboardConfig, DiscoveryConfig, HealthConfig
from portdash.config.services import HANDSHAKES, HealthCheck, ServiceConfig
from portdash.config.settings import Config
from portdash.config.tables import (
    ApiTable,
    DashboardTable,
    DiscoveryTable,
    FileTable,
    HealthCheckTable,
    HealthTable,
    HookTable,
    MatchTable,
    SectionTable,
    ServiceTable,
    Table,
)
from portdash.model.assignment import Match, ServiceSpec

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def names(shape: type[Table]) -> set[str]:
    return {key.name for key in keys_of(shape)}


def uncommented() -> str:
    """The file with every `# key = value` and `# [table]` taken at its word."""
    return re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", EXAMPLE.read_text())


def test_it_is_valid_as_it_stands(setting: Setting):
    setting.user(EXAMPLE.read_text())
    store = f"sqlite:///{setting.home}/.local/state/portdash/portdash.db"
    config = setting.load()
    assert config == Config(store=store, files=(setting.user_file,), origins=config.origins)


def test_it_is_valid_with_everything_set(setting: Setting):
    setting.shop(uncommented(), trusted=True)
    assert setting.problems() == []
    config = setting.load(environment="production")
    assert config.warnings == ()
    assert {service.name for service in config.services} == {
        "web", "api", "db", "cache", "mail", "websocket", "lmstudio",
    }  # fmt: skip
    web = config.service("web")
    assert web is not None
    assert (str(web.spec.range), config.strategy) == ("3000-3010", "conservative")


def test_every_key_occurs():
    found = tomllib.loads(uncommented())
    assert set(found) == names(FileTable)
    services = found["services"].values()
    assert {key for service in services for key in service} == names(ServiceTable)
    checks = [service["health"] for service in services if isinstance(service.get("health"), dict)]
    told = {*re.findall(r"asked in its own protocol: (.*)", EXAMPLE.read_text())[0].split(", ")}
    assert told == set(HANDSHAKES)
    assert {key for check in checks for key in check} | told == names(HealthCheckTable)
    matches = [service["match"] for service in services if isinstance(service.get("match"), dict)]
    assert {key for match in matches for key in match} == names(MatchTable)
    for section, shape in (("dashboard", DashboardTable), ("health", HealthTable), ("discovery", DiscoveryTable),
                           ("api", ApiTable)):  # fmt: skip
        assert set(found[section]) == names(shape), section
    assert set(found["hooks"][0]) == names(HookTable)
    assert set(found["environments"]["production"]) <= names(SectionTable)


def test_the_defaults_it_shows_are_the_real_ones(setting: Setting):
    setting.shop(uncommented(), trusted=True)
    shown, real = setting.load(), Config()
    for name in ("environment", "strategy", "base_port", "return_home", "bounds", "health"):
        assert getattr(shown, name) == getattr(real, name), name
    for section, without_default in (("dashboard", {"theme"}), ("discovery", {"range", "cluster"}), ("api", {"uds"})):
        for each in fields(getattr(real, section)):
            if each.name not in without_default:
                ours, built_in = (getattr(getattr(config, section), each.name) for config in (shown, real))
                assert ours == built_in, each.name
    assert shown.ranges == DEFAULT_RANGES
    web = shown.service("web")
    assert web is not None
    assert (web.spec.pin, web.spec.protocol, web.replicas, web.detect) == (False, "tcp", 1, False)
    assert shown.hooks[0].timeout == 10.0


def test_tables_and_settings_have_the_same_keys():
    for shape, settings, own in (
        (DashboardTable, DashboardConfig, set()),
        (HealthTable, HealthConfig, set()),
        (DiscoveryTable, DiscoveryConfig, set()),
        (ApiTable, ApiConfig, {"token"}),
        (HookTable, HookConfig, {"directory"}),
        (MatchTable, Match, set()),
    ):
        assert {each.name for each in fields(settings)} == names(shape) | own, shape
    checks = {each.name for each in fields(HealthCheck)} - {"handshakes"}
    assert checks | set(HANDSHAKES) == names(HealthCheckTable)
    assert {each.name for each in fields(ServiceSpec)} - {"name", "match"} == set(_SPEC)
    assert set(_RUN) <= {each.name for each in fields(ServiceConfig)}
    assert names(ServiceTable) == {*_SPEC, *_RUN, "match", "detect", "health"}
    assert names(SectionTable) <= {"range", *(each.name for each in fields(Config))}


def test_every_key_of_a_section_may_be_left_out():
    for shape in (SectionTable, ServiceTable, DashboardTable, HealthTable, DiscoveryTable, ApiTable):
        for key in keys_of(shape):
            assert not key.required
            assert type(None) in get_args(key.type), key.name
