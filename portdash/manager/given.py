"""What a program hands to the library, looked at before it is used: its types are a wish, and nobody checks them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from portdash.errors import InvalidName, UsageError
from portdash.model.plan import Plan
from portdash.text import shown

if TYPE_CHECKING:
    from pathlib import Path

    from portdash.model.storage import Store

_STORE = ("snapshot", "apply", "watch", "close")
"""What a store does."""


def no_use(option: str, value: object, wanted: str, *, hint: str) -> NoReturn:
    """Raise the UsageError that says what an option should have been."""
    raise UsageError(f"{option}= is {wanted}, not {shown(value)}", hint=hint)


def has(value: object, *names: str) -> bool:
    """Say whether these of a value can be called; a class is not what it makes."""
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in names)


def check_said(option: str, value: object, wanted: str, *, hint: str) -> None:
    """Raise UsageError unless it is a text, or None."""
    if not isinstance(value, str | None):
        no_use(option, value, wanted, hint=hint)


def check_truth(option: str, value: object) -> None:
    """Raise UsageError unless it is True or False: the word `no` would be true."""
    if not isinstance(value, bool):
        no_use(option, value, "True or False", hint=f"say {option}=True, or {option}=False")


def check_callback(value: object) -> None:
    """Raise UsageError for what cannot be called."""
    if not callable(value):
        no_use("callback", value, "a function", hint="hand in the function itself: print, not print()")


def check_text(name: object) -> None:
    """Raise InvalidName for what is no text and is to name a service."""
    if not isinstance(name, str):
        raise InvalidName(f"{shown(name)!r} is no text, and so no service name")


def check_plan(plan: object) -> None:
    """Raise UsageError for what is no plan."""
    if not isinstance(plan, Plan):
        no_use("plan", plan, "a plan", hint='manager.apply(manager.plan("web"))')


def check_ports(option: str, value: object) -> None:
    """Raise UsageError unless it is a map, or None; what is in it is looked at elsewhere."""
    if not isinstance(value, Mapping | None):
        no_use(option, value, "a port for each service", hint=f'{option}={{"web": 3000}}')


def check_whereabouts(
    *, store: str | Store | None, config: str | Path | None, workspace: str | None, environment: str | None
) -> None:
    """Raise UsageError for what says in no way where a manager is to work."""
    if not (isinstance(store, str | None) or has(store, *_STORE)):
        no_use("store", store, "a store or the URL of one", hint='store="sqlite:////tmp/ports.db"')
    if config is not None and not _is_path(config):
        no_use("config", config, "the path of a file", hint='config="portdash.toml"')
    check_said("workspace", workspace, "the name of a workspace", hint='workspace="shop"')
    check_said("environment", environment, "the name of an environment", hint='environment="staging"')


def _is_path(value: object) -> bool:
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    return isinstance(path, str) and "\0" not in path
