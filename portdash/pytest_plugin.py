"""`pytest -p portdash`: tests find the ports of their workspace in the environment, as after `. ./port_exports.sh`.

A variable that is set to something else already is left alone: somebody has set it on purpose. No service is given a
port for it, and nothing is reserved. The fixtures `portdash_instance` and `portdash_instances` are servers for tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portdash.config.settings import Flags
from portdash.errors import PortdashError
from portdash.exports.variables import Variable, echoed
from portdash.manager.exporting import export_variables
from portdash.manager.opening import open_deps

if TYPE_CHECKING:
    from portdash.testing import TestInstance

_PATCH = pytest.StashKey[pytest.MonkeyPatch]()


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the variables before the first conftest.py is read."""
    _set_variables(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Set the variables where a conftest.py is what names the plugin."""
    _set_variables(config)


def _set_variables(config: pytest.Config) -> None:
    if _PATCH in config.stash:
        return
    patch = config.stash[_PATCH] = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    ours = echoed(os.environ)
    for each in _variables():
        found = os.environ.get(each.name)
        if found is None or each.service is None or ours.get(each.name) == found:
            patch.setenv(each.name, each.value)


def _variables() -> tuple[Variable, ...]:
    """Return what the workspace of the working directory exports."""
    try:
        with closing(
            open_deps(flags=Flags(), cwd=Path.cwd(), environ=os.environ, home=Path.home(), actor="library")
        ) as deps:
            return export_variables(deps, deps.observer.snapshot())
    except PortdashError as error:
        raise pytest.UsageError(f"portdash: {error.message} ({error.hint})") from error


@pytest.fixture
def portdash_instances() -> Iterator[Callable[..., TestInstance]]:
    """Start real servers that misbehave when they are told to: `portdash_instances("api")`; all end with the test."""
    from portdash.testing import TestInstance  # noqa: PLC0415  only for who uses it

    with ExitStack() as stack:
        yield lambda service="api", **options: stack.enter_context(TestInstance(service, **options))


@pytest.fixture
def portdash_instance(portdash_instances: Callable[..., TestInstance]) -> TestInstance:
    """One such server."""
    return portdash_instances()
