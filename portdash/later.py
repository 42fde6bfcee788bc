"""Modules that are loaded when something of them is first asked for, although others import them at once.

asyncio takes TLS along where there is any, and OpenSSL with it: 4 MiB and a fiftieth of the start of a program that
may run for days and use nothing of it. Textual takes along what few apps ever use, to a tenth of its own start.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from threading import RLock
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

TLS = frozenset({"ssl", "asyncio.sslproto"})
"""What of TLS asyncio loads with itself, and uses for an encrypted connection alone."""
RARE = frozenset({"locale", "mimetypes", "textwrap", "unicodedata"})
"""Modules that Textual and what it is made of import, and a dashboard has no use for until something rare comes up."""
RARE_NAMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "difflib": frozenset({"get_close_matches"}),
        "platformdirs": frozenset({"user_downloads_path"}),
        "rich.table": frozenset({"Table"}),
        "textual.types": frozenset({"IgnoreReturnCallbackType"}),
        "uuid": frozenset({"uuid4"}),
    }
)
"""Others, and all that is imported of them: for a mistake, for a file that is saved, for an annotation."""
_NO_NAMES: Mapping[str, frozenset[str]] = MappingProxyType({})


@contextmanager
def later(names: frozenset[str], by_name: Mapping[str, frozenset[str]] = _NO_NAMES) -> Iterator[None]:
    """Have these modules loaded later, where one of them is imported inside for the first time.

    Who imported one has it as ever, in every thread: whatever is asked of it loads it first. `LazyLoader` of the
    standard library does the same for one thread. None of them may have another on its way that waits for it in turn.

    The modules in `by_name` wait as well, even while these names are imported from them: who does so has what stands
    for each, and loads the module as soon as it is called, derived from, or asked for anything.
    """
    finder = _Finder({**dict.fromkeys(names, frozenset[str]()), **by_name})
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    def __init__(self, promised: Mapping[str, frozenset[str]]) -> None:
        self._promised = promised

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._promised:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Waiting(spec.loader, self._promised[fullname])  # type: ignore[assignment]  # to derive it would load what it is from
        return spec


class _Waiting:
    """A loader that makes a module without its content."""

    def __init__(self, loader: Loader, promised: frozenset[str]) -> None:
        self._loader, self._promised = loader, promised
        self._lock = RLock()
        self._has_begun = False

    def promises(self, name: str) -> bool:
        """Say whether that can be imported by name without loading anything."""
        return name in self._promised and not self._has_begun

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
            if name == "__path__":  # a package has it by now, and every import by name asks for it
                raise AttributeError(name)
            if loader.promises(name):
                return _Promised(lambda: loader.fill(self, spec), self, name)
            loader.fill(self, spec)
        return ModuleType.__getattribute__(self, name)


class _Promised:
    """Stands for something that was imported by name. Whatever is done with it is done with that, and loads it."""

    __slots__ = ("_fill", "_module", "_name")

    def __init__(self, fill: Callable[[], None], module: ModuleType, name: str) -> None:
        self._fill, self._module, self._name = fill, module, name

    def _real(self) -> type:  # or a function, or a union: a class is what most can be done with
        self._fill()
        real: type = ModuleType.__getattribute__(self._module, self._name)
        return real

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> object:
        if name in _Promised.__slots__:  # one that was made without them would ask itself for ever
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __reduce__(self) -> tuple[Callable[[type], type], tuple[type]]:
        return _itself, (self._real(),)  # a copy, or what is pickled, is the thing itself

    def __or__(self, other: object) -> object:
        return self._real() | other

    def __ror__(self, other: object) -> object:
        return other | self._real()

    def __mro_entries__(self, _bases: tuple[object, ...]) -> tuple[object, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._real())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._real())


def _itself(real: type) -> type:
    return real
