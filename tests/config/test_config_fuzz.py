"""Whatever a file or a variable holds: a Config or a ConfigError, in one line, and nothing written."""

import os
from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portdash.config.loading import check, load
from portdash.config.settings import Config, Flags
from portdash.config.show import as_json, rows
from portdash.config.tables import FileTable, SectionTable, ServiceTable
from portdash.errors import ConfigError

WORDS = sorted({*FileTable.__struct_fields__, *SectionTable.__struct_fields__, *ServiceTable.__struct_fields__, "web",
                "api", "http_get", "exec", "headers", "on", "interval", "name"})  # fmt: skip
VALUES = ["3000-3010", "10s", "web", "api", "minimal", "tcp", "/health", "json:a.json", "http://localhost:1", "a && b",
          "", "WEB_PORT", "\x1b]52;c;\x07", "moved", "x" * 300]  # fmt: skip

scalars = st.one_of(
    st.sampled_from(VALUES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.integers(-2, 70000),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(),
    st.booleans(),
    st.datetimes(),
)
keys = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
tables = st.recursive(
    st.dictionaries(keys, st.one_of(scalars, st.lists(scalars, max_size=4)), max_size=5),
    lambda inner: st.dictionaries(keys, st.one_of(inner, st.lists(inner, max_size=3), scalars), max_size=5),
    max_leaves=20,
)
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
quietly = settings(max_examples=100 * SCALE, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(home: Path, environ: dict[str, str] | None = None) -> Config | ConfigError:
    """Load, or the error, which must be one printable line; `check` must agree, and showing must work."""
    arguments = {"cwd": home, "environ": environ or {}, "flags": Flags(), "home": home}
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    problems = check(**arguments)
    try:
        config: Config | ConfigError = load(**arguments)
    except ConfigError as error:
        config = error
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    if isinstance(config, ConfigError):
        assert problems
        assert all(line.isprintable() for line in (config.message, config.hint, *map(str, problems)))
        return config
    assert all(problem.place.endswith("]") for problem in problems)  # those of other environments only
    assert as_json(config)["values"]
    assert all(row.text.isprintable() for row in rows(config))
    return config


@quietly
@given(st.binary(max_size=300))
def test_any_bytes(home: Path, content: bytes):
    (home / "portdash.toml").write_bytes(content)
    outcome(home)


@quietly
@given(st.text(st.sampled_from("[]{}=\"'.#\n abc01-:T,\\_\t"), max_size=120))
def test_anything_that_looks_like_toml(home: Path, text: str):
    (home / "portdash.toml").write_text(text)
    outcome(home)


@quietly
@given(tables)
def test_any_tables(home: Path, table: dict[str, object]):
    (home / "portdash.toml").write_text(tomli_w.dumps(table))
    outcome(home)


@quietly
@given(st.dictionaries(st.sampled_from(["web", "api", "db", "web2"]), st.dictionaries(st.sampled_from(WORDS), scalars)))
def test_any_services(home: Path, services: dict[str, object]):
    (home / "portdash.toml").write_text(tomli_w.dumps({"services": services}))
    outcome(home)


@quietly
@given(st.dictionaries(
    st.sampled_from(["ENV", "STORE", "WORKSPACE", "PORT_MIN", "PORT_MAX", "DEBUG", "URL_X", "CLUSTER_URL", "TOKEN", "",
                     "X", "DISCOVERY_TIMEOUT", "HEALTH_INTERVAL"]),
    st.one_of(st.sampled_from([*VALUES, "80", "redis://h", "\udcff"]), st.text(max_size=30)),
))  # fmt: skip
def test_any_variables(home: Path, variables: dict[str, str]):
    outcome(home, {f"PORTDASH_{name}": value for name, value in variables.items()})


SERVICES = (
    "".join(f"[services.s{number}]\ninherit_from = 's{number + 1}'\n" for number in range(999)) + "[services.s999]\n"
)
RANGES = "".join(f"[[ranges]]\nname = 'r'\ntype = 't{number}'\nrange = [1, 9]\n" for number in range(20_000))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a." * 100_000 + "a = 1", id="dotted"),
        pytest.param('"a" . ' * 100_000 + "a = 1", id="quoted"),
        pytest.param("[" + "a." * 100_000 + "a]", id="header"),
        pytest.param("x = { " + "a." * 100_000 + "a = 1}", id="inline dotted"),
        pytest.param("a = " + "{b = " * 3_000 + "1" + "}" * 3_000, id="inline"),
        pytest.param("[[a]]\n" * 50_000, id="arrays"),
        pytest.param("services = { " + ", ".join(f"s{number} = {{}}" for number in range(5_000)) + " }", id="services"),
        pytest.param("".join(f"[environments.e{number}]\n" for number in range(1_000)), id="environments"),
        pytest.param(
            "[services.a]\nexclude = [" + ", ".join(f'"1-{65535 - n}"' for n in range(1_000)) + "]", id="exclude"
        ),
        pytest.param("x = '" + "y" * 1_000_000 + "'", id="long"),
        pytest.param("y" * 1_000_000, id="bare"),
        pytest.param("'\"" * 500_000, id="quotes"),
        pytest.param("".join(f"k{number} = 1\n" for number in range(20_000)), id="unknown"),
        pytest.param(SERVICES, id="chain"),
        pytest.param(RANGES, id="ranges"),
    ],
)
def test_files_made_to_hurt_come_to_an_end(home: Path, text: str):
    (home / "portdash.toml").write_text(text)
    assert isinstance(outcome(home), ConfigError)
