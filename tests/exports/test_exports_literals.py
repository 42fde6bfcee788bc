"""Which numbers in a file are hard-coded ports, and which only look like one."""

import os
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portdash.exports.literals.finding import find_literals
from portdash.exports.literals.forms import Form, form_of, in_skipped_directory
from portdash.exports.literals.patterns import Kind

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))

FOUND = [
    ("app.py", 'port = int(os.getenv("SERVER_PORT", "4000"))', (4000, Kind.ENV_DEFAULT, "SERVER_PORT")),
    ("app.py", 'port = int(os.environ.get("PORT") or 8000)', (8000, Kind.ENV_DEFAULT, "PORT")),
    ("app.py", 'PORT = config("DB_PORT", default=5432, cast=int)', (5432, Kind.ENV_DEFAULT, "DB_PORT")),
    ("app.py", "app.run(host='0.0.0.0', port=5000, debug=True)", (5000, Kind.SETTING, "port")),
    ("app.py", 'HTTPServer(("", 8000), Handler)', (8000, Kind.LISTEN, None)),
    ("app.py", 'sock.bind(("127.0.0.1", 9999))', (9999, Kind.LISTEN, None)),
    ("app.py", "server_port: int = 8123", (8123, Kind.SETTING, "server_port")),
    ("app.py", "port = args.port or 8080", (8080, Kind.SETTING, "port")),
    ("app.py", 'parser.add_argument("--port", type=int, default=8000)', (8000, Kind.OPTION, "port")),
    ("app.py", 'requests.get("http://localhost:8081/api")', (8081, Kind.URL, None)),
    ("app.py", "app.listen(8888)", (8888, Kind.LISTEN, None)),
    ("server.js", "const port = process.env.PORT || 3000;", (3000, Kind.ENV_DEFAULT, "PORT")),
    ("server.ts", 'const port = Number(process.env["API_PORT"] ?? "4001");', (4001, Kind.ENV_DEFAULT, "API_PORT")),
    ("server.js", "const port = parseInt(process.env.PORT, 10) || 3000", (3000, Kind.ENV_DEFAULT, "PORT")),
    ("server.js", "app.listen(3000, () => {})", (3000, Kind.LISTEN, None)),
    ("vite.config.ts", "  server: { port: 5173, strictPort: true },", (5173, Kind.SETTING, "port")),
    ("webpack.config.js", "  devServer: { port: 8080 },", (8080, Kind.SETTING, "port")),
    ("ws.js", "const ws = new WebSocket('ws://localhost:3001/live')", (3001, Kind.URL, None)),
    ("ws.ts", "const wsPort: number = 3002", (3002, Kind.SETTING, "wsPort")),
    ("cli.js", ".option('-p, --port <port>', 'where to listen', '3000')", (3000, Kind.OPTION, "port")),
    ("main.go", 'http.ListenAndServe(":8080", nil)', (8080, Kind.LISTEN, None)),
    ("main.go", 'port := getEnv("PORT", "8080")', (8080, Kind.ENV_DEFAULT, "PORT")),
    ("main.go", 'flag.Int("port", 9000, "where to listen")', (9000, Kind.OPTION, "port")),
    ("main.go", 'endpoint = "http://localhost:8088" // Fallback', (8088, Kind.URL, None)),
    ("main.go", "httpPort := 8090", (8090, Kind.SETTING, "httpPort")),
    ("main.rs", 'TcpListener::bind("127.0.0.1:7878")', (7878, Kind.ADDRESS, None)),
    ("main.rs", "SocketAddr::from(([127, 0, 0, 1], 3000))", (3000, Kind.LISTEN, None)),
    ("main.rs", "const PORT: u16 = 8080;", (8080, Kind.SETTING, "PORT")),
    ("main.rs", 'env::var("PORT").unwrap_or("8000".into())', (8000, Kind.ENV_DEFAULT, "PORT")),
    ("App.java", "new ServerSocket(8082)", (8082, Kind.LISTEN, None)),
    ("App.java", '@Value("${server.port:8080}")', (8080, Kind.ENV_DEFAULT, "server.port")),
    ("App.kt", "embeddedServer(Netty, port = 8080)", (8080, Kind.SETTING, "port")),
    ("application.properties", "server.port=8080", (8080, Kind.SETTING, "server.port")),
    ("application.yml", "  port: 8080", (8080, Kind.SETTING, "port")),
    ("application.yml", "  port: ${SERVER_PORT:8443}", (8443, Kind.ENV_DEFAULT, "SERVER_PORT")),
    ("puma.rb", 'port ENV.fetch("PORT", 3000)', (3000, Kind.ENV_DEFAULT, "PORT")),
    ("config.php", "'port' => env('DB_PORT', '3306'),", (3306, Kind.ENV_DEFAULT, "DB_PORT")),
    ("dev.exs", "http: [ip: {127, 0, 0, 1}, port: 4000],", (4000, Kind.SETTING, "port")),
    ("Program.cs", 'Environment.GetEnvironmentVariable("PORT") ?? "5000"', (5000, Kind.ENV_DEFAULT, "PORT")),
    ("Program.cs", 'UseUrls("http://*:5001")', (5001, Kind.URL, None)),
    ("main.c", "#define SERVER_PORT 9001", (9001, Kind.SETTING, "SERVER_PORT")),
    ("run.sh", "uvicorn app:app --port 8000 --reload", (8000, Kind.OPTION, "port")),
    ("run.sh", "PORT=3000 node server.js", (3000, Kind.SETTING, "PORT")),
    ("run.sh", 'curl "localhost:${PORT:-8080}/health"', (8080, Kind.ENV_DEFAULT, "PORT")),
    ("run.sh", "docker run -p 8080:80 nginx", (8080, Kind.OPTION, None)),
    ("run.sh", "python -m http.server 8001", (8001, Kind.OPTION, None)),
    ("Makefile", "\tpython manage.py runserver 0.0.0.0:8000", (8000, Kind.OPTION, None)),
    ("package.json", '    "dev": "next dev -p 3000",', (3000, Kind.OPTION, None)),
    ("package.json", '    "dev": "vite --port 5173",', (5173, Kind.OPTION, "port")),
    (".env", "API_PORT=3001", (3001, Kind.SETTING, "API_PORT")),
    (".env.local", "DATABASE_URL=postgres://me:secret@localhost:5432/shop", (5432, Kind.URL, None)),
    ("docker-compose.yml", '      - "8080:80"', (8080, Kind.PUBLISHED, None)),
    ("compose.yaml", "      - 127.0.0.1:5433:5432/tcp", (5433, Kind.PUBLISHED, None)),
    ("compose.yaml", '    ports: ["3000:3000"]', (3000, Kind.PUBLISHED, None)),
    ("compose.yaml", "        published: 6380", (6380, Kind.PUBLISHED, None)),
    ("compose.yaml", '      - "${POSTGRES_PORT:-5432}:5432"', (5432, Kind.ENV_DEFAULT, "POSTGRES_PORT")),
    ("Dockerfile", "EXPOSE 3000", (3000, Kind.CONTAINER, None)),
    ("Dockerfile", "ENV PORT 8080", (8080, Kind.SETTING, "PORT")),
    ("config.toml", "port = 8080", (8080, Kind.SETTING, "port")),
    ("config.json", '  "port": 8080,', (8080, Kind.SETTING, "port")),
    ("redis.conf", "port 6379", (6379, Kind.SETTING, "port")),
    ("nginx.conf", "    listen 8080;", (8080, Kind.LISTEN, None)),
    ("nginx.conf", "    proxy_pass http://127.0.0.1:3000;", (3000, Kind.URL, None)),
    ("Caddyfile", ":8080 {", (8080, Kind.LISTEN, None)),
    ("server.xml", '<Connector port="8080" protocol="HTTP/1.1"', (8080, Kind.SETTING, "port")),
    ("pom.xml", "<jetty.port>9090</jetty.port>", (9090, Kind.SETTING, "jetty.port")),
]  # fmt: skip


@pytest.mark.parametrize(("file", "line", "wanted"), FOUND, ids=[f"{file}: {line.strip()}" for file, line, _ in FOUND])
def test_what_is_one(file: str, line: str, wanted: tuple[int, Kind, str | None]):
    form = form_of(file)
    assert form is not None
    before = "nothing here\n\n"
    (found,) = find_literals(f"{before}{line}\nnor here\n", form)
    assert (found.port, found.kind, found.name) == wanted
    assert (found.line, found.text) == (3, line)
    assert line[found.start : found.end] == str(found.port)
    assert found.column == line.index(str(found.port)) + 1


SEVERAL = [
    ("ports.js", "const commonPorts = [3000, 3001, 3002];", [3000, 3001, 3002]),
    ("ports.js", "    server: { preferred: [3000, 3001], conflicts: ['client'] },", [3000, 3001]),
    ("devcontainer.json", '"forwardPorts": [3000, 5432],', [3000, 5432]),
    ("Dockerfile", "EXPOSE 8080/tcp 9090/udp", [8080, 9090]),
    ("run.sh", "API_PORT=3001 WEB_PORT=3002 ./start", [3001, 3002]),
    ("hosts.py", 'urls = ["http://localhost:8081", "http://localhost:8082"]', [8081, 8082]),
]


@pytest.mark.parametrize(("file", "line", "ports"), SEVERAL)
def test_several_in_one_line(file: str, line: str, ports: list[int]):
    form = form_of(file)
    assert form
    assert [each.port for each in find_literals(line, form)] == ports


NOT_FOUND = [
    ("app.py", "version = '1.8080.3'"),
    ("app.py", "year = 2024"),
    ("app.py", "report = 8080"),
    ("app.py", "import_count = 3000"),
    ("app.py", "transport = 8080"),
    ("app.py", "SUPPORT = 3000"),
    ("app.py", "portfolio = 3000"),
    ("app.py", "port_count = 3000"),
    ("app.py", "passport=12345"),
    ("app.py", "sock.listen(128)"),
    ("app.py", "sock.listen(1024)"),
    ("app.py", "# port = 8080"),
    ("app.py", "ip = '192.168.1.80'"),
    ("app.py", "port = 8080.5"),
    ("app.py", "port = 99999"),
    ("app.py", "port = 70000"),
    ("app.py", "port = 080"),
    ("app.py", "export(3000)"),
    ("app.py", "time.sleep(3000)"),
    ("app.py", "os.getenv('TIMEOUT', '3000')"),
    ("app.js", "viewport: 1024"),
    ("app.js", "const viewPort = 1024"),
    ("app.js", "// app.listen(3000)"),
    ("app.js", "color: '#8080ff'"),
    ("app.js", "setTimeout(tick, 3000)"),
    ("app.js", "const at = '2024-01-01T12:30:45Z'"),
    ("app.js", "support: 3000"),
    ("app.js", "parseInt(process.env.PORT, 10)"),
    ("app.js", "report(8080)"),
    ("app.js", "fetch('https://api.example.com:8443/x')"),
    ("app.js", "'10.0.0.1:8080'"),
    ("app.ts", "import { a } from './3000'"),
    ("main.go", 'fmt.Println("v1.8080")'),
    ("main.go", 'time.Parse("15:04:05", "12:30:45")'),
    ("style.yaml", "z-index: 9999"),
    ("x.yaml", "at: 12:30:45"),
    ("x.yaml", "image: postgres:16"),
    ("x.yaml", "image: localhost/app:8080.1"),
    ("compose.yaml", "    image: redis:6379-alpine"),
    ("compose.yaml", '      test: "12:30"'),
    ("x.toml", "date = 2024-05-01"),
    ("x.json", '"transport": 8080'),
    ("x.json", '"exports": [3000]'),
    ("run.sh", "mkdir -p 2024"),
    ("run.sh", "export TZ=2024"),
    ("run.sh", "chmod 755 x"),
    (".env", "PORTLAND=97201"),
    (".env", "TIMEOUT=3000"),
    (".env", "#API_PORT=3000"),
    ("nginx.conf", "worker_connections 1024;"),
    ("README.md", "In 2024 we had 8080 users."),
]


@pytest.mark.parametrize(("file", "line"), NOT_FOUND)
def test_what_only_looks_like_one(file: str, line: str):
    form = form_of(file)
    assert form is not None
    assert list(find_literals(line, form)) == []


def test_what_portdash_writes_itself_is_none():
    text = "A_PORT=1234\n# >>> portdash >>> kept\nAPI_PORT=4000\n# <<< portdash <<<\nB_PORT=4321\n"
    assert [(each.line, each.port) for each in find_literals(text, Form.DOTENV)] == [(1, 1234), (5, 4321)]


def test_lines_that_programs_write_are_not_looked_at():
    assert list(find_literals("x" * 3000 + " port = 8080", Form.PYTHON)) == []


def test_carriage_returns_stand_in_no_line():
    (found,) = find_literals("\r\nport = 8080\r\n", Form.TOML)
    assert (found.line, found.text) == (2, "port = 8080")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.py", Form.PYTHON), ("Dockerfile", Form.DOCKERFILE), ("api.Dockerfile", Form.DOCKERFILE),
        ("docker-compose.override.yml", Form.COMPOSE), (".env.production", Form.DOTENV), ("Procfile", Form.SHELL),
        ("package.json", Form.PACKAGE), ("package-lock.json", None), ("app.min.js", None), ("a.png", None),
        ("noending", None), ("portdash.toml", None), ("", None), (".", None), ("README.md", Form.DOCS),
    ],
)  # fmt: skip
def test_forms(name: str, form: Form | None):
    assert form_of(name) is form


def test_skipped_directories():
    assert in_skipped_directory("web/node_modules/x/index.js")
    assert not in_skipped_directory("src/node_modules.js")


PIECES = st.sampled_from(
    ["port", "PORT", "=", ":", " ", "8080", "3000", "70000", "localhost", "://", '"', "'", "{", "}", "(", ")", "[", "]",
     "process.env.", "os.getenv", "listen", "\n", "\r", "-p ", "--", ",", ".", "\x00", "\udc80", "\u2028", "||", "//"]
)  # fmt: skip


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.lists(PIECES | st.text(string.printable, max_size=3), max_size=60).map("".join), st.sampled_from(Form))
@example("port=" * 400, Form.PYTHON)
def test_any_text_gives_ports_where_they_stand(text: str, form: Form):
    lines = text.split("\n")
    for found in find_literals(text, form):
        assert 1 <= found.port <= 65535
        assert lines[found.line - 1].rstrip("\r") == found.text
        assert found.text[found.start : found.end] == str(found.port)
