"""Which environment is in force, and what variables and flags say."""

import pytest
from config_setting import Setting

from portdash.errors import ConfigError, UnknownEnvironment
from portdash.model.ports import PortRange


@pytest.mark.parametrize(
    ("environ", "flag", "in_file", "declared", "expected"),
    [
        ({}, None, None, (), "development"),
        ({"PORTDASH_ENV": "staging"}, None, None, (), "staging"),
        ({"PORTDASH_ENV": ""}, None, None, (), "development"),
        ({"ENV": "staging"}, None, None, (), "development"),
        ({"ENV": "staging"}, None, None, ("staging",), "staging"),
        ({"ENV": "/etc/shrc"}, None, None, ("staging",), "development"),
        ({"ENV": "staging", "PORTDASH_ENV": "ci"}, None, None, ("staging", "ci"), "ci"),
        ({"PORTDASH_ENV": "staging"}, "ci", None, ("staging", "ci"), "ci"),
        ({"PORTDASH_ENV": "development"}, None, None, ("staging",), "development"),
        ({}, None, "staging", ("staging",), "staging"),
        ({"ENV": "ci"}, None, "staging", ("staging", "ci"), "ci"),
        ({}, "production", None, (), "production"),
    ],
)
def test_which_environment_is_in_force(  # noqa: PLR0917
    setting: Setting,
    environ: dict[str, str],
    flag: str | None,
    in_file: str | None,
    declared: tuple[str, ...],
    expected: str,
):
    lines = [f"environment = '{in_file}'"] if in_file else []
    setting.shop("\n".join([*lines, *(f"[environments.{name}]" for name in declared)]))
    setting.environ.update(environ)
    config = setting.load(environment=flag)
    assert config.environment == expected
    assert config.environment_declared == (expected in declared)
    assert config.environments == tuple(sorted(declared))


@pytest.mark.parametrize(
    ("variable", "flag", "declared", "hint"),
    [
        ("stagin", None, ("staging",), "did you mean staging?"),
        (None, "prod", (), "did you mean production?"),
        ("x", None, ("staging",), "known here: development and staging"),
        ("staging", None, ("production",), "development and production"),
    ],
)
def test_an_unknown_environment_is_named(
    setting: Setting, variable: str | None, flag: str | None, declared: tuple[str, ...], hint: str
):
    setting.shop("\n".join(f"[environments.{name}]" for name in declared))
    if variable:
        setting.environ["PORTDASH_ENV"] = variable
    with pytest.raises(UnknownEnvironment, match=f"Unknown environment: {variable or flag} ") as caught:
        setting.load(environment=flag)
    assert hint in caught.value.hint
    assert ("PORTDASH_ENV" if variable else "--environment") in caught.value.message


def test_an_environment_that_only_a_file_asks_for_must_be_declared_too(setting: Setting):
    setting.shop("environment = 'stagin'\n[environments.staging]")
    with pytest.raises(UnknownEnvironment, match="stagin"):
        setting.load()


def test_variables_are_read(setting: Setting):
    setting.environ |= {
        "PORTDASH_WORKSPACE": "shop~1a2b",
        "PORTDASH_PORT_MIN": "8080",
        "PORTDASH_PORT_MAX": "8090",
        "PORTDASH_DISCOVERY_TIMEOUT": "500ms",
        "PORTDASH_HEALTH_INTERVAL": "30",
        "PORTDASH_DEBUG": "TRUE",
        "PORTDASH_URL_MY_API": "http://localhost:9",
        "PORTDASH_CLUSTER_URL": "redis://a,http://b",
        "PORTDASH_TOKEN": "s3cret",
        "PORTDASH_EXPORTED": "WEB_PORT=3000",
    }
    config = setting.load()
    assert config.workspace == "shop~1a2b"
    assert config.policy().bounds == PortRange(8080, 8090)
    assert (config.discovery.timeout, config.health.interval, config.debug) == (0.5, 30.0, True)
    assert config.url_of("my-api") == config.url_of("My.Api") == "http://localhost:9"
    assert config.url_of("other") is None
    assert config.discovery.cluster == ("redis://a", "http://b")
    assert config.api.token == setting.environ["PORTDASH_TOKEN"]
    assert config.warnings == ()


def test_a_variable_wins_over_a_declared_url(setting: Setting):
    setting.shop("[services.lm]\nurl = 'http://localhost:1234'")
    assert setting.load().url_of("lm") == "http://localhost:1234"
    setting.environ["PORTDASH_URL_LM"] = "http://localhost:9"
    assert setting.load().url_of("LM") == "http://localhost:9"


def test_one_bound_alone_keeps_the_other(setting: Setting):
    setting.user("range = [1024, 30000]")
    setting.environ["PORTDASH_PORT_MAX"] = "20000"
    assert setting.load().bounds == PortRange(1024, 20000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTDASH_PORT_MIN", "0"),
        ("PORTDASH_PORT_MAX", "65536"),
        ("PORTDASH_PORT_MAX", "x"),
        ("PORTDASH_WORKSPACE", "a b"),
        ("PORTDASH_DISCOVERY_TIMEOUT", "soon"),
        ("PORTDASH_HEALTH_INTERVAL", "-1s"),
        ("PORTDASH_DEBUG", "maybe"),
        ("PORTDASH_STORE", "mysql://x"),
        ("PORTDASH_URL_API", "localhost"),
        ("PORTDASH_CLUSTER_URL", "ftp://x"),
        ("PORTDASH_TOKEN", "two words"),
    ],
)
def test_an_invalid_variable_is_an_error_that_names_it(setting: Setting, name: str, value: str):
    setting.environ[name] = value
    with pytest.raises(ConfigError) as caught:
        setting.load()
    assert caught.value.message.startswith(f"{name}: ")
    assert (value in caught.value.message) == (name not in ("PORTDASH_TOKEN", "PORTDASH_CLUSTER_URL"))
    assert caught.value.hint


def test_bounds_that_run_backwards_name_both_variables(setting: Setting):
    setting.environ |= {"PORTDASH_PORT_MIN": "9000", "PORTDASH_PORT_MAX": "8000"}
    with pytest.raises(
        ConfigError, match="PORTDASH_PORT_MIN and PORTDASH_PORT_MAX: the range 9000-8000 runs backwards"
    ):
        setting.load()


def test_a_variable_that_is_nearly_ours_is_doubted(setting: Setting):
    setting.environ["PORTDASH_WORKSPCE"] = "x"
    assert setting.load().warnings == (
        "PORTDASH_WORKSPCE is not a variable of portdash; did you mean PORTDASH_WORKSPACE?",
    )


def test_flags_are_the_last_word(setting: Setting):
    setting.environ |= {"PORTDASH_WORKSPACE": "a", "PORTDASH_DEBUG": "1"}
    config = setting.load(workspace="b", read_only=True, debug=False)
    assert (config.workspace, config.read_only, config.debug) == ("b", True, False)
    with pytest.raises(ConfigError, match="--workspace"):
        setting.load(workspace="a b")
    with pytest.raises(ConfigError, match="--store"):
        setting.load(store="nowhere")


def test_secrets_are_not_in_the_representation(setting: Setting):
    setting.environ |= {"PORTDASH_TOKEN": "hunter2", "PORTDASH_STORE": "redis://:hunter2@h/0"}
    setting.environ |= {"PORTDASH_CLUSTER_URL": "redis://:hunter2@h", "PORTDASH_URL_X": "http://u:hunter2@h"}
    setting.user("[services.x]\nurl='http://u:hunter2@h'\nhealth={http_get='/',headers={Authorization='hunter2'}}")
    assert "hunter2" not in repr(setting.load())
