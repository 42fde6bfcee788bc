"""What a hard-coded port means beside the assignments, and what to write instead in each language."""

import pytest

from portdash.exports.literals.finding import find_literals
from portdash.exports.literals.fixing import advice, fixed_line
from portdash.exports.literals.forms import Form, form_of
from portdash.exports.literals.judging import Judge, Judged, Known, Verdict, variable_of

API = Known(name="api", is_own=True, variable="API_PORT", port=4001, wishes=frozenset({3000}))
POSTGRES = Known(name="postgres", is_own=True, variable="POSTGRES_PORT", port=4002, wishes=frozenset({5432}))
PLANNED = Known(name="vision", is_own=True, variable="VISION_PORT", port=None, wishes=frozenset({8084}))
OTHER = Known(name="shop/web", is_own=False, variable="WEB_PORT", port=5173)
JUDGE = Judge((API, POSTGRES, PLANNED, OTHER))


def judged(file: str, line: str) -> tuple[Judged, Form]:
    form = form_of(file)
    assert form
    (literal,) = find_literals(line, form)
    return JUDGE(literal, form), form


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("a.py", 'url = "http://localhost:4001"', "matches api"),
        ("a.py", "api_port = 4001", "matches api"),
        ("a.py", "api_port = 3000", "differs from api (4001)"),
        ("a.js", "const apiPort = 9000", "differs from api (4001)"),
        ("a.py", 'url = "http://localhost:3000"', "differs from api (4001)"),
        ("a.py", 'url = "postgres://localhost:5432/x"', "differs from postgres (4002)"),
        ("a.py", 'p = int(os.getenv("POSTGRES_PORT", "5432"))', "default of POSTGRES_PORT: fine"),
        ("a.py", 'p = int(os.getenv("SERVER_PORT", "4000"))', "not assigned"),
        ("a.py", 'p = int(os.getenv("SERVER_PORT", "4001"))', "matches api"),
        ("compose.yaml", '  - "${POSTGRES_PORT:-5432}:5432"', "default of POSTGRES_PORT: fine"),
        ("a.js", "fetch('http://localhost:5173')", "assigned to shop/web"),
        ("a.py", 'url = "http://localhost:8084"', "declared by vision, which has no port yet"),
        ("a.py", "vision_port = 8085", "not assigned"),
        ("a.py", "port = 9999", "not assigned"),
        ("Dockerfile", "EXPOSE 3000", "inside a container: fine"),
        ("k8s.yaml", "containerPort: 3000", "inside a container: fine"),
    ],
)
def test_verdicts(file: str, line: str, words: str):
    found, _ = judged(file, line)
    assert found.words == words
    assert found.verdict.is_fine is (words.endswith("fine") or words.startswith(("matches", "declared")))


@pytest.mark.parametrize(
    ("file", "line", "wanted"),
    [
        ("a.py", "api_port = 3000", 'api_port = int(os.environ.get("API_PORT") or portdash.allocate("api").port)'),
        ("a.py", "u = 'http://localhost:3000/x'", "u = f\"http://localhost:{os.environ['API_PORT']}/x\""),
        ("a.py", 'u = f"http://localhost:3000/{x}"', "u = f\"http://localhost:{os.environ['API_PORT']}/{x}\""),
        ("a.py", 'p = int(os.getenv("API_PORT", "3000"))', None),
        ("a.js", "app.listen(3000)", "app.listen(Number(process.env.API_PORT ?? 4001))"),
        ("a.ts", 'f("ws://localhost:3000/x")', "f(`ws://localhost:${process.env.API_PORT ?? 4001}/x`)"),
        ("a.go", 'f("http://localhost:3000/x")', 'f("http://localhost:" + os.Getenv("API_PORT") + "/x")'),
        ("a.go", 'ListenAndServe(":3000", nil)', 'ListenAndServe(":" + os.Getenv("API_PORT"), nil)'),
        ("a.go", "port := 3000", None),
        ("A.java", "int port = 3000;", 'int port = Integer.parseInt(System.getenv("API_PORT"));'),
        ("a.kt", "val port = 3000", 'val port = System.getenv("API_PORT").toInt()'),
        ("a.rb", 'u = "http://localhost:3000"', "u = \"http://localhost:#{ENV.fetch('API_PORT', 4001)}\""),
        ("a.php", "$u = 'http://localhost:3000/';", "$u = 'http://localhost:' . (getenv('API_PORT') ?: 4001) . '/';"),
        ("a.rs", "let port = 3000;", 'let port = std::env::var("API_PORT")?.parse()?;'),
        ("a.rs", 'bind("127.0.0.1:3000")', None),
        ("a.cs", "Port = 3000", 'Port = int.Parse(Environment.GetEnvironmentVariable("API_PORT") ?? "4001")'),
        ("a.exs", "port: 3000", 'port: String.to_integer(System.get_env("API_PORT", "4001"))'),
        ("a.c", "int port = 3000;", 'int port = atoi(getenv("API_PORT"));'),
        ("a.sh", "serve --port 3000", "serve --port ${API_PORT:-4001}"),
        ("a.sh", 'curl "localhost:3000/x"', 'curl "localhost:${API_PORT:-4001}/x"'),
        ("a.ps1", "serve --port 3000", "serve --port $env:API_PORT"),
        ("Makefile", "\tserve --port 3000", "\tserve --port $${API_PORT:-4001}"),
        ("compose.yaml", '  - "3000:80"', '  - "${API_PORT:-4001}:80"'),
        ("compose.yaml", '  - "${API_PORT:-3000}:80"', None),
        ("package.json", '"dev": "vite --port 3000"', '"dev": "vite --port $(portdash get api)"'),
        ("a.properties", "server.port=3000", "server.port=${API_PORT:4001}"),
        ("Caddyfile", ":3000 {", ":{$API_PORT:4001} {"),
        ("a.json", '"port": 3000', '"port": 4001'),
        ("a.json", '"port": "3000"', '"port": "4001"'),
        ("a.toml", "port = 3000", "port = 4001"),
        ("a.yaml", "port: 3000", "port: 4001"),
        ("nginx.conf", "listen 3000;", "listen 4001;"),
        (".env", "API_PORT=3000", "API_PORT=4001"),
    ],
)  # fmt: skip
def test_what_to_write_instead(file: str, line: str, wanted: str | None):
    found, form = judged(file, line)
    assert fixed_line(found, form) == wanted


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("a.py", "search_port = 9999", "`portdash add search --preferred 9999` declares"),
        ("a.py", "port = 9999", "`portdash add NAME --preferred 9999` declares"),
        ("a.js", "fetch('http://localhost:5173')", "5173 is shop/web's"),
        ("a.go", "port := 3000", "take it from the variable API_PORT"),
    ],
)
def test_what_to_do_where_no_line_can_be_proposed(file: str, line: str, words: str):
    found, form = judged(file, line)
    assert fixed_line(found, form) is None
    assert words in (advice(found, form) or "")


@pytest.mark.parametrize("name", ["apiPort", "api-port", "api.port", "API_PORT", "api_port"])
def test_names_of_settings_mean_variables(name: str):
    assert variable_of(name) == "API_PORT"


def test_nothing_is_known():
    (literal,) = find_literals("port = 80", Form.TOML)
    assert Judge(())(literal, Form.TOML).verdict is Verdict.UNASSIGNED
