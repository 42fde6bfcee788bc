"""Real servers as services: what each is started with, and nothing of it says a port unless it has to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_FLASK = "from flask import Flask\napp = Flask(__name__)\n"
_ASGI = "from fastapi import FastAPI\napp = FastAPI()\n"
_DJANGO = """
import sys
from django.conf import settings
settings.configure(DEBUG=True, SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
urlpatterns = []
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
_EXPRESS = "require('express')().listen(process.env.PORT)\n"
_PAGE = {"index.html": "<!doctype html><title>Shop</title>", "main.js": "console.log(1)\n"}
_PACKAGE = '{"name": "shop-web", "scripts": {"dev": "vite", "start": "node server.js"}}'
_WEBPACK = ("npx", "webpack", "serve", "--mode", "development", "--entry", "./main.js")


@dataclass(frozen=True, kw_only=True)
class Service:
    """One real server."""

    name: str
    command: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """Of `run`."""
    needs_node: bool = False


SERVICES = (
    Service(name="http.server", command=("python", "-m", "http.server", "{port}")),
    Service(name="flask with reloader", command=("flask", "--app", "app", "run", "--debug"), files={"app.py": _FLASK}),
    Service(name="django", command=("python", "manage.py", "runserver"), files={"manage.py": _DJANGO}),
    Service(name="uvicorn", command=("uvicorn", "app:app", "--reload"), files={"app.py": _ASGI}),
    Service(
        name="uvicorn with a handed socket",
        command=("uvicorn", "app:app", "--fd", "3"),
        files={"app.py": _ASGI},
        options=("--fd",),
    ),
    Service(name="gunicorn", command=("gunicorn", "--no-control-socket", "app:app"), files={"app.py": _FLASK}),
    Service(name="express", command=("node", "server.js"), files={"server.js": _EXPRESS}, needs_node=True),
    Service(name="vite", command=("npx", "vite"), files=_PAGE, needs_node=True),
    Service(
        name="npm run dev", command=("npm", "run", "dev"), files={**_PAGE, "package.json": _PACKAGE}, needs_node=True
    ),
    Service(
        name="npm start",
        command=("npm", "start"),
        files={"server.js": _EXPRESS, "package.json": _PACKAGE},
        needs_node=True,
    ),
    Service(name="webpack-dev-server", command=_WEBPACK, files=_PAGE, needs_node=True),
)
"""What whoever supervises has to get along with; each test of that goes through all."""
