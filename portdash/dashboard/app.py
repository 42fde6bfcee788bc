"""The Textual app: themes, the guard against pasted keys, quitting. Everything to be seen is in `screens`."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key, Resize
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme
from textual.timer import Timer
from textual.widgets import Input, OptionList

from portdash.config.settings import Config
from portdash.dashboard.ascii_filter import AsciiFilter
from portdash.dashboard.desk import Desk
from portdash.dashboard.drivers import driver_class
from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.hook_duty import HookDuty
from portdash.dashboard.keymap import make_keymap
from portdash.dashboard.leaving import Leaving
from portdash.dashboard.memory import FILE as MEMORY
from portdash.dashboard.memory import Memory
from portdash.dashboard.options import Options
from portdash.dashboard.rows.view import View
from portdash.dashboard.screens.main import MainScreen, main_screen
from portdash.dashboard.theme import CHOSEN, DARK, THEMES, theme_for
from portdash.dashboard.typing_guard import TypingGuard
from portdash.manager.deps import Deps

_OURS = {theme.name: theme for theme in THEMES}


class PortdashApp(App[int], inherit_bindings=False):
    """Shows the main screen of a desk. Raises ConfigError for keys that cannot be."""

    CSS = (
        CHOSEN
        + """
    ToastRack { margin-bottom: 1; padding: 0; }
    MainScreen.-toasts-above ToastRack { dock: top; align: right top; margin: 3 0 0 0; }
    Dialog ToastRack { dock: top; align: right top; margin: 0; }
    Toast { width: auto; max-width: 100%; padding: 0 1; margin-top: 0; }
    Toast.-information { border-left: outer $accent; text-wrap: nowrap; text-overflow: ellipsis; }
    Toast:ansi, Toast:nocolor { border-right: outer ansi_default; text-style: bold; }
    """
    )
    TITLE = "portdash"
    ENABLE_COMMAND_PALETTE = False
    SUSPENDED_SCREEN_CLASS = "-screen-suspended"
    """What is behind a dialog bears it; where there is nothing to fade colours with, the toolkit dims it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "leave", "Quit", show=False, priority=True, id="leave"),
    ]

    def __init__(self, desk: Desk, *, options: Options | None = None, leaving: Leaving | None = None) -> None:
        self.options = options or Options()
        self._ascii = AsciiFilter()
        self.keymap = make_keymap(self.options.keys)
        # At once: where another theme is set later, style sheets are read twice.
        self.set_reactive(App.theme, self.options.theme if self.get_theme(self.options.theme) else DARK.name)
        super().__init__()
        self.desk = desk
        desk.name_keys(self.keymap.names)
        self.animation_level = "none"
        self.set_keymap({"leave": ",".join(self.keymap.keys["leave"])})
        self._guard = TypingGuard(self.options.typing_window)
        self._held: list[Key] = []
        self._held_timer: Timer | None = None
        self._told_of_burst = False
        self._left_alone: int | None = None
        """How many acts had been begun when somebody asked to leave in the midst of one."""
        self._leaving = leaving

    @property
    def available_themes(self) -> dict[str, Theme]:
        """All that can be chosen, from the very start."""
        return {**BUILTIN_THEMES, **_OURS}

    def get_driver_class(self) -> type[Driver]:
        """Return what reads the terminal. Raises ConfigError where the environment names what cannot."""
        return driver_class(super().get_driver_class)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Draw in ASCII, dialogs too, where the terminal cannot be trusted with more."""
        filters = super().get_line_filters()
        return [*filters, self._ascii] if self.options.glyphs.is_ascii else filters

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Turn no page of a list that has no room: Textual looks up lines it has not laid out, and fails."""
        lines = default_namespace if isinstance(default_namespace, OptionList) else None
        if lines is not None and action in {"page_up", "page_down"} and not lines.scrollable_content_region:
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen: it is painted before anything has been read."""
        return main_screen(self.desk, self.options, self.keymap)

    def on_mount(self) -> None:
        """Leave in order when told to end; draw everything anew after `fg`, for the shell has written over it."""
        if self._leaving is not None:
            self._leaving.attend(self.exit)
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))

    def on_ready(self) -> None:
        """Begin to look now that the first frame is there. A look beside it would cost it more than the table gains."""
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.begin_to_look()

    def on_resize(self) -> None:
        """Look again in a moment: of two signals in a storm of them, the older size may be the last to be told."""
        if not self.is_headless:
            self.set_timer(0.25, self._mind_the_size)

    def _mind_the_size(self) -> None:
        with suppress(OSError, AttributeError, ValueError):  # the terminal is gone: so is the question
            size = Size(*os.get_terminal_size(sys.__stderr__.fileno()))  # type: ignore[union-attr]  # suppressed
            if size and size != self.size:  # a serial line tells none
                self.post_message(Resize(size, size))

    async def on_event(self, event: Event) -> None:
        """Hand every event on, but hold keys back that may be a paste."""
        if isinstance(event, Key) and not event.is_forwarded and (self._held or self._is_guarded()):
            self._judge(event)
            if event in self._held or self._guard.is_burst:
                return
        await super().on_event(event)

    def _is_guarded(self) -> bool:
        """Whether a letter would be a command here: on the main screen, outside the filter line."""
        is_main = bool(self._screen_stack) and isinstance(self.screen, MainScreen)
        return self._guard.window > 0 and is_main and not isinstance(self.focused, Input)

    def _judge(self, event: Key) -> None:
        """Note a key; hold it where it would open something, drop all that is held once a burst is recognised."""
        if not event.is_printable and not self._held:
            self._guard.pass_to(event.time)
            return
        if self._guard.note(event.key, event.time):
            self._held.clear()
            if self._held_timer is not None:
                self._held_timer.stop()
                self._held_timer = None
            if not self._told_of_burst:
                self._told_of_burst = True
                filters = self.keymap.names.way("filter")
                self.notify(f"Pasted text was dropped: letters are commands here, {filters} filters", markup=False)
            return
        self._told_of_burst = False
        command = self.keymap.by_key.get(event.key)
        if self._held or command is None or not command.is_harmless:
            self._held.append(event)
            if self._held_timer is None:
                self._held_timer = self.set_timer(self._guard.window, self._let_go)

    async def _let_go(self) -> None:
        """The window is over: what was held was typed by a hand.

        What comes after a key that opens something waits once more: it is for what was opened. Of `/w`, typed fast, the
        `w` is text of the filter.
        """
        self._held_timer = None
        while self._held:
            event = self._held.pop(0)
            await super().on_event(event)
            command = self.keymap.by_key.get(event.key)
            if self._held and command and not command.is_harmless:
                self._held_timer = self.set_timer(self._guard.window, self._let_go)
                return

    async def action_leave(self) -> None:
        """Quit from anywhere. While a plan is being carried out it takes a second time, for each that is begun."""
        under_way = self.desk.under_way
        if under_way.is_waited_for and self._left_alone != under_way.begun:
            self._left_alone = under_way.begun
            self.notify("A plan is being applied; the same key again leaves it alone with that", markup=False)
            return
        said = ""
        if under_way.is_waited_for:
            said = "portdash: the plan is carried out to its end first"
        elif under_way.goes_on:
            said = "portdash: what was being started goes on; `portdash status` tells when it runs"
        self.exit(0, message=Text(said))

    async def run_async(self, **how: Any) -> int | None:  # noqa: ANN401  they are Textual's
        """Run until it is left, however that comes about; then wait for nothing that goes on by itself."""
        try:
            return await super().run_async(**how)
        finally:
            self.desk.under_way.let_go()


def run_dashboard(
    deps: Deps,
    options: Options,
    *,
    desk: Desk | None = None,
    load: Callable[[], Config] | None = None,
    begin: Callable[[], object] = lambda: None,
) -> int:
    """Show the dashboard until it is left; return the exit code. Needs a terminal on stdin and stderr.

    `desk` is where it sits; without one it is made, and services are asked how they are for as long as it is shown.
    `load` then reads the configuration anew where its files have changed. `begin` is called when all is made ready and
    the terminal is taken.
    """
    checks = deps.rounds.join() if desk is None else None
    seated = desk or Desk(deps, monitor=checks, load=load)

    def say(text: str) -> None:
        app.call_later(app.notify, text, severity="warning", markup=False)

    leaving = Leaving(lambda: seated.under_way.is_waited_for)
    try:
        app = PortdashApp(seated, options=options, leaving=leaving)
        with HookDuty(seated, say):
            begin()
            with leaving:  # the signals are given back by now
                answer = app.run(mouse=options.mouse)
    finally:
        if checks:
            checks.leave()
    return answer or app.return_code or 0


def options_for(
    deps: Deps, glyphs: Glyphs, *, filter_text: str = "", view: View = View.SERVICES, state_dir: Path | None = None
) -> Options:
    """Return the options that configuration, terminal and memory ask for. Without `state_dir` nothing is remembered."""
    dashboard = deps.config.dashboard
    memory = Memory(state_dir / MEMORY) if state_dir else None
    problem = memory.load() if memory else ""
    return Options(
        view=view,
        filter=filter_text,
        read_only=deps.config.read_only,
        keys=deps.config.keys,
        theme=theme_for(os.environ, memory.remembered.theme if memory else None, dashboard.theme),
        glyphs=glyphs,
        refresh=dashboard.refresh,
        mouse=dashboard.mouse,
        bell=dashboard.bell,
        memory=memory,
        problem=problem,
        environ=dict(os.environ),
    )
