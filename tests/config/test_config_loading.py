import subprocess
import sys
from pathlib import Path

import pytest
from config_setting import Setting

from portdash.config.hooks import HookConfig, HookEvent
from portdash.config.loading import load
from portdash.config.origins import Layer
from portdash.config.ranges import DEFAULT_RANGES
from portdash.config.services import HealthCheck, RestartOn, ServiceConfig
from portdash.config.settings import Config, Flags
from portdash.errors import ConfigError
from portdash.model.assignment import Match, ServiceSpec
from portdash.model.health import HealthLevel
from portdash.model.plan import Strategy
from portdash.model.policy import Policy, TypeRange
from portdash.model.ports import IpProtocol, PortRange


def test_an_empty_home_gives_the_defaults(setting: Setting):
    config = setting.load()
    store = f"sqlite:///{setting.home}/.local/state/portdash/portdash.db"
    assert config == Config(store=store, origins=config.origins)
    assert config.policy() == Policy(ranges=DEFAULT_RANGES)


def test_nothing_is_written(setting: Setting):
    setting.shop("strategy = 'minimal'")
    before = sorted(setting.home.rglob("*"))
    setting.load()
    setting.problems()
    assert sorted(setting.home.rglob("*")) == before


def test_without_files_neither_toml_reader_nor_decoder_is_imported(home: Path):
    code = (
        "import sys; from pathlib import Path; from portdash.config.loading import load;"
        "from portdash.config.settings import Flags; home = Path(sys.argv[1]);"
        "config = load(cwd=home, environ={'PORTDASH_DEBUG': '1'}, flags=Flags(), home=home);"
        "assert config.debug; print(*sorted(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "portdash.config.loading" in loaded
    heavy = {"tomllib", "msgspec", "difflib", "hashlib", "asyncio", "textual", "rich", "click", "sqlite3", "socket"}
    assert not heavy & loaded


def test_paths_alone_load_nothing_else():
    code = "import sys, portdash.config.paths; print(*[name for name in sys.modules if name.startswith('portdash')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(run.stdout.split()) == ["portdash", "portdash.config", "portdash.config.paths"]


def test_each_layer_wins_over_those_before_it(setting: Setting):
    setting.user("base_port = 1111\nstrategy = 'conservative'\n[health]\ninterval = '1m'\ntimeout = 2\n")
    assert setting.load().base_port == 1111
    setting.shop("base_port = 2222\n[environments.staging]\nbase_port = 3333\nstore = 'json:p.json'\n")
    assert setting.load().base_port == 2222
    setting.environ["PORTDASH_ENV"] = "staging"
    assert setting.load().base_port == 3333
    setting.environ |= {"PORTDASH_STORE": "json:v.json", "PORTDASH_HEALTH_INTERVAL": "7s"}
    config = setting.load()
    assert (config.store, config.health.interval) == (f"json:{setting.project}/v.json", 7.0)
    config = setting.load(store="memory:")
    assert config.store == "memory:"
    assert config.strategy is Strategy.CONSERVATIVE
    assert config.health.timeout == 2.0
    assert config.files == (setting.user_file, setting.project_file)


def test_every_value_knows_its_origin(setting: Setting):
    setting.user("strategy = 'conservative'\nreturn_home = false")
    setting.shop("base_port = 2222\n[services.Web]\npreferred = 1\n[environments.staging.services.web]\nbase = 3\n")
    setting.environ |= {"PORTDASH_DEBUG": "1", "PORTDASH_PORT_MIN": "1024"}
    config = setting.load(environment="staging", store="memory:")
    layers = {
        "strategy": Layer.USER_FILE,
        "base_port": Layer.PROJECT_FILE,
        "services.WEB.preferred": Layer.PROJECT_FILE,
        "services.web.base": Layer.ENVIRONMENT,
        "debug": Layer.VARIABLE,
        "range": Layer.VARIABLE,
        "environment": Layer.FLAG,
        "store": Layer.FLAG,
        "keys": Layer.BUILT_IN,
        "api.port": Layer.BUILT_IN,
    }
    origins = {key: config.origin(key) for key in layers}
    assert {key: origin.layer for key, origin in origins.items()} == layers
    assert origins["strategy"].path == setting.user_file
    assert str(origins["services.web.base"]) == f"{setting.project_file} [environments.staging]"
    assert [str(origins[key]) for key in ("debug", "range", "store")] == [
        "PORTDASH_DEBUG",
        "PORTDASH_PORT_MIN",
        "--store",
    ]
    assert str(origins["api.port"]) == "built-in"


def test_a_full_service_is_decoded(setting: Setting):
    setting.shop(
        """
        [services.web]
        type = "development"
        purpose = "the shop's pages"
        preferred = [3000, "3010-3012", 3001, 3000]
        base = 3000
        range = "3000-3099"
        exclude = [3030, "3040-3042"]
        env = "PORT"
        conflicts_with = ["API"]
        priority = 2
        pin = true
        protocol = "udp"
        match = "vite"
        detect = "vite"
        health = { http_get = "/ok", contains = "up", status = [200], level = "http", timeout = "250ms" }
        command = "npm run 'dev server' -- --port {port}"
        depends_on = ["api"]
        restart_on = ["failure", "moved"]
        replicas = 2
        [services.api]
        match = { process = "uvicorn", directory = "back/../api" }
        detect = true
        command = ["sh", "-c", "a && b"]
        [services.ws]
        inherit_from = "web"
        health = "/ws"
        """,
        trusted=True,
    )
    config = setting.load()
    assert config.service("WEB") == ServiceConfig(
        spec=ServiceSpec(
            name="web",
            type="development",
            purpose="the shop's pages",
            protocol=IpProtocol.UDP,
            preferred=(3000, 3010, 3011, 3012, 3001),
            base=3000,
            range=PortRange(3000, 3099),
            exclude=frozenset({3030, 3040, 3041, 3042}),
            env="PORT",
            conflicts_with=("API",),
            priority=2,
            pin=True,
            match=Match(command="vite"),
        ),
        command=("npm", "run", "dev server", "--", "--port", "{port}"),
        depends_on=("api",),
        restart_on=(RestartOn.FAILURE, RestartOn.MOVED),
        detect=True,
        fingerprint="vite",
        health=HealthCheck(http_get="/ok", contains="up", status=(200,), level=HealthLevel.HTTP, timeout=0.25),
        replicas=2,
        file=setting.project_file,
        root=setting.project,
    )
    api, ws = config.service("api"), config.service("ws")
    assert api is not None
    assert ws is not None
    assert api.spec.match == Match(process="uvicorn", directory=str(setting.project / "api"))
    assert (api.detect, api.fingerprint, api.command) == (True, None, ("sh", "-c", "a && b"))
    assert (ws.spec.inherit_from, ws.health) == ("web", HealthCheck(http_get="/ws"))
    assert config.service("nothing") is None


def test_values_are_of_the_built_in_types(setting: Setting):
    setting.shop(
        "workspace='shop'\n[services.web]\nenv='WEB_PORT'\npreferred=[1]\ncommand='a b'\nhealth={interval='1s'}"
    )
    web = setting.load().service("web")
    assert web is not None
    assert web.health is not None
    assert [type(value) for value in (web.spec.env, web.spec.preferred, web.command, web.health.interval)] == [
        str,
        tuple,
        tuple,
        float,
    ]
    assert web.command is not None
    assert {type(word) for word in web.command} == {str}
    assert type(setting.load().workspace_base) is str


def test_the_other_sections_are_decoded(setting: Setting):
    setting.user(
        """
        range = [1024, 49151]
        return_home = false
        ranges = [{ name = "web", range = "3000-3999", type = "web" }]
        hooks = [{ on = ["moved", "conflict"], command = "say it", timeout = "1m" }]
        [dashboard]
        theme = "nord"
        refresh = "500ms"
        glyphs = "ascii"
        [discovery]
        range = [8080, 8090]
        cluster = ["redis://h"]
        [api]
        port = 9000
        uds = "~/run/p.sock"
        [keys]
        refresh = "f5"
        "help.show" = "f1,?"
        """
    )
    config = setting.load()
    assert config.bounds == PortRange(1024, 49151)
    assert config.ranges == (TypeRange("web", PortRange(3000, 3999), "web", 3),)
    beside = setting.user_file.parent
    told = (HookEvent.MOVED, HookEvent.CONFLICT)
    assert config.hooks == (HookConfig(on=told, command=("say", "it"), timeout=60.0, directory=beside),)
    assert (config.dashboard.theme, config.dashboard.refresh, config.dashboard.glyphs) == ("nord", 0.5, "ascii")
    assert (config.discovery.range, config.discovery.cluster) == (PortRange(8080, 8090), ("redis://h",))
    assert (config.api.port, config.api.uds) == (9000, str(setting.home / "run/p.sock"))
    assert dict(config.keys) == {"refresh": "f5", "help.show": "f1,?"}
    assert not config.policy().return_home


def test_an_empty_text_switches_a_command_of_the_dashboard_off(setting: Setting):
    setting.user('[keys]\nfree = ""\nmove = "ctrl+e"\n')
    assert setting.load().keys == {"free": "", "move": "ctrl+e"}


def test_tables_are_laid_over_key_by_key_and_values_whole(setting: Setting):
    setting.user(
        "hooks=[{on=['moved'],command='one'}]\n[keys]\na='x'\nb='y'\n"
        "[services.Web]\npreferred=[1,2]\nhealth={http_get='/a',contains='b'}\nmatch={process='node'}\n[services.api]\n"
    )
    setting.shop(
        "hooks=[{on=['moved'],command='two'}]\n[keys]\nb='z'\n"
        "[services.db]\n[services.web]\npreferred=[3]\npurpose='p'\nmatch='vite'\nhealth={http_get='/c'}\n",
        trusted=True,
    )
    config = setting.load()
    assert [each.name for each in config.services] == ["web", "api", "db"]
    web = config.service("web")
    assert web is not None
    assert (web.spec.preferred, web.spec.purpose, web.spec.match) == ((3,), "p", Match(command="vite"))
    assert web.health == HealthCheck(http_get="/c")
    assert dict(config.keys) == {"a": "x", "b": "z"}
    assert [hook.command for hook in config.hooks] == [("one",), ("two",)]
    assert [hook.directory for hook in config.hooks] == [setting.user_file.parent, setting.project]


def test_a_named_file_replaces_the_project_file(setting: Setting):
    setting.user("strategy = 'conservative'")
    setting.shop("base_port = 1")
    (setting.home / "x.toml").write_text("base_port = 2")
    config = setting.load(config=setting.home / "x.toml")
    assert (config.base_port, config.strategy) == (2, Strategy.CONSERVATIVE)
    with pytest.raises(ConfigError, match=r"--config: .*nothing.toml: no such file"):
        setting.load(config=Path("nothing.toml"))


def test_home_itself_may_hold_a_project_file(home: Path):
    (home / "portdash.toml").write_text("base_port = 2")
    (home / "a").mkdir()
    assert load(cwd=home, environ={}, flags=Flags(), home=home).base_port == 2
    assert load(cwd=home / "a", environ={}, flags=Flags(), home=home).base_port == 2
    assert load(cwd=home / "a", environ={}, flags=Flags(), home=home / "a").base_port == 4000


def test_how_a_service_is_asked(setting: Setting):
    setting.user("[health]\nperiod = '2s'\n")
    setting.shop(
        "[services.a]\nhealth = {redis=true, period='1s'}\n[services.b]\nhealth = {tcp=true}\n"
        "[services.c]\nhealth = {postgres=false, level='kernel'}\n"
        "[services.d]\nhealth = {exec='pg_isready -p {port}'}\n",
        trusted=True,
    )
    config = setting.load()
    assert config.health.interval == 2.0
    assert [service.health for service in config.services] == [
        HealthCheck(handshakes=("redis",), interval=1.0),
        HealthCheck(tcp=True),
        HealthCheck(level=HealthLevel.KERNEL),
        HealthCheck(exec=("pg_isready", "-p", "{port}")),
    ]
    ways = [service.health.ways for service in config.services if service.health]
    assert ways == [("redis",), ("tcp",), (), ("exec",)]


def test_as_many_ports_as_may_be_preferred(setting: Setting):
    setting.shop("[services.web]\npreferred = ['3000-3089', 3000, '3080-3099']\n")
    (web,) = setting.load().services
    assert web.spec.preferred == tuple(range(3000, 3100))
