"""What a process is, by its command line: `vite`, `django`, `postgres`. Data, in one table, and the looking up in it.

The name of the executable alone is never asked: redis-server and redis-check-rdb are one file, every second server is
`node`, and a title written over the arguments says more than either. It is a hint that a process gives about itself:
good enough to show, to name a service after and to tell a database from a web server, and no proof of anything.
"""

from collections.abc import Callable, Iterable

from portdash.named_tuple import NamedTuple
from portdash.planning.command_line import Program, program_of

WEB, API, DATABASE, CACHE, QUEUE, MONITORING, ML, PROXY, TUNNEL = (
    *("web", "api", "database", "cache", "queue", "monitoring", "ml", "proxy", "tunnel"),
)


class Framework(NamedTuple):
    """One thing that serves."""

    label: str
    """What people call it, at most 20 characters; a valid name of a service."""
    kind: str
    programs: tuple[str, ...] = ()
    """Names of the program, script or module that runs; the label itself always counts."""
    words: tuple[str, ...] = ()
    """One of which must stand among the arguments."""
    paths: tuple[str, ...] = ()
    """What the path of the script holds instead, whatever its name."""


FRAMEWORKS = (
    # What a page is developed with.
    Framework("vite", WEB, paths=("/vite/bin/", "/vite/dist/")),
    Framework("next", WEB, ("next-server",), paths=("/next/dist/",)),
    Framework("nuxt", WEB, ("nuxi",), paths=("/nuxi/bin/", "/nuxt/bin/")),
    Framework("astro", WEB, paths=("/astro/astro.js", "/astro/bin/")),
    Framework("webpack-dev-server", WEB, paths=("/webpack-dev-server/",)),
    Framework("webpack-dev-server", WEB, ("webpack", "webpack-cli"), ("serve", "server")),
    Framework("angular", WEB, ("ng",), ("serve", "s", "dev"), paths=("/@angular/cli/",)),
    Framework("remix", WEB, ("remix-serve", "react-router-serve", "react-router")),
    Framework("storybook", WEB, ("start-storybook", "sb"), paths=("/storybook/",)),
    Framework("gatsby", WEB),
    Framework("parcel", WEB),
    Framework("react-scripts", WEB, paths=("/react-scripts/",)),
    Framework("vue-cli", WEB, ("vue-cli-service",)),
    Framework("docusaurus", WEB),
    Framework("eleventy", WEB),
    Framework("vitepress", WEB),
    Framework("rsbuild", WEB),
    Framework("turbopack", WEB),
    Framework("esbuild", WEB),
    Framework("metro", WEB, ("expo",), paths=("/metro/src/", "/@expo/cli/")),
    Framework("wrangler", WEB, ("workerd", "miniflare"), paths=("/wrangler/",)),
    Framework("browser-sync", WEB),
    Framework("live-server", WEB),
    Framework("json-server", API),
    Framework("http-server", WEB),
    Framework("serve", WEB, paths=("/serve/build/",)),
    Framework("strapi", WEB, paths=("/@strapi/strapi/",)),
    Framework("nest", API, paths=("/@nestjs/cli/",)),
    Framework("hugo", WEB, words=("server", "serve")),
    Framework("jekyll", WEB),
    Framework("mkdocs", WEB),
    Framework("zola", WEB, words=("serve",)),
    # Servers of Python, Ruby, PHP, Java, Elixir.
    Framework("django", WEB, ("manage", "django-admin", "django"), ("runserver", "runserver_plus", "testserver")),
    Framework("flask", WEB, words=("run",)),
    Framework("fastapi", API, words=("dev", "run")),
    Framework("uvicorn", API),
    Framework("gunicorn", API),
    Framework("hypercorn", API),
    Framework("daphne", API),
    Framework("granian", API),
    Framework("uwsgi", API),
    Framework("waitress", API, ("waitress-serve",)),
    Framework("jupyter", ML, ("jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyterlab", "notebook")),
    Framework("ipykernel", ML, ("ipykernel_launcher",)),
    Framework("streamlit", ML, words=("run", "hello")),
    Framework("gradio", ML),
    Framework("marimo", ML),
    Framework("mlflow", ML),
    Framework("tensorboard", ML),
    Framework("ollama", ML),
    Framework("airflow", WEB),
    Framework("flower", MONITORING),
    Framework("locust", MONITORING),
    Framework("datasette", WEB),
    Framework("http.server", WEB),
    Framework("rails", WEB, words=("server", "s")),
    Framework("puma", WEB),
    Framework("unicorn", WEB),
    Framework("rackup", WEB, ("thin", "falcon")),
    Framework("laravel", WEB, ("artisan",), ("serve",)),
    Framework("php-fpm", WEB),
    Framework("frankenphp", WEB),
    Framework("phoenix", WEB, ("mix",), ("phx.server",)),
    Framework("jenkins", WEB),
    # Databases, caches, queues.
    Framework("postgres", DATABASE, ("postgresql", "postmaster")),
    Framework("mariadb", DATABASE, ("mariadbd", "mariadbd-safe")),
    Framework("mysql", DATABASE, ("mysqld",)),
    Framework("mongodb", DATABASE, ("mongod", "mongos")),
    Framework("cockroach", DATABASE),
    Framework("clickhouse", DATABASE, ("clickhouse-server",)),
    Framework("influxdb", DATABASE, ("influxd",)),
    Framework("etcd", DATABASE),
    Framework("consul", DATABASE),
    Framework("qdrant", DATABASE),
    Framework("surreal", DATABASE),
    Framework("meilisearch", DATABASE),
    Framework("typesense", DATABASE, ("typesense-server",)),
    Framework("minio", DATABASE),
    Framework("redis", CACHE, ("redis-server",)),
    Framework("valkey", CACHE, ("valkey-server",)),
    Framework("keydb", CACHE, ("keydb-server",)),
    Framework("dragonfly", CACHE),
    Framework("memcached", CACHE),
    Framework("rabbitmq", QUEUE, ("rabbitmq-server",)),
    Framework("nats", QUEUE, ("nats-server",)),
    Framework("mosquitto", QUEUE),
    Framework("redpanda", QUEUE),
    Framework("nsqd", QUEUE),
    Framework("beanstalkd", QUEUE),
    # What watches, and what stands before others.
    Framework("prometheus", MONITORING),
    Framework("alertmanager", MONITORING),
    Framework("grafana", MONITORING, ("grafana-server",)),
    Framework("loki", MONITORING),
    Framework("jaeger", MONITORING, ("jaeger-all-in-one",)),
    Framework("otel-collector", MONITORING, ("otelcol", "otelcol-contrib")),
    Framework("node-exporter", MONITORING, ("node_exporter", "prometheus-node-exporter")),
    Framework("mailpit", WEB, ("mailhog", "MailHog")),
    Framework("nginx", PROXY),
    Framework("apache", PROXY, ("apache2", "httpd")),
    Framework("caddy", PROXY),
    Framework("traefik", PROXY),
    Framework("envoy", PROXY),
    Framework("haproxy", PROXY),
    Framework("docker-proxy", PROXY),
    Framework("kubectl", TUNNEL, words=("port-forward", "proxy")),
)
"""Of several that a name or a path fits, the first whose words fit."""

_JAVA = (
    ("kafka.Kafka", Framework("kafka", QUEUE)),
    ("kafka.docker.", Framework("kafka", QUEUE)),
    ("org.apache.zookeeper.", Framework("zookeeper", QUEUE)),
    ("org.apache.activemq", Framework("activemq", QUEUE)),
    ("org.elasticsearch.", Framework("elasticsearch", DATABASE)),
    ("org.opensearch.", Framework("opensearch", DATABASE)),
    ("org.apache.cassandra.", Framework("cassandra", DATABASE)),
    ("org.neo4j.", Framework("neo4j", DATABASE)),
    ("com.neo4j.", Framework("neo4j", DATABASE)),
    ("org.apache.catalina.", Framework("tomcat", WEB)),
    ("org.gradle.", Framework("gradle", WEB)),
)
"""Main classes, by how they begin."""
_BEAM = (
    ("rabbit", Framework("rabbitmq", QUEUE)),
    ("couch", Framework("couchdb", DATABASE)),
    ("ejabberd", Framework("ejabberd", QUEUE)),
)
"""What a virtual machine of Erlang was told to start: `-s rabbit boot`."""
_PHP = Framework("php", WEB)
_SSH = Framework("ssh-tunnel", TUNNEL)


def _indexed() -> dict[str, list[Framework]]:
    found: dict[str, list[Framework]] = {}
    for each in FRAMEWORKS:
        for name in (each.label, *each.programs):
            found.setdefault(name.casefold(), []).append(each)
    return found


_BY_PROGRAM = _indexed()
_BY_PATH = tuple((path, each) for each in FRAMEWORKS for path in each.paths)
_KINDS = {each.label: each.kind for each in (*FRAMEWORKS, *(each for _, each in (*_JAVA, *_BEAM)), _PHP, _SSH)}


def framework_of(name: str, command: Iterable[str]) -> str | None:
    """Return what a process called `name` with this command line is, None where they say nothing."""
    program = program_of(name, tuple(command))
    found = _special(program) or _by_name(program) or _by_path(program)
    return found.label if found else None


def kind_of(framework: str | None) -> str | None:
    """Return the kind of a framework: `web`, `api`, `database`, `cache`, `queue`, ...; None for one not known."""
    return _KINDS.get(framework) if framework else None


def _by_name(program: Program) -> Framework | None:
    fitting = _BY_PROGRAM.get(program.name.casefold(), ())
    return next((each for each in fitting if not each.words or set(each.words).intersection(program.arguments)), None)


def _by_path(program: Program) -> Framework | None:
    if program.runner is None:
        return None
    path = program.path.replace("\\", "/")
    return next((each for piece, each in _BY_PATH if piece in path), None)


def _special(program: Program) -> Framework | None:
    rule = _RULES.get(program.runner or program.name.casefold())
    return rule(program) if rule else None


def _java(program: Program) -> Framework | None:
    return next((each for start, each in _JAVA if program.name.startswith(start)), None)


def _beam(program: Program) -> Framework | None:
    started = {after for flag, after in zip(program.arguments, program.arguments[1:], strict=False) if flag == "-s"}
    return next((each for name, each in _BEAM if name in started), None)


def _php(program: Program) -> Framework | None:
    return _PHP if "-S" in program.flags else None


def _title_of_webpack(program: Program) -> Framework | None:
    """Return it where the title is all there is: a build that only watches has arguments, and does not listen."""
    return _BY_PROGRAM["webpack"][0] if not program.arguments else None


def _ssh(program: Program) -> Framework | None:
    """Return a tunnel: a client of ssh that listens does nothing else."""
    return _SSH if program.runner is None else None


_RULES: dict[str, Callable[[Program], Framework | None]] = {
    "java": _java,
    "beam.smp": _beam,
    "php": _php,
    "webpack": _title_of_webpack,
    "ssh": _ssh,
    "autossh": _ssh,
}
