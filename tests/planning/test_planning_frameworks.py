"""What a process is by its command line, as real ones have it, and as hostile ones do."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.model.names import check_service
from portdash.planning.command_line import program_of, title_of
from portdash.planning.frameworks import FRAMEWORKS, framework_of, kind_of

BEAM = (
    "/usr/lib/erlang/erts-13.1.5/bin/beam.smp -W w -MBas ageffcbf -- -root /usr/lib/erlang -progname erl "
    "-- -home /var/lib/rabbitmq -- -pa -noshell -noinput -s rabbit boot -boot start_sasl"
)


@pytest.mark.parametrize(
    ("name", "line", "framework", "title"),
    [
        ("node", "node /shop/node_modules/.bin/vite --port 5173", "vite", "node vite"),
        ("node", "node /shop/node_modules/vite/bin/vite.js", "vite", "node vite.js"),
        ("MainThread", "/usr/bin/node /shop/node_modules/.bin/next dev -p 3000", "next", "node next"),
        ("node", "node /shop/node_modules/next/dist/server/lib/start-server.js", "next", "node start-server.js"),
        ("node", "node /x/node_modules/webpack-dev-server/bin/webpack-dev-server.js", "webpack-dev-server", None),
        ("node", "node /x/node_modules/.bin/webpack serve --mode development", "webpack-dev-server", "node webpack"),
        ("node", "node /x/node_modules/.bin/webpack --watch", None, "node webpack"),
        ("node", "node /x/node_modules/storybook/dist/bin/index.cjs dev -p 6006", "storybook", None),
        ("node", "node -r dotenv/config --inspect server.js", None, "node server.js"),
        ("node", "node --watch server.js", None, "node --watch server.js"),
        ("node", "node /usr/bin/pnpm dev", None, "pnpm dev"),
        ("node", "node /usr/lib/node_modules/npm/bin/npm-cli.js run dev", None, "npm run dev"),
        ("python", "python manage.py runserver 0.0.0.0:8000", "django", "python manage.py runserver"),
        ("python", "python manage.py migrate", None, "python manage.py migrate"),
        ("flask", "/v/bin/python3.11 /v/bin/flask --app app run --debug", "flask", "python flask"),
        ("uvicorn", "/v/bin/python3 /v/bin/uvicorn main:app --reload", "uvicorn", "python uvicorn"),
        ("python3", "python3 -m uvicorn main:app", "uvicorn", "python uvicorn"),
        ("python3", "python3 -u -W ignore -m http.server 8000", "http.server", "python http.server"),
        ("python3", "python3 -c import(socket)", None, "python"),
        ("jupyter-lab", "/v/bin/python /v/bin/jupyter-lab --no-browser", "jupyter", "python jupyter-lab"),
        ("streamlit", "/v/bin/python /v/bin/streamlit run app.py", "streamlit", "python streamlit"),
        ("ruby", "ruby bin/rails server -p 3000", "rails", "ruby rails server"),
        ("php8.2", "php8.2 -d x=1 -S 127.0.0.1:8000 -t public", "php", "php"),
        ("php", "php artisan serve", "laravel", "php artisan serve"),
        ("php", "php worker.php", None, "php worker.php"),
        ("java", "java -Xmx1g -cp /opt/kafka/libs/* kafka.Kafka server.properties", "kafka", "java kafka.Kafka"),
        ("java", "java -jar /opt/shop.jar", None, "java shop.jar"),
        ("beam.smp", BEAM, "rabbitmq", "beam.smp"),
        ("postgres", "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main", "postgres", "postgres"),
        ("mariadbd", "/usr/sbin/mariadbd", "mariadb", "mariadbd"),
        ("docker-proxy", "/usr/bin/docker-proxy -proto tcp -host-port 80", "docker-proxy", "docker-proxy"),
        ("ssh", "ssh -fNL 5432:db:5432 bastion", "ssh-tunnel", "ssh"),
        ("kubectl", "kubectl port-forward svc/db 5432:5432", "kubectl", "kubectl port-forward svc/db"),
        ("kubectl", "kubectl get pods -w", None, "kubectl get pods"),
        ("vim", "vim vite", None, "vim"),
        ("bash", "bash -c vite", None, "bash"),
        ("psql", "psql hunter2", None, "psql"),
        ("bun", "bun run --watch index.ts", None, "bun --watch index.ts"),
        ("deno", "deno run -A /x/vite", "vite", "deno vite"),
        ("cargo", "cargo watch -x run", None, "cargo watch"),
        ("python", r"C:\Python\python.exe C:\shop\manage.py runserver", "django", "python manage.py runserver"),
    ],
)
def test_command_lines(name: str, line: str, framework: str | None, title: str | None):
    command = line.split(" ")
    assert framework_of(name, command) == framework
    assert title is None or title_of(name, command) == title


@pytest.mark.parametrize(
    ("name", "title", "framework"),
    [
        ("next-server (v1", "next-server (v15.5.29)", "next"),
        ("webpack", "webpack", "webpack-dev-server"),
        ("puma 5.6.5 (tcp", "puma 5.6.5 (tcp://127.0.0.1:18313) [rack]", "puma"),
        ("nginx", "nginx: worker process", "nginx"),
        ("redis-server", "redis-server 127.0.0.1:6379", "redis"),
        ("gunicorn: maste", "gunicorn: master [app:app]", "gunicorn"),
        ("postgres", "postgres: 15/main: checkpointer ", "postgres"),
        ("ng serve", "ng serve --port 4200", "angular"),
        ("npm run dev", "npm run dev", None),
        ("Google Chrome H", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome Helper", None),
    ],
)
def test_titles_written_over_the_arguments(name: str, title: str, framework: str | None):
    assert framework_of(name, (title,)) == framework


def test_a_hidden_command_line_leaves_the_name():
    assert framework_of("redis-server", ()) == "redis"
    assert framework_of("node", ()) is None
    assert framework_of("", ()) is None
    assert (title_of("", ()), title_of("zsh", ())) == ("", "zsh")


def test_labels_name_services():
    for each in FRAMEWORKS:
        check_service(each.label)
        assert len(each.label) <= 20
        assert kind_of(each.label)
    assert kind_of(None) is None


WORDS = st.lists(st.text(max_size=30) | st.sampled_from(["-m", "-c", "node", "python", "-S", "run", "-s", "--", "-"]))


@settings(deadline=None)
@given(st.text(max_size=20), WORDS)
def test_whatever_a_command_line_holds_it_can_be_read(name: str, command: list[str]):
    framework_of(name, command)
    assert program_of(name, command).name is not None
    assert isinstance(title_of(name, command), str)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["npm", "run", "dev", "node", "x.js", "hunter2!", "--token", "s3cret$", "-p"]), min_size=1)
)
def test_a_title_shows_no_argument_but_words_of_launchers(command: list[str]):
    shown = title_of("sh", command).split(" ")
    plain = [each for each in shown if each not in ("node", "--watch")]
    assert len(plain) <= 3
    assert all(re.fullmatch(r"[\w.!$-]+", each) for each in plain[:1])
    assert not {"hunter2!", "s3cret$"}.intersection(plain[1:])
