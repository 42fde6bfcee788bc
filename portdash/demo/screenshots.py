"""The pictures in `screenshots/`, made anew from the demo: `python -m portdash.demo.screenshots [DIRECTORY]`.

Each picture is an SVG as Textual draws it, and a PNG made from that. The PNGs need the font DejaVu Sans Mono (Debian
and Ubuntu: `apt install fonts-dejavu-core`) and the `test` extra; the SVGs name the same font and fall back to any
monospaced one. Nothing in them depends on the moment, the machine or the user.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from textual.pilot import Pilot
from textual.widgets import Input

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.options import Options
from portdash.dashboard.theme import DARK, LIGHT
from portdash.demo.health import demo_desk
from portdash.demo.places import HOME
from portdash.demo.scene import demo_deps, first_run_deps
from portdash.errors import PortdashError
from portdash.manager.deps import Deps
from portdash.record import field, record

FONT = "DejaVu Sans Mono"
FONT_DIRECTORIES = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "~/.local/share/fonts")
PATIENCE = 30.0
"""Seconds after which a picture that never comes to rest is given up."""

_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_SVG_TEXT = "{http://www.w3.org/2000/svg}text"


@record(kw_only=True)
class Shot:
    """One picture: how to get there, and what must be seen on it."""

    name: str
    size: tuple[int, int]
    """Columns and lines."""
    shows: str
    """Text that is there once it is complete."""
    keys: tuple[str, ...] = ()
    """Pressed one after the other on the main screen, each once the last one's effect is drawn."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Text put into the fields of the dialog, by id."""
    theme: str = DARK.name
    deps: Callable[[], Deps] = demo_deps


SHOTS = (
    Shot(name="main", size=(160, 45), shows="squatted"),
    Shot(name="main-light", size=(160, 45), shows="squatted", theme=LIGHT.name),
    Shot(name="main-80x24", size=(80, 24), shows="squatted"),
    Shot(name="listening", size=(160, 45), keys=("2",), shows="PROCESS"),
    Shot(name="conflicts", size=(160, 32), keys=("3",), shows="WAY OUT"),
    Shot(name="ranges", size=(120, 40), keys=("4", "j", "l"), shows="PORTS 5015"),
    Shot(name="history", size=(120, 40), keys=("5",), shows="given back by hand"),
    Shot(name="resolve", size=(160, 45), keys=("c",), shows="aggressive"),
    Shot(name="details", size=(80, 40), keys=("N", "enter"), shows="WHO ANSWERS"),
    Shot(
        name="allocate",
        size=(120, 32),
        keys=("a",),
        fields={"service": "payments", "preferred": "3000, 3005"},
        shows="3005",
    ),
    Shot(name="report", size=(120, 45), keys=("R",), shows="given back"),
    Shot(name="first-run-80x24", size=(80, 24), shows="WOULD BE", deps=first_run_deps),
)


async def draw(shot: Shot) -> str:
    """Return the picture as SVG. Raises PortdashError when it does not come to show what it should."""
    deps = shot.deps()
    with as_the_demo_user(), closing(deps):
        app = PortdashApp(
            demo_desk(deps), options=Options(theme=shot.theme, typing_window=0, monotonic=_standing_still, refresh=3600)
        )
        async with app.run_test(size=shot.size) as pilot:
            await _at_rest(pilot, "live")
            for key in shot.keys:
                await pilot.press(key)
                await _at_rest(pilot)
            for name, text in shot.fields.items():
                app.screen.query_one(f"#{name}", Input).value = text
            svg = await _at_rest(pilot, shot.shows, looks=5)
    return _with_local_font(svg)


async def _at_rest(pilot: Pilot[int], shows: str = "", *, looks: int = 2) -> str:
    """Wait until `looks` looks in a row are the same and `shows` is seen; return the picture."""
    before, same, until = "", 1, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        await pilot.pause()
        for each in pilot.app.screen.query(Input):
            each.cursor_blink = False
        now = pilot.app.export_screenshot(title="portdash")
        same = same + 1 if now == before else 1
        if same >= looks and shows in "\n".join(lines_of(now)):
            return now
        before = now
        await asyncio.sleep(0.05)
    raise PortdashError(f"{shows!r} was never shown", hint=f"this was: {' / '.join(lines_of(before)[:8])}")


def lines_of(svg: str) -> list[str]:
    """Return the text of a picture, line by line, with the blanks between words as single ones."""
    rows: dict[float, list[str]] = {}
    for node in ET.fromstring(svg).iter(_SVG_TEXT):  # noqa: S314  drawn by ourselves
        if text := "".join(node.itertext()).replace("\xa0", " ").strip():
            rows.setdefault(float(node.get("y", "0")), []).append(" ".join(text.split()))
    return [" ".join(words) for _, words in sorted(rows.items())]


def png_of(svg: str) -> bytes:
    """Return the picture as PNG. Raises PortdashError when what it is drawn with is not installed."""
    try:
        import resvg_py  # noqa: PLC0415  only the makers of pictures have it
    except ImportError as error:
        raise PortdashError("resvg_py is not installed", hint="pip install 'portdash[test]'") from error
    fonts = [
        str(file) for each in FONT_DIRECTORIES for file in sorted(Path(each).expanduser().rglob("DejaVuSans*.ttf"))
    ]
    if not any(font.endswith("DejaVuSansMono.ttf") for font in fonts):
        raise PortdashError(f"the font {FONT} is not installed", hint="on Debian: apt install fonts-dejavu-core")
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, font_files=fonts, skip_system_fonts=True, font_family=FONT, monospace_family=FONT
    )
    return bytes(drawn)


@contextmanager
def as_the_demo_user() -> Iterator[None]:
    """Let home be the demo's and the time zone UTC meanwhile, so that every machine draws the same."""
    ours = {"HOME": HOME, "TZ": "UTC"}
    before = {name: os.environ.get(name) for name in (*ours, "NO_COLOR")}
    os.environ.update(ours)
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        time.tzset()


def main(arguments: list[str]) -> int:
    """Write every picture into the directory given, `screenshots` by default."""
    directory = Path(arguments[0] if arguments else "screenshots")
    directory.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        svg = asyncio.run(draw(shot))
        (directory / f"{shot.name}.svg").write_text(svg, encoding="utf-8")
        (directory / f"{shot.name}.png").write_bytes(png_of(svg))
        sys.stdout.write(f"{directory / shot.name}.svg .png\n")
    return 0


def _standing_still() -> float:
    return 0.0


def _with_local_font(svg: str) -> str:
    """Name a font that is installed in place of one from a server far away."""
    svg = _FACES.sub("", svg).replace("Fira Code, monospace", f"'{FONT}', Menlo, Consolas, monospace")
    return svg.replace("font-family: arial", "font-family: 'DejaVu Sans', Arial, sans-serif")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
