"""Where engines are looked for."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from portdash.machine.containers.addresses import Address, find_addresses


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A short directory with some sockets in it."""
    with ExitStack() as stack:
        for name in ("a", "b", "run/docker.sock", "run/podman/podman.sock", "h/.docker/run/docker.sock"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))
        (tmp_path / "file").write_text("")
        yield tmp_path


def find(place: Path, *system: str, **environ: str) -> tuple[list[str], list[str]]:
    found = find_addresses(environ, place / "h", system=tuple(str(place / each) for each in system))
    return [each.label.removeprefix(f"{place}/") for each in found.found], list(found.notices)


NOT_ASKED = "the container engine that DOCKER_HOST names is not asked: "
HOME = "h/.docker/run/docker.sock"


def test_every_usual_socket_that_exists(place: Path):
    assert find(place, "a", "b", "none", "file", XDG_RUNTIME_DIR=str(place / "run")) == (
        ["a", "b", "run/docker.sock", "run/podman/podman.sock", HOME],
        [],
    )


def test_two_paths_to_one_socket_are_one(place: Path):
    (place / "link").symlink_to(place / "a")
    os.link(place / "a", place / "hard")
    assert find(place, "link", "a", "hard") == (["link", HOME], [])


def test_the_named_one_comes_first_and_the_usual_ones_too(place: Path):
    assert find(place, "a", DOCKER_HOST=f"unix://{place}/b") == (["b", "a", HOME], [])
    assert find(place, "a", DOCKER_HOST=f"unix://{place}/none") == (["a", HOME], [])


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://127.0.0.1:2376", Address(host="127.0.0.1", port=2376)),
        ("tcp://localhost", Address(host="127.0.0.1", port=2375)),
        ("tcp://[::1]:99/", Address(host="::1", port=99)),
        ("http://127.1.2.3:5", Address(host="127.1.2.3", port=5)),
    ],
)
def test_ports_of_this_machine(tmp_path: Path, url: str, address: Address):
    assert find_addresses({"DOCKER_HOST": url}, tmp_path, system=()) == ((address,), ())


@pytest.mark.parametrize(
    "url",
    [
        "ssh://me:secret@far.example.org",
        "tcp://10.0.0.5:2375",
        "tcp://127.0.0.1.evil.org:2375",
        "tcp://me:secret@far:1",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:0",
        "tcp://:2375",
        "tcp://127.0.0.1:x",
        "npipe:////./pipe/docker_engine",
        "unix://relative",
        "unix:///nul\0",
        "fd://",
        "nonsense",
        "\x1b]52;c;aGk=\x07://x",
    ],
)
def test_what_is_not_asked_is_one_notice(place: Path, url: str):
    found, notices = find(place, "a", DOCKER_HOST=url)
    assert found == ["a", HOME]
    (notice,) = notices
    assert notice.startswith(NOT_ASKED)
    assert notice.isprintable()
    assert "secret" not in notice


def test_certificates_are_not_spoken(place: Path):
    assert find(place, DOCKER_HOST="tcp://127.0.0.1:2376", DOCKER_TLS_VERIFY="1") == (
        [HOME],
        [f"{NOT_ASKED}it wants certificates, and only plain sockets of this machine are asked"],
    )


def context(place: Path, name: str, host: str, *, current: str | None = None) -> None:
    directory = place / "h" / ".docker"
    meta = directory / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}})
    )
    if current is not None:
        (directory / "config.json").write_text(json.dumps({"auths": {}, "currentContext": current}))


def test_the_current_context(place: Path):
    context(place, "colima", f"unix://{place}/b", current="colima")
    assert find(place, "a") == (["b", "a", HOME], [])
    assert find(place, "a", DOCKER_CONTEXT="default") == (["a", HOME], [])
    assert find(place, "a", DOCKER_CONTEXT="gone") == (["a", HOME], [])
    assert find(place, DOCKER_HOST=f"unix://{place}/a") == (["a", HOME], [])


def test_a_context_elsewhere(place: Path):
    context(place, "far\x1b", "ssh://far", current="far\x1b")
    assert find(place, "a") == (
        ["a", HOME],
        [
            NOT_ASKED.replace("DOCKER_HOST", "the docker context far\\x1b")
            + "ssh://far is none of this machine's sockets"
        ],
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"currentContext": 7}', '{"currentContext": "default"}', "\ufeff{}"])
def test_a_configuration_that_says_nothing(place: Path, text: str):
    (place / "h" / ".docker" / "config.json").write_text(text)
    assert find(place, "a") == (["a", HOME], [])


def test_a_configuration_that_never_ends(place: Path):
    os.mkfifo(place / "h" / ".docker" / "config.json")
    assert find(place, "a") == (["a", HOME], [])
