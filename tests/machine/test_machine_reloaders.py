"""Who starts a server again when a file changes."""

import pytest

from portdash.machine.reloaders import RELOADERS, reloader_of
from portdash.model.listener import Process


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("node /shop/node_modules/.bin/nodemon server.js", "nodemon"),
        ("/usr/bin/node /x/node_modules/nodemon/bin/nodemon.js --exec tsx x.ts", "nodemon"),
        ("node /x/node_modules/.bin/tsx watch src/index.ts", "tsx watch"),
        ("node /x/node_modules/.bin/tsx src/index.ts", None),
        ("node --watch server.js", "node watch"),
        ("node server.js --watch", None),
        ("node /x/node_modules/.bin/nest start --watch", "nest"),
        ("python manage.py runserver 8000", "django"),
        ("python manage.py runserver --noreload", None),
        ("python -m django runserver", "django"),
        ("/v/bin/python /v/bin/flask run --debug", "flask"),
        ("/v/bin/python /v/bin/uvicorn main:app --reload", "uvicorn"),
        ("/v/bin/python /v/bin/uvicorn main:app", None),
        ("/v/bin/python /v/bin/fastapi dev main.py", "fastapi"),
        ("cargo-watch watch -x run", "cargo watch"),
        ("cargo watch -x run", "cargo watch"),
        ("cargo run", None),
        ("air -c .air.toml", "air"),
        ("/go/bin/air", "air"),
        ("watchexec -r -- go run .", "watchexec"),
        ("entr -r make run", "entr"),
        ("dotnet watch run", "dotnet"),
        ("bash", None),
    ],
)
def test_by_the_command_line(line: str, label: str | None):
    process = Process(pid=9, name=line.split(maxsplit=1)[0].rpartition("/")[2], command=tuple(line.split()))
    assert reloader_of((Process(pid=8, name="sh", command=("sh", "-c", "x")), process)) == label


def test_the_nearest_counts():
    outer = Process(pid=1, name="air", command=("air",))
    inner = Process(pid=2, name="watchexec", command=("watchexec",))
    assert reloader_of((inner, outer)) == "watchexec"
    assert reloader_of((Process(pid=3),)) is None


def test_labels_fit_their_column():
    assert all(len(each.label) <= 11 for each in RELOADERS)
