"""Who keeps processes running: supervisors, agents, terminals, containers. Data, in one table."""

from collections.abc import Sequence
from functools import lru_cache

from portdash.named_tuple import NamedTuple
from portdash.planning.command_line import SHORT

_INTERPRETERS = ("node", "bun", "deno", "python", "ruby", "perl", "sh", "bash")


class Keeper(NamedTuple):
    """One program that starts others and stands above them."""

    label: str
    """What people call it, at most 8 characters."""
    names: tuple[str, ...] = ()
    """Names of its process, in lower case."""
    titles: tuple[str, ...] = ()
    """How its process's name may start instead, in lower case."""
    paths: tuple[str, ...] = ()
    """What the path of its program holds, where its name says nothing."""
    is_agent: bool = False
    """Whether a program and not a person gave the order."""


KEEPERS = (
    Keeper("claude", names=("claude", "claude-code"), paths=("@anthropic-ai/claude-code",), is_agent=True),
    Keeper("codex", names=("codex", "codex-cli"), titles=("codex-",), paths=("@openai/codex",), is_agent=True),
    Keeper("cursor", names=("cursor-agent",), paths=("/cursor-agent/",), is_agent=True),
    Keeper("aider", names=("aider",), is_agent=True),
    Keeper("opencode", names=("opencode",), is_agent=True),
    Keeper("gemini", names=("gemini",), paths=("@google/gemini-cli",), is_agent=True),
    Keeper("goose", names=("goose", "goosed"), is_agent=True),
    Keeper("amp", paths=("@sourcegraph/amp",), is_agent=True),
    Keeper("copilot", names=("copilot",), paths=("@github/copilot",), is_agent=True),
    Keeper("cursor", names=("cursor", "cursor.appimage"), titles=("cursor helper",), paths=("/.cursor-server/",)),
    Keeper("windsurf", names=("windsurf",), titles=("windsurf helper",), paths=("/.windsurf-server/",)),
    Keeper(
        "vscode",
        names=("code", "code-server", "code-oss", "code-insiders", "codium", "openvscode-server"),
        titles=("code helper",),
        paths=("/.vscode-server/", "/.vscode-server-insiders/", "/code-server/"),
    ),
    Keeper("zed", names=("zed", "zed-editor"), titles=("zed-remote",)),
    Keeper("jetbrains", names=("idea", "pycharm", "webstorm", "goland", "rubymine", "phpstorm", "rustrover", "clion")),
    Keeper("tmux", names=("tmux",), titles=("tmux:",)),
    Keeper("screen", names=("screen",)),
    Keeper("zellij", names=("zellij",)),
    Keeper("mosh", names=("mosh-server",)),
    Keeper("ssh", names=("sshd", "sshd-session", "dropbear"), titles=("sshd:", "sshd-session:")),
    Keeper("pm2", titles=("pm2 v",), paths=("/pm2/lib/",)),
    Keeper("supervisord", names=("supervisord",)),
    Keeper("circus", names=("circusd",)),
    Keeper("foreman", names=("foreman", "overmind", "hivemind", "honcho", "goreman", "mprocs", "process-compose")),
    Keeper("forever", names=("forever",), paths=("/forever/bin/monitor",)),
    Keeper("monit", names=("monit",)),
    Keeper("s6", names=("s6-supervise",)),
    Keeper("runit", names=("runsv",)),
    Keeper("openrc", names=("supervise-daemon",)),
    Keeper("cron", names=("cron", "crond", "anacron", "atd")),
    Keeper("docker", names=("dockerd", "docker-proxy", "containerd", "containerd-shim"), titles=("containerd-shim",)),
    Keeper("podman", names=("conmon", "rootlessport", "podman")),
    Keeper("jupyter", names=("jupyter-lab", "jupyter-notebook", "jupyter-server")),
    Keeper("terminal", names=("gnome-terminal-server", "konsole", "xterm", "alacritty", "kitty", "foot", "terminator")),
    Keeper("terminal", names=("ghostty", "wezterm-gui", "ptyxis-agent", "xfce4-terminal", "tilix", "urxvt")),
    Keeper("terminal", names=("iterm2", "terminal", "hyper", "windowsterminal.exe", "warp")),
)
"""A name is looked up first, then how a name starts and what a path holds, from the first to the last."""

_BY_NAME = {name: keeper for keeper in reversed(KEEPERS) for name in keeper.names}
_BY_TITLE = tuple((title, keeper) for keeper in KEEPERS for title in keeper.titles)
_BY_PATH = tuple((path, keeper) for keeper in KEEPERS for path in keeper.paths)
AGENTS = frozenset(each.label for each in KEEPERS if each.is_agent)
"""What people call coding agents."""


def keeper_of(name: str, command: Sequence[str] = ()) -> Keeper | None:
    """Return which keeper a process is, None for any other program.

    A script is looked up by its own name where the process is called after its interpreter (`node /usr/bin/gemini`).
    """
    return (_looked_up if len(command) <= SHORT else _look_up)(name, tuple(command))


def _look_up(name: str, command: tuple[str, ...]) -> Keeper | None:
    folded = name.casefold()
    programs = (
        [part for part in command if not part.startswith("-")][:2] if _is_script(folded, command) else command[:1]
    )
    for word in (folded, *(_bare(program) for program in programs)):
        if keeper := _BY_NAME.get(word):
            return keeper
    for title, keeper in _BY_TITLE:
        if folded.startswith(title):
            return keeper
    for program in programs:
        for path, keeper in _BY_PATH:
            if path in program:
                return keeper
    return None


_looked_up = lru_cache(maxsize=2048)(_look_up)


def _bare(program: str) -> str:
    return program.rpartition("/")[2].casefold()


def _is_script(name: str, command: Sequence[str]) -> bool:
    words = (name, _bare(command[0])) if command else (name,)
    return any(word.rstrip("0123456789.") in _INTERPRETERS for word in words)
