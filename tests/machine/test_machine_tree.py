"""How far up the look for what has to end goes, and what it never takes along: on trees made of data."""

import pytest

from portdash.machine.kinship import Kin, children, descendants, in_job
from portdash.machine.tree import View, tree_of
from portdash.machine.wrappers import has_an_order, is_reloader, is_shell
from portdash.model.listener import Process


class World:
    """A machine of a few processes."""

    def __init__(self) -> None:
        self.processes: dict[int, Process] = {}
        self.kin: dict[int, Kin] = {}
        self.elsewhere: set[int] = set()
        self.add(1, "systemd", parent=0, user="root")
        self.add(50, "zsh", parent=1)

    def add(
        self, pid: int, command: str, *, parent: int, group: int | None = None, session: int = 0, user: str = "me"
    ) -> None:
        words = tuple(command.split())
        name = words[0].rpartition("/")[2]
        self.processes[pid] = Process(pid=pid, name=name, command=words, user=user, parent=parent, ticks=pid)
        self.kin[pid] = Kin(parent, group if group is not None else pid, session or pid)

    def process(self, pid: int) -> Process | None:
        return self.processes.get(pid)

    def members(self, owner: int, *sharing: int, own: frozenset[int] = frozenset()) -> list[int]:
        view = View(processes=self, kin=self.kin, own=own, elsewhere=self.elsewhere)
        return [each.pid for each in tree_of(self.processes[owner], {owner, *sharing}, view).members]


@pytest.fixture
def npm() -> World:
    """Zsh > npm > sh -c > node > esbuild, in one job."""
    world = World()
    for pid, parent, command in ((100, 50, "npm run dev"), (101, 100, "sh -c vite"), (102, 101, "node vite.js")):
        world.add(pid, command, parent=parent, group=100, session=50)
    world.add(103, "esbuild --service", parent=102, group=100, session=50)
    return world


class TestClimbing:
    def test_the_whole_job_up_to_the_shell_it_was_typed_into(self, npm: World):
        assert npm.members(102) == [100, 101, 102, 103]

    @pytest.mark.parametrize(
        "above",
        ["zsh", "bash -i", "bash --rcfile x", "tmux: server", "claude", "code", "node /x/@openai/codex/cli.js", "sshd",
         "overmind start", "docker-proxy", "postgres", "supervisord", "tini -- npm"],
    )  # fmt: skip
    def test_never_past_these_even_in_one_group(self, npm: World, above: str):
        npm.add(100, above, parent=50, group=100, session=50)
        assert npm.members(102) == [101, 102, 103]

    def test_never_past_ourselves_another_user_or_what_cannot_be_read(self, npm: World):
        assert npm.members(102, own=frozenset((100,))) == [101, 102, 103]
        npm.add(101, "sh -c vite", parent=100, group=100, user="root")
        assert npm.members(102) == [102, 103]
        del npm.processes[101]
        assert npm.members(102) == [102, 103]

    def test_never_past_a_shell_that_has_more_to_do(self, npm: World):
        npm.add(104, "celery worker", parent=101, group=100, session=50)
        assert npm.members(102) == [102, 103]

    def test_a_script_is_a_shell_whatever_it_is_called(self, npm: World):
        npm.add(101, "start.sh", parent=100, group=100, session=50)
        npm.processes[101] = Process(pid=101, name="start.sh", command=("/bin/bash", "start.sh"), user="me", parent=100)
        npm.add(104, "celery worker", parent=101, group=100, session=50)
        assert npm.members(102) == [102, 103]

    def test_never_past_what_runs_another_server(self, npm: World):
        npm.add(104, "node api.js", parent=100, group=100, session=50)
        assert npm.members(102) == [100, 101, 102, 103, 104]
        npm.elsewhere = {104}
        assert npm.members(102) == [101, 102, 103]

    def test_the_servers_own_second_port_is_no_other_server(self, npm: World):
        npm.elsewhere = {102}
        assert npm.members(102) == [100, 101, 102, 103]

    def test_into_another_group_only_to_a_reloader(self, npm: World):
        npm.add(102, "node vite.js", parent=101, group=102, session=102)
        assert npm.members(102) == [102]
        npm.add(101, "node /x/nodemon.js vite.js", parent=100, group=100, session=50)
        assert npm.members(102) == [100, 101, 102, 103]

    def test_a_circle_of_parents_ends(self):
        world = World()
        world.add(100, "node a", parent=101, group=100)
        world.add(101, "node b", parent=100, group=100)
        assert sorted(world.members(100)) == [100, 101]


class TestBelow:
    def test_a_daemon_that_it_started_is_left_alone(self, npm: World):
        npm.add(104, "gradle --daemon", parent=102, group=104, session=104)
        view = View(processes=npm, kin=npm.kin, own=frozenset(), elsewhere=())
        tree = tree_of(npm.processes[102], {102}, view)
        assert [each.pid for each in tree.members] == [100, 101, 102, 103]
        assert [each.pid for each in tree.left] == [104]

    @pytest.mark.parametrize("command", ["postgres -D x", "ssh-agent", "docker-proxy", "code"])
    def test_a_protected_child_is_left_alone(self, npm: World, command: str):
        npm.add(104, command, parent=102, group=100, session=50, user="me" if command != "ssh-agent" else "root")
        assert npm.members(102) == [100, 101, 102, 103]

    def test_who_shares_the_socket_is_never_left_out(self, npm: World):
        npm.add(104, "node worker", parent=1, group=104, session=104)
        assert npm.members(102, 104) == [100, 101, 102, 103, 104]

    def test_a_database_ends_its_own_children(self):
        world = World()
        world.add(100, "postgres -D x", parent=50)
        world.add(101, "postgres: writer", parent=100, group=100)
        assert world.members(100) == [100]


class TestWords:
    @pytest.mark.parametrize("name", ["sh", "bash", "-zsh", "fish", "dash"])
    def test_shells(self, name: str):
        assert is_shell(name)
        assert is_shell("start.sh", (f"/bin/{name.removeprefix('-')}", "start.sh"))
        assert not is_shell("node", ("node", "sh"))

    @pytest.mark.parametrize("command", ["sh -c x", "bash start.sh", "bash -lc x", "sh -ec x", "bash --norc -c x"])
    def test_shells_with_an_order(self, command: str):
        assert has_an_order(command.split())

    @pytest.mark.parametrize(
        "command", ["", "sh", "-zsh", "bash -i", "bash -l", "bash --init-file x", "bash --rcfile x -i"]
    )
    def test_shells_for_a_person(self, command: str):
        assert not has_an_order(command.split())

    @pytest.mark.parametrize(
        "command",
        ["nodemon x", "node /x/bin/nodemon x", "node --watch x", "python -m uvicorn --reload a:app", "gunicorn a:app",
         "cargo-watch -x run", "deno run --watch=src x"],
    )  # fmt: skip
    def test_reloaders(self, command: str):
        words = command.split()
        assert is_reloader(words[0], words)

    @pytest.mark.parametrize("command", ["node server.js", "python -m http.server", "npm run watch", "make"])
    def test_others(self, command: str):
        words = command.split()
        assert not is_reloader(words[0], words)


def test_kinship():
    kin = {1: Kin(0, 1, 1), 2: Kin(1, 2, 2), 3: Kin(2, 2, 2), 4: Kin(3, 4, 2), 5: Kin(3, 5, 5), 6: Kin(1, 6, 6)}
    assert descendants(kin, 2) == [2, 3, 4, 5]
    assert descendants({**kin, 7: Kin(2, 2, 2), 8: Kin(4, 2, 2)}, 2) == [2, 3, 4, 8, 5, 7], "as a tree is read"
    assert children(kin, 3) == [4, 5]
    assert in_job(kin, [3, 4, 5, 6], [2]) == [3, 4], "its group, and the session that it leads"
    assert in_job(kin, [4, 5], [3]) == []
