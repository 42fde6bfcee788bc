"""How each kind of server gives itself away over the network. Data: a new kind is a new row, and nothing else.

A row's question is a GET that the server is known to answer without compiling anything, changing anything or refusing
it. Rows about `/` are told apart by one and the same answer, so that it is fetched once.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

VITE_PING = "text/x-vite-ping"
"""What Vite's own page asks for to see whether it is there: answered with nothing, and never logged."""


class Row(NamedTuple):
    """One answer by which a kind is known. All that is given must fit."""

    kind: str
    path: str = "/"
    accept: str = "*/*"
    status: int | None = None
    header: str | None = None
    """Name of a header that must be there."""
    value: re.Pattern[str] | None = None
    """What must be found in it; its group `version` is the server's."""
    body: re.Pattern[str] | None = None
    """What must be found in the first 4 KiB; it may have a group `version`, and `name` and `release`: what the service
    calls itself, and which of it this is."""
    after: tuple[str, ...] = ()
    """Kinds that may turn out to be this more exactly: after these it is asked for."""

    @property
    def question(self) -> tuple[str, str]:
        """What is asked: path and `Accept`."""
        return self.path, self.accept

    @property
    def tells_more(self) -> bool:
        """Whether the answer holds a version or a name, and not only the kind."""
        return any(pattern.groups for pattern in (self.value, self.body) if pattern)


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


_V = r"(?P<version>[0-9][0-9A-Za-z.+~-]{0,30})"
_TITLE = r"<title>\s*(?P<name>[^<]{1,200}?)\s*</title>"

ROWS = (
    # What tells itself by one answer to GET /.
    Row("vite", accept=VITE_PING, status=204, header="vary", value=_text(r"^Origin$")),
    Row("vite", body=_text(r'<script type="module" src="[^"]{0,200}/@vite/client"')),
    Row("vite", status=403, body=_text(r"^Blocked request\. This host")),
    Row("next", header="x-powered-by", value=_text(r"^Next\.js")),
    Row("elasticsearch", header="x-elastic-product", body=_text(rf'"number"\s*:\s*"{_V}"')),
    Row("elasticsearch", body=_text(rf'"number"\s*:\s*"{_V}".{{0,600}}"You Know, for Search"')),
    Row("opensearch", body=_text(rf'"distribution"\s*:\s*"opensearch".{{0,200}}"number"\s*:\s*"{_V}"')),
    Row("couchdb", body=_text(rf'^\{{"couchdb":"Welcome","version":"{_V}"')),
    Row("mongodb", body=_text(r"^It looks like you are trying to access MongoDB over HTTP on the native driver port")),
    Row("node-exporter", body=_text(r"<title>Node Exporter</title>")),
    Row("haproxy", status=503, body=_text(r"No server is available to handle this request\.")),
    Row("rabbitmq", header="server", value=_text(r"^Cowboy$"), body=_text(r"<title>RabbitMQ Management</title>")),
    Row("flask", header="server", value=_text(r"^Werkzeug/")),
    Row("django", header="server", value=_text(r"^WSGIServer/")),
    Row("uvicorn", header="server", value=_text(r"^uvicorn$")),
    Row("hypercorn", header="server", value=_text(r"^hypercorn")),
    Row("daphne", header="server", value=_text(r"^daphne")),
    Row("granian", header="server", value=_text(r"^granian$")),
    Row("waitress", header="server", value=_text(r"^waitress$")),
    Row("gunicorn", header="server", value=_text(rf"^gunicorn(?:/{_V})?")),
    Row("http.server", header="server", value=_text(r"^SimpleHTTP/[0-9.]+ Python/")),
    Row("tornado", header="server", value=_text(rf"^TornadoServer/{_V}")),
    Row("nginx", header="server", value=_text(rf"^nginx(?:/{_V})?")),
    Row("apache", header="server", value=_text(rf"^Apache(?:/{_V})?")),
    Row("caddy", header="server", value=_text(r"^Caddy$")),
    Row("envoy", header="server", value=_text(r"^envoy$")),
    Row("minio", header="server", value=_text(r"^MinIO")),
    Row("php", header="x-powered-by", value=_text(rf"^PHP/{_V}")),
    Row("php", header="host", value=_text(r"^localhost:[0-9]+$")),
    Row("express", header="x-powered-by", value=_text(r"^Express$")),
    Row("jenkins", header="x-jenkins", value=_text(rf"^{_V}")),
    Row("consul", status=301, header="location", value=_text(r"^/ui/$")),
    Row("ollama", body=_text(r"^Ollama is running")),
    Row("go", status=404, header="x-content-type-options", body=_text(r"^404 page not found\n$")),
    Row("http", status=200, body=_text(_TITLE)),
    Row("http"),
    # What is asked for when the process, or the answer to GET /, says that it is worth it.
    Row("webpack-dev-server", "/webpack-dev-server", status=200, body=_text(r"<h1>Assets Report:</h1>"),
        after=("express",)),
    Row("next", "/__nextjs_original-stack-frames", status=400, body=_text(r"^Bad Request$")),
    Row(
        "fastapi",
        "/openapi.json",
        status=200,
        body=_text(r'"openapi"\s*:\s*"3[^{]{0,80}"info"\s*:\s*\{[^{}]{0,2000}?"title"\s*:\s*"(?P<name>[^"\\]{1,100})"'
              r'(?:[^{}]{0,2000}?"version"\s*:\s*"(?P<release>[^"\\]{1,20})")?'),
        after=("uvicorn", "hypercorn", "daphne", "granian"),
    ),
    Row("streamlit", "/_stcore/health", status=200, body=_text(r"^ok$"), after=("uvicorn", "tornado")),
    Row("jupyter", "/api", status=200, body=_text(rf'^\{{"version"\s*:\s*"{_V}"'), after=("tornado",)),
    Row("storybook", "/index.json", status=200, body=_text(r'^\{"v":[0-9]+,"entries":\{')),
    Row("prometheus", "/-/healthy", status=200, body=_text(r"^Prometheus Server is Healthy"), after=("go",)),
    Row("etcd", "/version", status=200, body=_text(rf'^\{{"etcdserver":"{_V}"'), after=("go",)),
    Row("exporter", "/metrics", status=200, header="content-type", value=_text(r"^text/plain; version=0\.0\.4"),
        body=_text(r"^# HELP "), after=("go",)),
    Row("consul", "/v1/status/leader", status=200, body=_text(r'^"[0-9.:\[\]a-f]*"')),
    Row("grafana", "/api/health", status=200, body=_text(rf'"database"\s*:\s*"ok".{{0,80}}?"version"\s*:\s*"{_V}"')),
    Row("spring-boot", "/actuator/health", status=200, body=_text(r'^\{"status":"(?:UP|DOWN|OUT_OF_SERVICE|UNKNOWN)"'),
        after=("tomcat",)),
    Row("rabbitmq", "/api/overview", status=401, header="www-authenticate", value=_text(r'"RabbitMQ Management"')),
    Row("nats", "/healthz", status=200, body=_text(r'^\{"status":"ok"\}')),
)  # fmt: skip
"""In order: the first that fits is what it is."""

HTTPS_HINTS = re.compile(
    r"plain HTTP request was sent to HTTPS port|Client sent an HTTP request to an HTTPS server|"
    r"speaking plain HTTP to an SSL-enabled server port"
)
"""How servers say that they want TLS. It is never tried without: a server of plain HTTP logs it as garbage."""


class Banner(NamedTuple):
    """What a server says by itself as soon as somebody connects."""

    kind: str
    pattern: re.Pattern[bytes]


def _bytes(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_VB = _V.encode("ascii")

BANNERS = (
    Banner("ssh", _bytes(rb"SSH-(?:2\.0|1\.99)-(?:OpenSSH_|dropbear_)?" + _VB + rb"?")),
    Banner("nats", _bytes(rb'INFO \{[^\r\n]{0,3000}?"version":"' + _VB + rb'"')),
    Banner("mariadb", _bytes(rb".{3}\x00\x0a(?:5\.5\.5-)?(?P<version>[0-9][0-9.]{0,20})-MariaDB")),
    Banner("mysql", _bytes(rb".{3}\x00\x0a(?P<version>[0-9][0-9.]{0,20})[^\x00]{0,60}\x00")),
    Banner("ftp", _bytes(rb"220[ -][^\r\n]{0,80}(?:FTP|ftp)[^\r\n0-9]{0,20}" + _VB + rb"?")),
    Banner("smtp", _bytes(rb"220[ -][^\r\n]{0,200}(?:SMTP|Postfix|Exim|smtp)")),
)
"""In order: the first that fits is what it is."""

USERS: Mapping[str, str] = {
    "mysql": "mysql", "postgres": "postgres", "redis": "redis", "valkey": "valkey", "mosquitto": "mosquitto",
    "rabbitmq": "rabbitmq", "memcache": "memcached", "nats": "nats", "beanstalkd": "beanstalkd", "mongodb": "mongodb",
    "etcd": "etcd", "consul": "consul", "prometheus": "prometheus", "grafana": "grafana",
    "elasticsearch": "elasticsearch",
}  # fmt: skip
"""Users of the system that run one kind of server each: all that may be read of a daemon by others."""

PROGRAMS: Mapping[str, str] = {"sshd": "ssh", "vsftpd": "ftp", "proftpd": "ftp", "exim4": "smtp", "smtpd": "smtp"}
"""Daemons of the system, by the name of their process."""

PORTS: Mapping[int, str] = {
    5432: "postgres", 6379: "redis", 11211: "memcached", 11300: "beanstalkd",
    3306: "mysql", 33060: "mysql", 5672: "rabbitmq", 1883: "mosquitto",
}  # fmt: skip
"""What is asked first of a listener about which nothing is known but its port."""
