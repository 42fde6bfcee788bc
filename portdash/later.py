"""Modules that are loaded when something of them is first asked for, although others import them at once.

asyncio takes TLS along where there is any, and OpenSSL with it: 4 MiB and a fiftieth of the start of a program that
may run for days and use nothing of it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

TLS = frozenset({"ssl", "asyncio.sslproto"})
"""What of TLS asyncio loads with itself, and uses for an encrypted connection alone."""


@contextmanager
def later(names: frozenset[str]) -> Iterator[None]:
    """Have these modules loaded later, where one of them is imported inside for the first time.

    Who imported one has it as ever, in every thread: whatever is asked of it loads it first. `LazyLoader` of the
    standard library does the same for one thread. None of them may have another on its way that waits for it in turn.
    """
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Waiting(spec.loader)  # type: ignore[assignment]  # to derive it would load what it is from
        return spec


class _Waiting:
    """A loader that makes a module without its content."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._lock = RLock()
        self._has_begun = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Empty

    def fill(self, module: ModuleType, spec: ModuleSpec) -> None:
        """Load the content, or wait until another thread has; in the midst of loading it there is nothing to do."""
        with self._lock:
            if self._has_begun:
                return
            self._has_begun = True
            try:
                self._loader.exec_module(module)
            except BaseException:
                self._has_begun = False
                raise
            spec.loader = module.__loader__ = self._loader
            module.__class__ = ModuleType


class _Empty(ModuleType):
    """A module that has no content yet."""

    def __getattr__(self, name: str) -> object:
        spec = self.__spec__
        loader: object = spec.loader if spec is not None else None
        if spec is not None and isinstance(loader, _Waiting):
            loader.fill(self, spec)
        return ModuleType.__getattribute__(self, name)
