"""What the dashboard is started with."""

from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType

from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.memory import Memory
from portdash.dashboard.rows.view import View
from portdash.dashboard.theme import DARK
from portdash.dashboard.typing_guard import WINDOW
from portdash.record import field, record


@record(kw_only=True)
class Options:
    """How the dashboard looks and starts. The defaults are those of a dark UTF-8 terminal."""

    view: View = View.SERVICES
    """The view at the start."""
    filter: str = ""
    """Text of the filter at the start."""
    read_only: bool = False
    """Whether commands that change something are taken away."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """`[keys]`: keys by command id."""
    theme: str = DARK.name
    glyphs: Glyphs = Glyphs()
    refresh: float = 1.0
    """Seconds between two looks."""
    mouse: bool = True
    bell: bool = True
    """Whether new trouble rings and is told."""
    memory: Memory | None = None
    """Where what was chosen is kept; None keeps nothing."""
    problem: str = ""
    """What is wrong with the configuration, for the header."""
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Variables: which browser, which editor, which clipboard."""
    typing_window: float = WINDOW
    """Seconds within which several different keys are a paste; 0 takes every key as typed."""
    monotonic: Callable[[], float] = monotonic
    """Seconds that never run backwards, for the age in the header."""
