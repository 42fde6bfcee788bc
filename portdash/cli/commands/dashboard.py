"""`portdash` without a command: the dashboard."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portdash.cli.context import Globals, home, working_directory
from portdash.config.paths import state_dir
from portdash.dashboard.first_frame import first_frame
from portdash.dashboard.glyphs import glyphs_for, locale_of
from portdash.dashboard.rows.view import View
from portdash.errors import ConfigError, UsageError
from portdash.later import RARE, RARE_NAMES, TLS, later
from portdash.manager.deps import Deps
from portdash.record import replace

if TYPE_CHECKING:
    from portdash.config.settings import Config


def open_dashboard(options: Globals, *, filter_text: str = "", view: int | None = None, demo: bool = False) -> int:
    """Show the dashboard until it is left; return the exit code.

    It reads keys from stdin and draws on stderr. Raises UsageError where one of them is no terminal: the toolkit would
    draw all the same, and never end.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("the dashboard needs a terminal", hint="without one, `portdash status` says what there is")
    with _invented(options) if demo else options.deps(quiet=True) as deps:
        shown = deps.by("dashboard")
        encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
        glyphs = glyphs_for(locale_of(os.environ), encoding, deps.config.dashboard.glyphs)
        chosen = View(view) if view else View.SERVICES
        with first_frame(chosen, glyphs) as begin:
            with _loading():
                from portdash.dashboard.app import options_for, run_dashboard  # noqa: PLC0415  loads Textual

            desk = None
            if demo:
                from portdash.demo.health import demo_desk  # noqa: PLC0415  only for who asks for it

                desk = demo_desk(shown)
            # The demo touches nothing, so it remembers nothing either.
            memory = None if demo else state_dir(os.environ, home())
            seen = options_for(shown, glyphs, filter_text=filter_text, view=chosen, state_dir=memory)
            return run_dashboard(shown, seen, desk=desk, load=_loader(options), begin=begin)


@contextmanager
def _loading() -> Iterator[None]:
    """Load what stays to the end: no garbage is looked for among it, neither now nor in all the hours to come."""
    gc.disable()
    try:
        with later(TLS | RARE, RARE_NAMES):
            yield
    finally:
        gc.freeze()
        gc.enable()


def _loader(options: Globals) -> "Callable[[], Config]":
    """Return what reads the configuration once more, as it was read for `options`."""
    cwd, flags, of = working_directory(), options.flags(), home()

    def again() -> "Config":
        from portdash.config.loading import load  # noqa: PLC0415  not before a file has changed

        return load(cwd=cwd, environ=os.environ, flags=flags, home=of)

    return again


@contextmanager
def _invented(options: Globals) -> Iterator[Deps]:
    """Yield an invented machine that looks as its user wants dashboards to look.

    Raises ConfigError for a file that was named; what else cannot be read is warned of, and not heeded.
    """
    from portdash.demo.scene import demo_deps  # noqa: PLC0415  only for who asks for it

    deps = demo_deps()
    try:
        looks = _loader(options)().dashboard
    except ConfigError as error:
        if options.config is not None:
            raise
        # It may be that of the project that one happens to be in: the demo is not about that.
        from portdash.cli.output import warn  # noqa: PLC0415

        warn(error.message)
        looks = deps.config.dashboard
    try:
        yield replace(deps, config=replace(deps.config, read_only=options.read_only, dashboard=looks))
    finally:
        deps.close()
