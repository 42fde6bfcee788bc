import json

from config_setting import Setting

from portdash.config.show import as_json, rows


def test_every_effective_key_has_value_and_origin(setting: Setting):
    setting.user("[dashboard]\nrefresh = '500ms'\n[keys]\nquit = 'q'\n")
    setting.shop(
        "[services.web]\npreferred = [3000, 3001]\nrange = [3000, 3099]\ncommand = 'npm run dev'\n[services.bare]"
    )
    setting.environ["PORTDASH_PORT_MIN"] = "1024"
    shown = {row.key: row for row in rows(setting.load(workspace="shop"))}
    expected = {
        "environment": ("development", "built-in"),
        "strategy": ("minimal", "built-in"),
        "base_port": ("4000", "built-in"),
        "workspace": ("shop", "--workspace"),
        "range": ("1024-65535", "PORTDASH_PORT_MIN"),
        "return_home": ("true", "built-in"),
        "dashboard.refresh": ("500ms", str(setting.user_file)),
        "dashboard.theme": ("-", "built-in"),
        "health.initial_delay": ("30s", "built-in"),
        "api.token": ("-", "built-in"),
        "keys.quit": ("q", str(setting.user_file)),
        "ranges[0]": ("name = system-db, range = 5000-5999, type = database, priority = 1", "built-in"),
        "services.web.preferred": ("3000, 3001", str(setting.project_file)),
        "services.web.range": ("3000-3099", str(setting.project_file)),
        "services.web.command": ("npm, run, dev", str(setting.project_file)),
        "services.bare": ("-", "built-in"),
    }
    assert {key: (shown[key].text, shown[key].origin) for key in expected} == expected
    assert "services.web.pin" not in shown


def test_the_document_is_json(setting: Setting):
    setting.shop(
        "[services.web]\nhealth={http_get='/',interval='2s'}\nexclude=[2,1]\nmatch='vite'\ndetect='vite'\n"
        "[[hooks]]\non=['moved']\ncommand='x'\n[environments.a]",
        trusted=True,
    )
    document = json.loads(json.dumps(as_json(setting.load())))
    assert next(iter(document)) == "schema_version"
    values = {each["key"]: each["value"] for each in document["values"]}
    assert values["services.web.health"] == {"http_get": "/", "interval": "2s"}
    assert values["services.web.exclude"] == [1, 2]
    assert values["services.web.match"] == {"command": "vite"}
    assert values["services.web.detect"] == "vite"
    assert values["hooks[0]"] == {"on": ["moved"], "command": ["x"], "timeout": "10s"}
    assert document["environments"] == ["a"]
    assert document["trusted"] is True


def test_secrets_are_never_shown(setting: Setting):
    setting.user(
        "[services.a]\nurl='http://u:hunter2@h/?key=hunter2'\nhealth={http_get='/',headers={X='hunter2'}}\n"
        "[discovery]\ncluster=['redis://:hunter2@h']"
    )
    setting.environ |= {"PORTDASH_TOKEN": "hunter2", "PORTDASH_STORE": "redis://:hunter2@h/0",
                        "PORTDASH_URL_B": "http://u:hunter2@h"}  # fmt: skip
    config = setting.load()
    assert "hunter2" not in json.dumps(as_json(config))
    assert "hunter2" not in "".join(row.text for row in rows(config))
    shown = {row.key: row.value for row in rows(config)}
    assert shown["api.token"] == "***"
    assert shown["store"] == "redis://***@h/0"
    assert shown["services.a.health"] == {"http_get": "/", "headers": "***"}


def test_foreign_text_is_shown_clean(setting: Setting):
    setting.shop('[services.a]\npurpose = "\\u001b[2J\\u202e"')
    assert all(row.text.isprintable() for row in rows(setting.load()))
