"""`portdash run`, with real processes on real sockets."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from supervised import Run, Running

pytestmark = pytest.mark.needs_linux

SERVER = (sys.executable, str(Path(__file__).with_name("supervised_server.py")))
Command = Callable[..., subprocess.CompletedProcess[str]]


def on(line: str) -> tuple[int, int]:
    """Read the port and pid that portdash told."""
    found = re.search(r"localhost:(\d+) \(pid (\d+)\)", line)
    assert found, line
    return int(found[1]), int(found[2])


def answers(port: int, address: str = "127.0.0.1") -> bool:
    with socket.create_connection((address, port), timeout=30) as connection:
        return connection.recv(10) == b"hello\n"


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def test_a_service_is_started_on_its_port_seen_there_and_ended(run: Run, command: Command, project: Path):
    running = run("web", "--", *SERVER)
    port, pid = on(running.until("web is on"))
    assert answers(port)
    status = json.loads(command("status", "--json", cwd=project).stdout)
    (service,) = status["services"]
    assert (service["status"], service["ownership"], service["port"]) == ("running", "confirmed", port)
    running.signal()
    assert running.ends() == 128 + signal.SIGTERM
    assert not is_alive(pid)
    assert command("check", str(port), cwd=project).returncode == 0
    assert json.loads(command("status", "--json", cwd=project).stdout)["services"][0]["port"] == port


@pytest.mark.parametrize(("line", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_childs_own_status_is_passed_on(run: Run, line: str, status: int):
    assert run("web", "--", "sh", "-c", line).ends() == status


def test_what_shares_its_port_has_it_when_it_starts_and_gives_it_back_with_it(
    run: Run, command: Command, project: Path
):
    declared = '[services.web]\n[services.socket]\ninherit_from = "web"\n[services.chat]\ninherit_from = "socket"\n'
    (project / "portdash.toml").write_text(declared)
    running = run("web", "--", "sh", "-c", 'echo "they have $SOCKET_PORT $CHAT_PORT"; exec "$@"', "sh", *SERVER)
    port, _ = on(running.until("web is on"))
    assert running.until("they have") == f"they have {port} {port}"
    assert command("get", "chat", cwd=project).stdout == f"{port}\n"
    rows = json.loads(command("status", "--json", cwd=project).stdout)["services"]
    assert {each["name"]: each["source"] for each in rows} == {
        "web": "sequential",
        "socket": "inherited",
        "chat": "inherited",
    }
    kept = command("undo", cwd=project)
    assert kept.returncode == 6
    assert "chat stays as it is: portdash runs web; `portdash stop web` ends it" in kept.stderr
    assert command("get", "chat", cwd=project).stdout == f"{port}\n"
    running.signal()
    running.ends()
    assert command("undo", cwd=project).returncode == 0, "it was one batch"
    assert command("get", "web", cwd=project).returncode == command("get", "socket", cwd=project).returncode == 3


def test_what_it_prints_comes_through_and_is_kept(run: Run, home: Path):
    running = run("web", "--", "sh", "-c", "printf 'out\\n'; printf 'err\\n' >&2; exit 1")
    assert running.ends() == 1
    assert running.out == "out\n"
    assert "err\n" in running.err
    log = home / ".local/state/portdash/logs/shop/development/web.log"
    assert sorted(log.read_text().split()) == ["err", "out"]
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_command_that_is_not_there_or_cannot_be_run(run: Run, project: Path):
    missing = run("web", "--", "no-such-command")
    assert missing.ends() == 127
    assert "there is no command no-such-command" in missing.err
    (project / "plain.txt").write_text("x")
    plain = run("web", "--", "./plain.txt")
    assert plain.ends() == 126
    assert "not an executable file" in plain.err


def test_without_a_command_nothing_is_run(run: Run):
    running = run("web")
    assert running.ends() == 2
    assert "there is nothing to run" in running.err


def test_one_run_of_a_service_at_a_time(run: Run):
    first = run("web", "--", *SERVER)
    port, pid = on(first.until("web is on"))
    second = run("web", "--", *SERVER)
    assert second.ends() == 1
    assert re.search(rf"web runs already on {port} \(\S+ {pid}\)", second.err)
    assert "--another" in second.err
    third = run("web", "--another", "--", *SERVER)
    other, _ = on(third.until("web@2 is on"))
    assert other != port
    assert answers(port)
    assert answers(other)


def test_two_runs_at_the_same_instant_are_one(run: Run):
    both = [run("web", "--", *SERVER), run("web", "--", *SERVER)]
    ended = _first_to_end(both)
    assert ended.ends() == 1
    assert "--another" in ended.err
    (left,) = (each for each in both if each is not ended)
    assert answers(on(left.until("web is on"))[0])


def _first_to_end(both: list[Running]) -> Running:
    while True:
        for each in both:
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.process.wait(0.05)
                return each


def test_a_server_that_runs_already_is_not_started_twice(run: Run, command: Command, project: Path):
    port = int(command("allocate", "web", cwd=project).stdout)
    with subprocess.Popen([*SERVER], cwd=project, env={**os.environ, "PORT": str(port)}, stdout=subprocess.PIPE) as own:
        assert own.stdout
        own.stdout.readline()
        running = run("web", "--", *SERVER)
        assert running.ends() == 1
        assert f"runs already on {port}" in running.err
        own.kill()


def test_a_child_that_cannot_bind_over_the_hold_is_started_without_it(run: Run):
    running = run("web", "--", *SERVER, "plain")
    running.until("cannot bind a port that is kept for it")
    port, _ = on(running.until("web is on"))
    running.signal()
    running.ends()
    again = run("web", "--", *SERVER, "plain")
    assert on(again.until("web is on"))[0] == port
    assert "kept for it" not in again.err


def test_a_child_that_ignores_its_port_is_told_so(run: Run, command: Command, project: Path):
    running = run("web", "--", *SERVER, "ignore")
    served = int(running.until("serving").split()[1])
    line = running.until("expected")
    assert f"listens on {served}, expected" in line
    (service,) = json.loads(command("status", "--json", cwd=project).stdout)["services"]
    assert service["status"] == "conflict"
    assert "misplaced" in command("conflicts", cwd=project).stdout


@pytest.mark.parametrize(("word", "address"), [("six", "::1"), ("aside", "127.0.0.2")])
def test_one_that_listens_on_another_address_is_seen(run: Run, word: str, address: str):
    port, _ = on(run("web", "--", *SERVER, word).until("web is on"))
    assert answers(port, address)


def test_a_socket_can_be_handed_over(run: Run):
    running = run("web", "--fd", "--", *SERVER, "fd")
    port, pid = on(running.until("web is on"))
    assert running.until("serving").split()[1:] == [str(port), "as", str(pid)]
    assert answers(port)


def test_what_ignores_the_end_is_ended(run: Run):
    running = run("web", "--", *SERVER, "deaf")
    _, pid = on(running.until("web is on"))
    running.signal()
    running.signal(signal.SIGINT)
    assert running.ends() == 128 + signal.SIGKILL
    assert not is_alive(pid)


def test_nobody_of_its_group_outlives_it(run: Run):
    running = run("web", "--", *SERVER, "spawn")
    _, pid = on(running.until("web is on"))
    helpers = [int(each) for each in _children(pid)]
    assert helpers
    running.signal(signal.SIGINT)
    running.ends()
    assert not any(map(is_alive, [pid, *helpers]))


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_port_that_somebody_else_takes_first_is_given_up_for_the_next(run: Run, command: Command, project: Path):
    port = int(command("allocate", "web", cwd=project).stdout)
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        other, _ = on(run("web", "--", *SERVER).until("web is on"))
        assert other != port
        assert answers(other)


def test_a_child_that_fails_is_started_again_only_when_asked(run: Run, tmp_path: Path):
    script = f"echo x >> {tmp_path}/count; [ $(wc -l < {tmp_path}/count) -ge 2 ] || exit 3; exit 0"
    assert run("web", "--", "sh", "-c", script).ends() == 3
    (tmp_path / "count").unlink()
    running = run("web", "--restart", "--", "sh", "-c", script)
    assert running.ends() == 0
    assert "ended with status 3; it is started again, in 1s" in running.err


@pytest.mark.parametrize(("words", "status", "starts"), [("exit", 0, 2), ("failure", 0, 1), ("failure", 3, 2)])
def test_a_service_that_says_so_is_started_again_after_its_end(
    run: Run, project: Path, words: str, status: int, starts: int
):
    (project / "portdash.toml").write_text(f"[services.web]\nrestart_on = ['{words}']\n")
    line = f"echo x >> count; [ $(wc -l < count) -lt 2 ] || kill $PPID; exit {status}"
    run("web", "--", "sh", "-c", line).ends()
    assert (project / "count").read_text().count("x") == starts


def test_detached_it_comes_back_with_the_port_and_runs_on(command: Command, project: Path):
    done = command("run", "-d", "web", "--", *SERVER, cwd=project)
    assert done.returncode == 0, done.stderr
    port = int(done.stdout)
    found = re.search(r"in the background: pid (\d+)", done.stderr)
    assert found
    assert answers(port)
    os.kill(int(found[1]), signal.SIGTERM)
    while is_alive(int(found[1])):
        assert command("get", "web", cwd=project).stdout == f"{port}\n"


def test_detached_it_says_what_went_wrong(command: Command, project: Path):
    done = command("run", "-d", "web", "--", "no-such-command", cwd=project)
    assert done.returncode == 127
    assert "there is no command no-such-command" in done.stderr
    assert done.stdout == ""


def test_an_empty_name_or_command_is_shown_as_one(command: Command, project: Path):
    assert command("run", "web", "--", "", cwd=project).stderr == "portdash: error: there is no command ''\n"
    assert "error: '' names no service" in command("stop", "", cwd=project).stderr


@pytest.mark.parametrize("status", [0, 3])
def test_detached_it_says_of_a_child_that_ends_at_once_that_it_never_listened(
    command: Command, project: Path, status: int
):
    done = command("run", "-d", "web", "--", "sh", "-c", f"exit {status}", cwd=project)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr == f"portdash: web ended with status {status} before it listened\n"


def test_a_declared_command_is_run_where_it_is_declared_once_it_is_trusted(run: Run, command: Command, project: Path):
    lines = ["[services.web]", f"command = {json.dumps([*SERVER])}", "[services.api]"]
    (project / "portdash.toml").write_text("\n".join(lines))
    stranger = run("web")
    assert stranger.ends() == 2
    assert "portdash trust" in stranger.err
    assert command("trust", "--yes", cwd=project).returncode == 0
    (project / "below").mkdir()
    running = run("web", cwd=project / "below")
    _, pid = on(running.until("web is on"))
    assert Path(f"/proc/{pid}/cwd").readlink() == project
    undeclared = run("api")
    assert undeclared.ends() == 2
    assert "declare its command" in undeclared.err


def test_a_command_that_is_not_there_leaves_no_port_behind(run: Run, command: Command, project: Path):
    assert run("web", "--", "no-such-command").ends() == 127
    assert json.loads(command("status", "--json", cwd=project).stdout)["services"] == []


def test_detached_it_says_aloud_what_was_not_as_asked(command: Command, project: Path):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        done = command("run", "-d", "web", "--preferred", str(taken), "--", *SERVER, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "fallback port" in done.stderr
    assert str(taken) in done.stderr
    found = re.search(r"in the background: pid (\d+)", done.stderr)
    assert found
    os.kill(int(found[1]), signal.SIGTERM)


def test_an_end_that_is_asked_for_in_a_pause_is_the_end(run: Run, tmp_path: Path):
    running = run("web", "--restart", "--", "sh", "-c", f"echo x >> {tmp_path}/count; exit 3")
    running.until("it is started again, in 4s")
    running.signal()
    assert running.ends() == 3
    assert (tmp_path / "count").read_text().count("x") == 3


def test_several_processes_end_at_once(run: Run):
    shell = f"sh -c 'sleep 300; :' & sh -c 'sleep 300; :' & exec {shlex.join(SERVER)}"
    running = run("web", "--", "sh", "-c", shell)
    _, pid = on(running.until("web is on"))
    begun = time.monotonic()
    running.signal()
    assert running.ends() == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 8  # and not the ten seconds of grace
    assert not is_alive(pid)


def test_a_module_of_the_checkout_is_not_imported(project: Path):
    (project / "portdash.py").write_text("raise SystemExit(9)")
    done = subprocess.run(
        [Path(sys.executable).with_name("portdash"), "run", "-d", "web", "--", "no-such-command"],
        cwd=project, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 127, done.stderr
