"""A place to run services in, and the real command."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from own_ports import own_base
from supervised import LIMIT, Declare, Open, Run, Running, stop_all

from portdash.config.settings import Flags
from portdash.manager.deps import Deps
from portdash.manager.opening import open_deps


@pytest.fixture
def project(home: Path) -> Path:
    """The root of a project, whose services search where no test beside this one does."""
    config = home / ".config/portdash"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f"base_port = {own_base()}\n")
    root = home / "shop"
    root.mkdir()
    (root / ".git").mkdir()
    return root


@pytest.fixture
def command(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call portdash and wait for it."""

    def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "portdash", *arguments],
            cwd=cwd, capture_output=True, text=True, check=False, timeout=LIMIT, env=_environ(home),
        )  # fmt: skip

    return call


@pytest.fixture
def run(launch: Run) -> Run:
    """Start `portdash run ...` in the project."""
    return functools.partial(launch, "run")


@pytest.fixture
def launch(home: Path, project: Path, tmp_path: Path) -> Iterator[Run]:
    """Start `portdash ...` in the project; whatever still runs at the end is ended."""
    started: list[Running] = []

    def start(*arguments: str, cwd: Path = project, **variables: str) -> Running:
        directory = tmp_path / f"run-{len(started)}"
        directory.mkdir()
        with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "portdash", *arguments],
                cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={**_environ(home), **variables},
            )  # fmt: skip
        started.append(Running(process, directory))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            try:
                each.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()


def _environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTDASH_")}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def opened(home: Path, project: Path) -> Iterator[Open]:
    """Open the project as a face would that runs in it; what is still run at the end is stopped."""
    with ExitStack() as stack:

        def again(flags: Flags = Flags(), cwd: Path = project) -> Deps:  # noqa: B008  it never changes
            made = open_deps(flags=flags, cwd=cwd, environ=dict(os.environ), home=home, actor="test")
            stack.callback(made.close)
            stack.callback(stop_all, made)
            return made

        yield again


@pytest.fixture
def declare(project: Path, command: Callable[..., subprocess.CompletedProcess[str]]) -> Declare:
    """Write the project's file, and trust it."""

    def write(text: str) -> None:
        (project / "portdash.toml").write_text(text)
        assert command("trust", "--yes", cwd=project).returncode == 0

    return write
