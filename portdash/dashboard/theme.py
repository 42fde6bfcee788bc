"""The themes: one accent, red, amber and green each for one meaning, and the terminal's own colours for NO_COLOR.

In the terminal's own colours nobody knows how two of them go together, and under NO_COLOR there are none. So there what
is chosen is in reverse video, and so is a text cursor; frames are of the colour of the text. `CHOSEN` says it once for
all that the toolkit draws.
"""

from collections.abc import Mapping
from types import MappingProxyType

from textual.theme import Theme

DARK = Theme(
    name="portdash-dark",
    primary="#5fafd7",
    secondary="#3a6f8f",
    accent="#5fafd7",
    warning="#e5a50a",
    error="#f57a74",
    success="#5fbf7f",
    foreground="#d8d8d8",
    background="#121416",
    surface="#191c1f",
    panel="#2a2f34",
    dark=True,
    variables={
        "border": "#3a4046",
        "border-blurred": "#3a4046",
        "footer-key-foreground": "#5fafd7",
        "text-disabled": "auto 70%",
    },
)

LIGHT = Theme(
    name="portdash-light",
    primary="#005f87",
    secondary="#4f7f97",
    accent="#005f87",
    warning="#8a5a00",
    error="#b3261e",
    success="#176c32",
    foreground="#1f2328",
    background="#ffffff",
    surface="#f4f5f6",
    panel="#dfe3e6",
    dark=False,
    variables={
        "border": "#b8bec4",
        "border-blurred": "#b8bec4",
        "footer-key-foreground": "#005f87",
        "text-disabled": "auto 70%",
    },
)

HIGH_CONTRAST = Theme(
    name="portdash-high-contrast",
    primary="#00ffff",
    secondary="#00ffff",
    accent="#00ffff",
    warning="#ffff00",
    error="#ffa0a0",
    success="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    dark=True,
    variables={
        "border": "#ffffff",
        "border-blurred": "#ffffff",
        "footer-key-foreground": "#00ffff",
        "text-disabled": "auto 80%",
    },
)

_TERMINAL = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "border": "ansi_default",
    "border-blurred": "ansi_default",
    "block-cursor-foreground": "ansi_default",
    "block-cursor-background": "ansi_default",
    "block-cursor-text-style": "reverse",
    "scrollbar": "ansi_default",
    "scrollbar-hover": "ansi_default",
    "scrollbar-active": "ansi_default",
    "scrollbar-background": "ansi_default",
    "scrollbar-background-hover": "ansi_default",
    "scrollbar-background-active": "ansi_default",
}


def _of_the_terminal(name: str, accent: str, *, dark: bool) -> Theme:
    """Return a theme of the sixteen colours that the terminal has, on its own ground."""
    return Theme(
        name=name,
        ansi=True,
        primary=accent,
        secondary=accent,
        accent=accent,
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        dark=dark,
        variables={**_TERMINAL, "footer-key-foreground": accent},
    )


ANSI = _of_the_terminal("portdash-ansi", "ansi_cyan", dark=True)
ANSI_LIGHT = _of_the_terminal("portdash-ansi-light", "ansi_blue", dark=False)

THEMES = (DARK, LIGHT, HIGH_CONTRAST, ANSI, ANSI_LIGHT)

CHOSEN = """
OptionList:ansi > .option-list--option-highlighted, OptionList:nocolor > .option-list--option-highlighted,
CommandList:ansi > .option-list--option-highlighted, CommandList:nocolor > .option-list--option-highlighted,
Input:ansi > .input--cursor, Input:nocolor > .input--cursor,
Input:ansi > .input--selection, Input:nocolor > .input--selection,
Screen:ansi > .screen--selection, Screen:nocolor > .screen--selection {
    color: ansi_default;
    background: ansi_default;
    text-style: reverse not dim;
}
"""
"""Style sheet of what is chosen, in the terminal's own colours and under NO_COLOR whatever the theme."""

CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "dark": DARK.name,
        "light": LIGHT.name,
        "high-contrast": HIGH_CONTRAST.name,
        "ansi": ANSI.name,
        "ansi-light": ANSI_LIGHT.name,
    }
)
"""What each theme is called by people, and by the toolkit. `ansi` takes the terminal's own colours."""


def theme_for(environ: Mapping[str, str], *wanted: str | None) -> str:
    """Return the name of the theme: the terminal's own colours under NO_COLOR, else the first one wanted, else dark."""
    if environ.get("NO_COLOR"):
        return ANSI.name
    chosen = next((each for each in wanted if each), DARK.name)
    return CHOICES.get(chosen, chosen)
