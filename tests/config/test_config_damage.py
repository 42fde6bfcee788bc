"""Three hundred damaged files: each is an error that names what is wrong, on one line, and the file stays as it was."""

import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from config_setting import Setting

from portdash.cli.guard import run
from portdash.config.declaring import NewService
from portdash.config.settings import Flags
from portdash.errors import ConfigError
from portdash.manager.declaring import Surroundings, declare_service

FILE = """\
# the shop
strategy = "conservative"
base_port = 4100
range = [1024, 65535]

[services.web]
type = "gateway"
preferred = [3000, 3001]
exclude = [3005, "3010-3019"]
env = "WEB_PORT"
pin = true
priority = 2

[services.api]
base = 8000
command = "uvicorn main:app --port {port}"
depends_on = ["web"]

[services.socket]
inherit_from = "web"

[[ranges]]
name = "api-gateway"
range = "8000-8099"
type = "gateway"

[environments.production]
base_port = 4200

[environments.production.services.web]
range = [3000, 3010]
"""
Damage = Callable[[str, Random], bytes | str]
PORT = re.compile(r"\b(?:3000|3001|4100|4200|8000)\b(?![-\"])")


def _lines(text: str, keep: Callable[[str], bool]) -> tuple[list[str], list[int]]:
    lines = text.splitlines(keepends=True)
    return lines, [number for number, line in enumerate(lines) if keep(line)]


def instead_of_a_port(value: str) -> Damage:
    def damage(text: str, random: Random) -> str:
        found = random.choice(list(PORT.finditer(text)))
        return f"{text[: found.start()]}{value}{text[found.end() :]}"

    return damage


def repeated(start: str) -> Damage:
    def damage(text: str, random: Random) -> str:
        lines, found = _lines(text, lambda line: bool(re.match(start, line)))
        number = random.choice(found)
        return "".join([*lines[: number + 1], lines[number], *lines[number + 1 :]])

    return damage


def merged(text: str, random: Random) -> str:
    lines, found = _lines(text, lambda line: bool(line.strip()))
    number = random.choice(found)
    sides = ["<<<<<<< HEAD\n", lines[number], "=======\n", lines[number], ">>>>>>> theirs\n"]
    return "".join([*lines[:number], *sides, *lines[number + 1 :]])


def one_marker_left(text: str, random: Random) -> str:
    lines, found = _lines(text, lambda line: bool(line.strip()))
    marker = random.choice(["<<<<<<< HEAD\n", "=======\n", ">>>>>>> theirs\n", "||||||| base\n"])
    lines.insert(random.choice(found), marker)
    return "".join(lines)


def cut_within_a_text(text: str, random: Random) -> str:
    found = random.choice(list(re.finditer(r'"[^"\n]+"', text)))
    return text[: random.randrange(found.start() + 1, found.end())]


def zeros(text: str, random: Random) -> str:
    at = random.randrange(len(text))
    return f"{text[:at]}\0\0{text[at:]}"


def mark_amid(text: str, random: Random) -> str:
    lines, found = _lines(text, lambda line: line.startswith(("[", "b", "s")))
    number = random.choice(found)
    return "".join([*lines[:number], "\ufeff", *lines[number:]])


def not_utf8(text: str, random: Random) -> bytes:
    content, at = text.encode(), random.randrange(len(text))
    return content[:at] + random.choice([b"\xff", b"\xc3(", b"\x80", b"\xed\xa0\x80"]) + content[at:]


def wide(text: str, random: Random) -> bytes:
    return text.encode(random.choice(["utf-16", "utf-32", "utf-16-le"]))


def misspelled(text: str, random: Random) -> str:
    key = random.choice(
        ["preferred", "base_port", "inherit_from", "depends_on", "priority", "strategy", "services.web"]
    )
    return text.replace(key, f"{key[:-1]}zz", 1)


def deep(opening: str, closing_: str) -> Damage:
    def damage(text: str, random: Random) -> str:
        return f"{text}\nx = {opening * 10_000}1{closing_ * random.choice([10_000, 9_999, 0])}\n"

    return damage


def deep_key(text: str, random: Random) -> str:
    return f"{random.choice(['a.', 'services.'])}{'b.' * 10_000}c = 1\n{text}"


DAMAGES: dict[str, Damage] = {
    **{f"port {value[:12]}": instead_of_a_port(value) for value in (
        "65536", "0", "-1", '"3000"', "true", "nan", "-inf", "3000.0", "1e309", "0x1_0000", "9" * 5000, "{}", "[[]]",
        "2026-11-28", "''",
    )},
    "a key twice": repeated(r"\w+ = "),
    "a table twice": repeated(r"\[\w"),
    "merged": merged,
    "a marker left": one_marker_left,
    "cut": cut_within_a_text,
    "zeros": zeros,
    "a mark amid": mark_amid,
    "not utf-8": not_utf8,
    "wide": wide,
    "misspelled": misspelled,
    "deep arrays": deep("[", "]"),
    "deep tables": deep("{a = ", "}"),
    "deep keys": deep_key,
}  # fmt: skip
EACH = 11
"""Damaged files of each kind: 308 in all."""
CASES = [(kind, seed) for kind in DAMAGES for seed in range(EACH)]


def damaged(kind: str, seed: int) -> bytes:
    random = Random(f"{kind} {seed}")
    lines = FILE.splitlines(keepends=True)
    lines.insert(random.randrange(len(lines)), f"# {seed}\n")
    content = DAMAGES[kind]("".join(lines), random)
    return content if isinstance(content, bytes) else content.encode()


def assert_one_line(error: ConfigError) -> None:
    text = f"{error.message} {error.hint}"
    assert text.isprintable()
    assert len(text) < 1000


def test_there_are_enough_of_them():
    assert len({damaged(kind, seed) for kind, seed in CASES}) >= 300
    assert len(CASES) >= 300


def test_the_file_is_right_before_it_is_damaged(setting: Setting):
    setting.shop(FILE, trusted=True)
    assert setting.problems() == []
    setting.shop(b"\xef\xbb\xbf" + FILE.encode(), trusted=True)  # what some editors put in front
    assert setting.problems() == []


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_an_error_and_stays(setting: Setting, kind: str):
    for seed in range(EACH):
        content = damaged(kind, seed)
        setting.shop(content)
        problems = setting.problems()
        assert problems, f"{kind} {seed} was taken"
        assert all(line.isprintable() and len(line) < 1000 for line in problems)
        if "production" not in problems[0]:  # those wait until that environment is in force
            with pytest.raises(ConfigError) as caught:
                setting.load()
            assert_one_line(caught.value)
            assert str(setting.project_file) in caught.value.message
        with pytest.raises(ConfigError):
            setting.load(environment="production")
        assert setting.project_file.read_bytes() == content
        assert [path.name for path in setting.project.iterdir()] == ["portdash.toml"]


@pytest.mark.parametrize("kind", DAMAGES)
def test_nothing_is_added_to_what_cannot_be_read(setting: Setting, kind: str):
    """Where it can be read, and only says what is wrong, all of that stays and the service comes after it."""
    new = NewService(name="added", values={"base": 9000})
    around = Surroundings(cwd=setting.project, environ={}, flags=Flags(), home=setting.home)
    for seed in range(0, EACH, 2):
        content = damaged(kind, seed)
        setting.shop(content)
        try:
            declare_service(new, setting.project_file, around)
        except ConfigError as error:
            assert_one_line(error)
            assert setting.project_file.read_bytes() == content
        else:
            after = iter(setting.project_file.read_bytes())
            assert all(byte in after for byte in content)
        assert [path.name for path in setting.project.iterdir()] == ["portdash.toml"]


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def listening(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        os.chdir(path.parent)  # its path must be short
        made.bind(path.name)


STRANGE = {"100 MB": sparse, "endless": endless, "loop": loop, "pipe": os.mkfifo, "directory": Path.mkdir,
           "socket": listening}  # fmt: skip


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("place", ["project", "user"])
def test_what_is_no_ordinary_file_is_an_error_and_stays(setting: Setting, kind: str, place: str):
    path = setting.project_file if place == "project" else setting.user_file
    path.parent.mkdir(parents=True, exist_ok=True)
    STRANGE[kind](path)
    before = os.lstat(path)
    with pytest.raises(ConfigError) as caught:
        setting.load()
    assert_one_line(caught.value)
    assert str(path) in caught.value.message
    around = Surroundings(cwd=setting.project, environ={}, flags=Flags(), home=setting.home)
    if place == "project" and kind != "endless":  # that one leads out of the project, which is refused elsewhere
        with pytest.raises(ConfigError):
            declare_service(NewService(name="web", values={}), path, around)
    after = os.lstat(path)
    assert (after.st_mode, after.st_size, after.st_mtime_ns) == (before.st_mode, before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize("kind", ["merged", "port 65536", "not utf-8", "deep arrays", "a key twice"])
@pytest.mark.parametrize(
    "command", [["status"], ["get", "web"], ["allocate", "web"], ["config", "show"], ["trust", "--yes"]]
)
def test_commands_say_it_on_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, command: list[str]
):
    project = home / "shop"
    (project / ".git").mkdir(parents=True)
    (project / "portdash.toml").write_bytes(damaged(kind, 1))
    monkeypatch.chdir(project)
    code = run(command)
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("portdash: error: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.faults
def test_none_of_them_costs_a_second(setting: Setting):
    """Of processor time, which a busy machine does not stretch."""
    for kind, seed in CASES:
        setting.shop(damaged(kind, seed))
        began = time.process_time()
        setting.problems()
        assert time.process_time() - began < 1, f"{kind} {seed}"
