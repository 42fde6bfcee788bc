"""Copying out of the dashboard: through the terminal, and through the clipboard programs of this machine."""

import asyncio
import os
from collections.abc import Mapping
from typing import TypeVar

from textual.app import App

from portdash.machine.clipboard import copy_with_programs, described, encodable

A = TypeVar("A")


async def copy_text(app: App[A], text: str, environ: Mapping[str, str] | None = None) -> str:
    """Copy `text`; return what was done: `copied with xclip`, `sent to the terminal`. Call it on the app's own loop."""
    text = encodable(text)
    app.copy_to_clipboard(text)
    done = await asyncio.to_thread(copy_with_programs, text, os.environ if environ is None else environ)
    return described(done)
