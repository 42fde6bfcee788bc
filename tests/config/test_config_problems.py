import pytest
from config_setting import Setting

from portdash.config.loading import check, load
from portdash.config.settings import Flags
from portdash.errors import ConfigError, ExitCode

WRONG = [
    # file, what the line must hold: key, value, what is wrong, hint
    ("stratgy = 'minimal'", ['stratgy = "minimal"', "unknown key", "did you mean strategy?"]),
    ("strategy = 'agressiv'", ['strategy = "agressiv"', "not possible", "did you mean aggressive?"]),
    ("strategy = 3", ["strategy = 3", "expected text, got a whole number"]),
    ("base_port = 0", ["base_port = 0", "at least 1"]),
    ("base_port = 65536", ["base_port = 65536", "at most 65535"]),
    ("base_port = '4000'", ['base_port = "4000"', "expected a whole number, got text"]),
    ("base_port = true", ["base_port = true", "expected a whole number, got true or false"]),
    ("base_port = 4e3", ["base_port", "expected a whole number, got a number"]),
    ("workspace = 'a b'", ['workspace = "a b"', "not a workspace name"]),
    ("store = 'postgres://h'", ['store = "postgres://h"', "not a store", "sqlite:///ABSOLUTE/FILE"]),
    ("range = [9, 8]", ["range = [9, 8]", "runs backwards"]),
    ("range = [1, 2, 3]", ["range = [1, 2, 3]", "[FIRST, LAST]"]),
    ("range = '1-65536'", ['range = "1-65536"', "not a port"]),
    ("return_home = 'yes'", ["return_home", "expected true or false, got text"]),
    ("dashboard = 3", ["dashboard = 3", "expected a table, as in [dashboard]"]),
    ("[dashboard]\nthemee = 'x'", ["dashboard.themee", "did you mean theme?"]),
    ("[dashboard]\nrefresh = '0s'", ['dashboard.refresh = "0s"', "more than zero"]),
    ("[health]\ninterval = 'often'", ['health.interval = "often"', "10s, 500ms"]),
    ("[health]\nfailure_threshold = 0", ["health.failure_threshold = 0", "at least 1"]),
    ("[discovery]\ncluster = ['ftp://x']", ["discovery.cluster[0]", "ftp is not possible"]),
    ("[discovery]\ncluster = ['consul://x']", ["discovery.cluster[0]", "consul is not possible"]),
    ("[discovery]\nmax_retries = 3", ["discovery.max_retries = 3", "unknown key"]),
    ("[discovery]\nretry_backoff = '1s'", ['discovery.retry_backoff = "1s"', "unknown key"]),
    ("[api]\ntoken = 'hunter2'", ["api.token = ***", "unknown key"]),
    ("[keys]\nquit = 3", ["keys", "expected text"]),
    ("[[ranges]]\nname='a'\ntype='b'", ["ranges[0].range", "is missing"]),
    ("ranges = 3", ["ranges = 3", "as in [[ranges]]"]),
    ("[[ranges]]\nname='a'\ntype='b'\nrange=[3,2]", ["ranges[0].range = [3, 2]", "runs backwards"]),
    (
        "ranges=[{name='a',type='x',range=[1,9]},{name='b',type='y',range=[9,12]}]",
        ["ranges", "a (1-9, x) and b (9-12, y) overlap"],
    ),
    ("ranges=[{name='a',type='x',range=[1,9]},{name='a',type='x',range=[10,12]}]", ["two ranges are called a"]),
    ("[[hooks]]\non=['moved']", ["hooks[0].command", "is missing"]),
    ("[[hooks]]\non=['movd']\ncommand='x'", ['hooks[0].on[0] = "movd"', "not possible", "did you mean moved?"]),
    ("services = []", ["services", "as in [services.NAME]"]),
    (
        "[services.web]\npreferrd = [3000]",
        ["services.web.preferrd = [3000]", "unknown key", "did you mean preferred?"],
    ),
    ("[services.web]\nport = 3000", ["services.web.port = 3000", "did you mean preferred?"]),
    ("[services.web]\nxyzzy = 1", ["services.web.xyzzy", "keys here: type, purpose"]),
    ("[services.web]\npreferred = [3000, 'x']", ["services.web.preferred", "'x' is not a port"]),
    ("[services.web]\npreferred = ['3009-3000']", ["services.web.preferred", "runs backwards"]),
    (
        "[services.web]\npreferred = '1024-65535'",
        ['services.web.preferred = "1024-65535"', "64512 ports, at most 100 are possible", "say `range`"],
    ),
    (
        f"[services.web]\npreferred = {list(range(3000, 3101))}",
        ["services.web.preferred", "101 ports, at most 100 are possible", "say `range`"],
    ),
    (
        "[environments.x.services.web]\npreferred = ['3000-3060', '3050-3100']",
        ["environments.x.services.web.preferred", "101 ports, at most 100"],
    ),
    ("[services.web]\npreferred = true", ["services.web.preferred = true", "not a port"]),
    ("[services.web]\nexclude = ['9-8']", ["services.web.exclude", "runs backwards"]),
    ("[services.web]\nbase = 1\nrange=[3,4]", ["services.web.base", "outside the service's own range 3-4"]),
    ("[services.web]\nenv = 'web_port'", ["services.web.env", "capitals"]),
    ("[services.web]\nenv = 'WEB'", ["services.web.env", "PORT must be part of it"]),
    ("[services.web]\nenv = 'PYTHONPORT'", ["services.web.env", "changes how programs run"]),
    ("[services.web]\nenv = 'LD_PORT'", ["services.web.env", "changes how programs run"]),
    ("[services.web]\nenv = 'PORT_PROXY'", ["services.web.env", "changes how programs run"]),
    ("[services.web]\nenv = 'PATH'", ["services.web.env", "changes how programs run"]),
    ("[services.web]\npriority = 0", ["services.web.priority", "at least 1"]),
    ("[services.web]\nprotocol = 'sctp'", ["services.web.protocol", "possible: tcp and udp"]),
    ("[services.web]\nreplicas = 0", ["services.web.replicas", "at least 1"]),
    ("[services.web]\ndetect = 3", ["services.web.detect", "expected text"]),
    ("[services.web]\ndetect = 'vte'", ["services.web.detect", "no such kind of server", "did you mean vite?"]),
    ("[services.web]\ndetect = 'qqqq'", ["services.web.detect", "such as vite, next", "true for any kind"]),
    ("[services.web]\nmatch = 3", ["services.web.match = 3", "a table or text"]),
    ("[services.web]\nmatch = ''", ["services.web.match.command", "one line of text"]),
    ("[services.web.match]\ncommandd = 'x'", ["services.web.match.commandd", "did you mean command?"]),
    ("[services.web]\nhealth = 'ok'", ["services.web.health.http_get", "a path from /"]),
    ("[services.web]\nhealth = {contains='x'}", ["services.web.health", "need http_get"]),
    (
        "[services.web]\nhealth = {http_get='/',exec='x'}",
        ["web.health", "http_get and exec are different checks"],
    ),
    ("[services.web]\nhealth = {redis=true,tcp=true}", ["services.web.health", "tcp and redis are different checks"]),
    ("[services.web]\nhealth = {redis=1}", ["services.web.health.redis = 1", "true or false"]),
    ("[services.web]\nhealth = {http_get='/',period='1s',interval='1s'}", ["health.period", "the same as interval"]),
    ("[services.web]\nhealth = {http_get='/',period='often'}", ["services.web.health.interval", "10s, 500ms"]),
    ("[services.web]\nhealth = {http_get='//evil.example/'}", ["services.web.health.http_get", "a path from /"]),
    ("[services.web]\nhealth = {http_get='/',status=[99]}", ["services.web.health.status[0] = 99", "at least 100"]),
    (
        "[services.web]\nhealth = {http_get='/',headers={Authorization=7}}",
        ["services.web.health.headers", "expected text"],
    ),
    ("[services.web]\ncommand = 'a && b'", ["services.web.command", "needs a shell", '["sh", "-c"']),
    ('[services.web]\ncommand = "it\'s"', ["services.web.command", "cannot be split"]),
    ("[services.web]\ncommand = []", ["services.web.command", "no program"]),
    ("[services.web]\nurl = 'localhost:3000'", ["services.web.url", "not a URL with a host"]),
    ("[services.web]\nrestart_on = ['crash']", ['services.web.restart_on = "crash"', "no such service"]),
    ("[services.9web]", ["services.9web", "not a service name", "starts with a letter"]),
    ("[services.'a b']", ["services.a b", "not a service name"]),
    ("[services.web]\n[services.WEB]", ["services.WEB", "the same service as web"]),
    ("[services.web]\ninherit_from = 'api'", ['services.web.inherit_from = "api"', "no such service"]),
    ("[services.web]\ninherit_from = 'ap i'", ["services.web.inherit_from", "not a service name"]),
    (
        "[services.web]\nconflicts_with = ['webb']\n[services.web2]",
        ["services.web.conflicts_with", "did you mean web2?"],
    ),
    ("[services.web]\nconflicts_with = ['web']", ["services.web.conflicts_with", "cannot conflict with itself"]),
    ("[services.web]\ndepends_on = ['db']", ['services.web.depends_on = "db"', "no such service"]),
    ("[services.a]\ninherit_from='a'", ["services.a.inherit_from", "in a circle: a -> a"]),
    (
        "[services.a]\ninherit_from='b'\n[services.b]\ninherit_from='C'\n[services.c]\ninherit_from='a'",
        ["services.a.inherit_from", "in a circle: a -> b -> c -> a"],
    ),
    (
        "[services.a]\ninherit_from='b'\nconflicts_with=['b']\n[services.b]",
        ["services.a.conflicts_with", "cannot have"],
    ),
    (
        "[services.web]\nconflicts_with = ['WEB']",
        ['services.web.conflicts_with = "WEB"', "cannot conflict with itself"],
    ),
    (
        "[services.a]\nconflicts_with=['B']\n[services.b]\ninherit_from='a'",
        ['services.a.conflicts_with = "B"', "that service has its port, and cannot conflict with it: b -> a"],
    ),
    (
        "[services.a]\nconflicts_with=['c']\n[services.b]\ninherit_from='A'\n[services.c]\ninherit_from='b'",
        ['services.a.conflicts_with = "c"', "that service has its port, and cannot conflict with it: c -> b -> a"],
    ),
    (
        "[services.a]\n[services.b]\ninherit_from='a'\n[services.c]\ninherit_from='b'\nconflicts_with=['a']",
        ['services.c.conflicts_with = "a"', "cannot have that service's port and conflict with it"],
    ),
    (
        "[services.a]\n[services.b]\ninherit_from='a'\nconflicts_with=['c']\n[services.c]\ninherit_from='a'",
        ['services.b.conflicts_with = "c"', "both have the port of a, and cannot conflict"],
    ),
    ("[services.a]\ninherit_from='b'\n[services.b]\nurl='http://localhost:1'", ["services.a.inherit_from", "no port"]),
    ("[services.a]\ndepends_on=['b']\n[services.b]\ndepends_on=['a']", ["depends_on", "they wait for one another: "]),
    ("[services.my-api]\n[services.my_api]", ["services.my_api", "exported as MY_API_PORT", "my-api's"]),
    ("[services.a]\nenv='B_PORT'\n[services.b]", ["services.b", "exported as B_PORT"]),
    ("[services.a]\nreplicas=2\n[services.a-2]", ["services.a-2", "exported as A_2_PORT"]),
    ("[environments.x]\nbase_prt = 1", ["environments.x.base_prt", "did you mean base_port?"]),
    ("[environments.x]\nenvironment = 'y'", ["environments.x.environment", "unknown key"]),
    ("[environments.'a b']", ["environments.a b", "not a name for an environment"]),
    ("[environments.x.services.web]\nbase = 0", ["environments.x.services.web.base = 0", "at least 1"]),
    ("a = ", ["line 1, at its end", "not TOML"]),
    ("x = 1\n[a\n", ["line 2, column 3", "not TOML"]),
    ("a = 1\na = 2", ["line 2", "not TOML"]),
    ("a = '", ["not TOML"]),
    (b"a = '\xff'", ["line 1", "not UTF-8", "0xff"]),
    ("a = " + "[" * 20_000, ["nested too deeply"]),
    ("a = " + "9" * 5_000, ["not TOML"]),
    ("[services.web]\nbase = 99999999999999999999999999", ["services.web.base"]),
    ("[services.web]\npurpose = 1979-05-27", ["services.web.purpose", "expected text"]),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_what_is_wrong_is_named(setting: Setting, text: str | bytes, expected: list[str]):
    setting.shop(text, trusted=True)
    lines = setting.problems()
    assert any(all(part in line for part in expected) for line in lines), lines
    assert all(line.startswith(str(setting.project_file)) for line in lines), lines
    with pytest.raises(ConfigError) as caught:
        setting.load()
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_deep_chain_is_refused(setting: Setting):
    def chain(length: int) -> str:
        links = "".join(f"[services.s{number}]\ninherit_from = 's{number + 1}'\n" for number in range(length))
        return f"{links}[services.s{length}]\n"

    setting.shop(chain(16))
    assert setting.problems() == []
    setting.shop(chain(17))
    assert [line for line in setting.problems() if "inherits through more than 16 services" in line]


def test_check_reports_everything_and_load_the_first(setting: Setting):
    setting.user("stratgy = 'minimal'\nbase_port = 0")
    setting.shop("[services.web]\npreferrd = 1\nenv = 'PATH'\n[environments.staging.services.web]\nbase = -1")
    setting.environ["PORTDASH_PORT_MIN"] = "x"
    lines = setting.problems()
    assert len(lines) == 6
    assert len(set(lines)) == 6
    with pytest.raises(ConfigError, match="PORTDASH_PORT_MIN") as caught:
        setting.load()
    assert "`portdash config check` lists 5 more problems" in caught.value.hint


def test_check_looks_into_every_environment(setting: Setting):
    setting.shop(
        "[services.a]\n[services.b]\n[environments.one.services.a]\ninherit_from = 'b'\n"
        "[environments.two.services.a]\ninherit_from = 'b'\n[environments.two.services.b]\ninherit_from = 'a'"
    )
    assert setting.load(environment="one").service("a") is not None
    assert len(setting.problems(environment="one")) == 1
    with pytest.raises(ConfigError, match=r"\[environments.two\]: services.a.inherit_from .*circle"):
        setting.load(environment="two")


def test_a_good_configuration_has_no_problems(setting: Setting):
    setting.shop(
        "[services.web]\nenv = 'PORT'\n[services.api]\nenv = 'PORT'\n[services.db]\ndepends_on = ['web', 'api']"
    )
    assert setting.problems() == []


@pytest.mark.parametrize("text", ["", "\ufeffbase_port = 1", "base_port = 1\r\n", "# only a comment"])
def test_ordinary_oddities_are_fine(setting: Setting, text: str):
    setting.shop(text.encode())
    setting.load()


def test_files_that_cannot_be_read_are_problems(setting: Setting):
    setting.user_file.mkdir(parents=True)
    setting.project_file.symlink_to(setting.project_file)
    lines = setting.problems()
    assert len(lines) == 2
    assert "is a directory" in lines[0]
    assert "leads to itself" in lines[1]
    with pytest.raises(ConfigError, match="is a directory"):
        setting.load()


def test_secrets_stay_out_of_messages(setting: Setting):
    setting.user("password = 'hunter2'\nstore = 'redis://:hunter2@h/first'\n[services.a]\nurl='http://u:hunter2@h:x'")
    setting.environ |= {"PORTDASH_TOKEN": "hunter2 hunter2", "PORTDASH_STORE": "redis://:hunter2@h:99999"}
    assert len(setting.problems()) == 5
    assert "hunter2" not in str(setting.problems())


def test_foreign_text_is_shown_clean(setting: Setting):
    setting.shop('"\\u001b[2Jkey" = "\\u001b]52;c;x\\u0007"\n[services."a\\u202eb"]')
    assert all(line.isprintable() for line in setting.problems())
    assert len(setting.problems()) == 2


def test_a_type_without_a_range_is_doubted(setting: Setting):
    setting.shop("[services.a]\ntype = 'gatewai'\n[services.b]\ntype = 'legacy'\n[services.c]\ntype = 'Gateway'")
    nearly, legacy = setting.load().warnings
    assert "services.a.type: no range is set aside for the type gatewai" in nearly
    assert nearly.endswith("; did you mean gateway?")
    assert "services.b.type: no range is set aside for the type legacy, which leaves the dynamic pool" in legacy
    assert "there are ranges for: bridge, cache, database" in legacy


@pytest.mark.parametrize("command", ["serve --port $PORT", "serve --port=${PORT}", "env X=$PORT serve"])
def test_a_variable_that_no_shell_puts_in_is_doubted(setting: Setting, command: str):
    setting.shop(f"[services.a]\ncommand = '{command}'", trusted=True)
    (told,) = setting.load().warnings
    assert told.endswith("services.a.command: no shell reads it, so $PORT stays as it is; write {port}")


@pytest.mark.parametrize(
    "command",
    [
        "'serve {port}'",
        "['/bin/sh', '-c', 'serve $PORT']",
        "'serve --at $PORTAL'",
        "'serve PORT'",
        "'make P=$$PORT'",
        "'env A=1 bash.exe -c $PORT'",
        "['npx', 'all', 'vite $PORT']",
    ],
)
def test_what_a_shell_reads_and_what_is_no_port_is_not_doubted(setting: Setting, command: str):
    setting.shop(f"[services.a]\ncommand = {command}", trusted=True)
    assert setting.load().warnings == ()


def test_a_type_is_a_mere_label_where_its_range_would_not_count(setting: Setting):
    places = ("range = '3000-3010'", "base = 3000", "url = 'http://localhost:1'", "inherit_from = 'web'")
    labelled = "".join(f"[services.s{number}]\ntype = 'legacy'\n{place}\n" for number, place in enumerate(places))
    setting.shop(f"[services.web]\n{labelled}", trusted=True)
    assert setting.load().warnings == ()


def test_check_and_load_agree(setting: Setting):
    setting.shop("[services.web]")
    arguments = {"cwd": setting.project, "environ": {}, "flags": Flags(), "home": setting.home}
    assert check(**arguments) == ()
    assert load(**arguments).service("web") is not None
