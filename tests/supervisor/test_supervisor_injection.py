"""Which commands are told their port, and how."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.model.substitution import names_port, substitute
from portdash.supervisor.injection import Injected, inject

SCRIPTS = {
    "dev": "vite",
    "dev:next": "next dev --turbo",
    "start": "node server.js",
    "both": "tsc && vite --host",
    "fixed": "vite --port 5173",
    "broken": "vite 'unclosed",
    "piped": "vite | tee log",
}


def injected(line: str, port: int = 4100) -> str:
    return shlex.join(substitute(inject(shlex.split(line), scripts=SCRIPTS).command, port))


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("vite", "vite --port 4100 --strictPort"),
        ("npx vite --host", "npx vite --host --port 4100 --strictPort"),
        ("node node_modules/vite/bin/vite.js", "node node_modules/vite/bin/vite.js --port 4100 --strictPort"),
        ("npm run dev", "npm run dev -- --port 4100 --strictPort"),
        ("npm run dev -- --host", "npm run dev -- --host --port 4100 --strictPort"),
        ("npm run both", "npm run both -- --port 4100 --strictPort"),
        ("pnpm dev", "pnpm dev --port 4100 --strictPort"),
        ("yarn run dev:next", "yarn run dev:next -p 4100"),
        ("pnpm exec next dev", "pnpm exec next dev -p 4100"),
        ("ng serve --open", "ng serve --open --port 4100"),
        ("npx webpack serve --mode development", "npx webpack serve --mode development --port 4100"),
        ("python manage.py runserver", "python manage.py runserver 4100"),
        ("python -u manage.py runserver --noreload", "python -u manage.py runserver --noreload 4100"),
        ("uv run python -m http.server", "uv run python -m http.server 4100"),
        ("python3.12 -m uvicorn app:app --reload", "python3.12 -m uvicorn app:app --reload --port 4100"),
        ("DEBUG=1 flask --app app run --debug", "DEBUG=1 flask --app app run --debug --port 4100"),
        ("env DEBUG=1 poetry run flask run", "env DEBUG=1 poetry run flask run --port 4100"),
        ("gunicorn app:app", "gunicorn app:app --bind 127.0.0.1:4100"),
        ("jupyter lab --no-browser", "jupyter lab --no-browser --port 4100 --ServerApp.port_retries=0"),
        ("python -W ignore manage.py runserver", "python -W ignore manage.py runserver 4100"),
        (
            "node --require ./env.js node_modules/.bin/astro dev",
            "node --require ./env.js node_modules/.bin/astro dev --port 4100",
        ),
        ("hugo serve", "hugo serve --port 4100"),
        ("bundle exec rails server", "bundle exec rails server -p 4100"),
    ],
)
def test_a_server_that_ignores_port_is_told(line: str, becomes: str):
    assert injected(line) == becomes


@pytest.mark.parametrize(
    "line",
    [
        "vite --port 5173",
        "vite build",
        "wrangler deploy",
        "parcel watch",
        "gunicorn --help",
        "vite --port=5173",
        "npm run fixed",
        "flask run -p5000",
        "uvicorn app:app --fd 3",
        "python manage.py runserver 0.0.0.0:8000",
        "python -m http.server 8000",
        "gunicorn -b 127.0.0.1:8000 app:app",
        "node server.js",
        "npm start",
        "npm run broken",
        "npm run nothing",
        "npm run piped",
        "npm run",
        "vitest",
        "vite-node server.ts",
        "next build",
        "python app.py vite",
        "echo vite",
        "python",
        "env",
        "",
    ],
)
def test_everything_else_stays_as_it_is(line: str):
    assert inject(shlex.split(line), scripts=SCRIPTS) == Injected(tuple(shlex.split(line)))


def test_a_place_for_the_port_is_enough():
    command = ("vite", "--open", "{url}/admin", "{other}", "{port}", "{host}")
    assert names_port(command)
    assert inject(command, scripts={}) == Injected(command)
    assert substitute(command, 4100) == (
        "vite", "--open", "http://localhost:4100/admin", "{other}", "4100", "127.0.0.1",
    )  # fmt: skip
    assert not names_port(("vite", "{host}"))


WORDS = st.sampled_from(
    ["vite", "npx", "npm", "run", "dev", "-m", "--", "python", "env", "A=1", "uvicorn", "runserver", "-p", "next", ""]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=8), st.dictionaries(st.text(max_size=4), st.text()))
def test_what_was_said_is_never_lost(command: list[str], scripts: dict[str, str]):
    found = inject(command, scripts={"dev": "vite", **scripts})
    assert found.command[: len(command)] == tuple(command)
    assert (found.framework is None) == (len(found.command) == len(command))
