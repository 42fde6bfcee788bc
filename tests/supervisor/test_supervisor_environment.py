"""What a child finds in its environment."""

from dataclasses import replace

from portdash.config.exported import EXPORTED
from portdash.exports.variables import all_variables, echoed
from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.ports import IpProtocol
from portdash.supervisor.environment import Run, child_environment


def row(name: str, port: int, *, env: str | None = None, protocol: IpProtocol = IpProtocol.TCP) -> Assignment:
    key = ServiceKey("h", "dev", "shop", "development", name.casefold(), protocol)
    return Assignment(
        key=key, spec=ServiceSpec(name=name, env=env, protocol=protocol), port=port, source=Source.SEQUENTIAL
    )


ROWS = (row("web", 4000), row("api", 4001, env="BACKEND_PORT"), row("log", 4002, protocol=IpProtocol.UDP))


def environment(of: Assignment = ROWS[0], **ours: str) -> dict[str, str]:
    variables = all_variables(ROWS, base_port=4000, next_port=4003)
    return child_environment(ours, Run(of, "token-1"), ROWS, variables)


def test_a_child_knows_its_port_its_neighbours_and_whose_it_is():
    found = environment(PATH="/bin", PORT="9999")
    assert found.pop(EXPORTED)
    assert found == {
        "PATH": "/bin",
        "PORT": "4000",
        "BASE_PORT": "4000",
        "NEXT_PORT": "4003",
        "WEB_PORT": "4000",
        "BACKEND_PORT": "4001",
        "LOG_PORT": "4002",
        "WEB_URL": "http://localhost:4000",
        "BACKEND_URL": "http://localhost:4001",
        "API_TARGET": "http://localhost:4001",
        "PORTDASH_LEASE": "token-1",
        "PORTDASH_SERVICE": "web",
        "PORTDASH_WORKSPACE": "shop",
    }


def test_all_of_it_is_an_echo_of_ours():
    found = environment()
    assert echoed(found) == {
        "WEB_PORT": "4000", "BACKEND_PORT": "4001", "LOG_PORT": "4002", "PORT": "4000",
        "WEB_URL": "http://localhost:4000", "BACKEND_URL": "http://localhost:4001",
    }  # fmt: skip


def test_a_url_that_the_user_has_set_stays_and_one_of_ours_does_not():
    assert environment(BACKEND_URL="https://staging.example")["BACKEND_URL"] == "https://staging.example"
    stale = environment(BACKEND_URL="http://localhost:9", PORTDASH_EXPORTED="BACKEND_URL=http://localhost:9")
    assert stale["BACKEND_URL"] == "http://localhost:4001"


def test_secrets_stay_with_us():
    found = environment(
        PORTDASH_TOKEN="secret",  # noqa: S106
        PORTDASH_STORE="redis://:secret@10.0.0.1/0",
        PORTDASH_URL_DB="postgres://me:secret@localhost/db",
        PORTDASH_CLUSTER_URL="http://[broken",
        DATABASE_URL="postgres://me:theirs@localhost/db",
    )
    assert "secret" not in repr(found)
    assert found["DATABASE_URL"] == "postgres://me:theirs@localhost/db"
    assert environment(PORTDASH_STORE="redis://10.0.0.1/0")["PORTDASH_STORE"] == "redis://10.0.0.1/0"


def test_an_instance_has_a_variable_of_its_own():
    second = replace(ROWS[0], key=replace(ROWS[0].key, service="web@2"), spec=ServiceSpec(name="web@2"), port=4005)
    assert environment(second)["WEB_2_PORT"] == "4005"
