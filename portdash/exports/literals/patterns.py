"""The shapes in which a port stands in a file. Data: each pattern has a group `port`, and `name` where it has one.

No pattern repeats anything without a bound, so that no line, however it was made, costs more than a moment.
"""

import re
from enum import StrEnum

from portdash.exports.literals.forms import CODE, COMMANDS, Form
from portdash.record import record


class Kind(StrEnum):
    """What a hard-coded port is there for."""

    ENV_DEFAULT = "env_default"
    """What is taken where a variable of the environment is not set."""
    PUBLISHED = "published"
    """The host's side of a port that a container publishes."""
    CONTAINER = "container"
    """A port inside a container, which is no port of this machine."""
    OPTION = "option"
    """An argument of a command line, or the default of one."""
    LISTEN = "listen"
    """An argument of a call that listens or connects."""
    URL = "url"
    ADDRESS = "address"
    """`localhost:3000` outside a URL."""
    SETTING = "setting"
    """The value of a variable, key or argument that is called a port."""
    LIST = "list"
    """One of several ports in brackets."""


@record
class Pattern:
    """One shape."""

    kind: Kind
    regex: re.Pattern[str]
    clues: tuple[str, ...]
    """Texts in lower case of which a line with this shape has one: looked for first, since it costs little."""
    forms: frozenset[Form] | None = None
    """Where it can stand; None is everywhere."""


_END = r"(?!\w|\.\d|-\d{1,2}-\d|:\d{2}\b)"
"""No longer number, version, date or time."""
_ANY = rf"(?P<port>[1-9]\d{{1,4}}){_END}"
"""A port where nothing else can stand: two digits will do."""
_LIKELY = rf"(?P<port>80|[1-9]\d{{2,4}}){_END}"
"""A port where another number might stand."""
_WORD = r"(?:(?<![A-Za-z])(?i:port)|(?<=[a-z0-9])(?<!view)Port|(?:HTTPS?|DB|API|TCP|UDP|WS|GRPC|WEB|APP)PORT)"
"""`port` as a word of its own within a name: not the one of `report`, `import`, `viewport` or `transport`."""
_NAME = rf"(?<![\w.-])(?P<name>[\w.-]{{0,60}}?{_WORD})"
_VARIABLE = r"(?P<name>\w{0,60}(?<![A-Za-z])(?i:port)|\w{0,40}Port)"
_HOST = r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)"
_QUOTE = "[\"'`]"


def _shape(kind: Kind, regex: str, clues: str, forms: frozenset[Form] | None = None) -> Pattern:
    return Pattern(kind, re.compile(regex), tuple(clues.split()), forms)


_COMPOSE = frozenset((Form.COMPOSE,))
_DOCKERFILE = frozenset((Form.DOCKERFILE,))
_SERVED = frozenset((Form.NGINX, Form.INI))
_ENV_OF_JAVASCRIPT = r"(?:process\.env|import\.meta\.env|Bun\.env)(?:\.|\[[\"'])"

PATTERNS = (
    _shape(
        Kind.ENV_DEFAULT,
        rf"{_ENV_OF_JAVASCRIPT}{_VARIABLE}[\"'\])]{{0,4}}(?:,\s?10)?\)?\s*(?:\|\||\?\?)\s*{_QUOTE}?{_LIKELY}",
        "env",
        frozenset((Form.JAVASCRIPT, Form.PACKAGE, Form.DOCS)),
    ),
    _shape(
        Kind.ENV_DEFAULT,
        rf"(?i:env|config|setting)[\w.:!]{{0,30}}[(\[]\s*{_QUOTE}{_VARIABLE}{_QUOTE}[^\d\n]{{0,48}}?"
        rf"(?<![\w.]){_LIKELY}",
        "env config setting",
        CODE | {Form.DOCS},
    ),
    _shape(Kind.ENV_DEFAULT, rf"\$\{{(?P<name>[\w.-]{{0,60}}?{_WORD}):?[-=:]?{_ANY}\}}", "${"),
    _shape(
        Kind.PUBLISHED,
        r"(?:^\s*-\s*|[\[,]\s*)[\"']?(?:[\d.]{7,15}:|\[[0-9a-fA-F:]{0,40}\]:)?"
        r"(?P<port>[1-9]\d{1,4})(?:-\d{2,5})?:\s?(?:\d{2,5}(?:-\d{2,5})?(?:/\w{3})?(?:[\"'\s,\]]|$)|\$)",
        ":",
        _COMPOSE,
    ),
    _shape(Kind.PUBLISHED, rf"^\s*published:\s*[\"']?{_ANY}", "published", _COMPOSE),
    _shape(Kind.CONTAINER, rf"^\s*-\s*[\"']?{_LIKELY}(?:/\w{{3}})?[\"']?\s*$", "-", _COMPOSE),
    _shape(Kind.CONTAINER, rf"^\s*target:\s*[\"']?{_ANY}", "target", _COMPOSE),
    _shape(Kind.CONTAINER, rf"\b(?:containerPort|targetPort)[\"']?\s*:\s*[\"']?{_ANY}", "port", None),
    _shape(Kind.CONTAINER, r"^\s*(?i:EXPOSE)\s(?P<several>[\d\s/a-zA-Z]{1,200})", "expose", _DOCKERFILE),
    _shape(Kind.OPTION, rf"(?<![\w-])--?(?P<name>(?:[\w-]{{0,30}}-)?port)[= ,\"']{{1,4}}{_ANY}", "port"),
    _shape(
        Kind.OPTION,
        r"\b(?:next|nuxt|serve|vite|http-server|rails|puma|flask|docker|podman|redis-server|redis-cli|psql|mysql"
        r"|json-server|live-server|astro|gatsby|parcel|jekyll|hugo|ng|storybook|vercel|netlify|wrangler)\b"
        r"[^|;&\n]{0,120}?\s-[pl][= ]?(?:[\d.]{7,15}:)?(?P<port>[1-9]\d{1,4})(?!\w|\.\d)",
        "-p -l",
        COMMANDS,
    ),
    _shape(Kind.OPTION, rf"\b(?:runserver|http\.server)\s+(?:[\d.]{{7,15}}:)?{_ANY}", "server", COMMANDS),
    _shape(
        Kind.OPTION,
        rf"{_QUOTE}(?:-\w,\s?)?-{{0,2}}(?P<name>(?:[\w-]{{0,30}}[-_])?port)(?:[ =]<\w{{1,20}}>)?{_QUOTE}"
        rf"\s*,[^\n]{{0,100}}?\bdefault(?:_value)?\s*[=:(]\s*{_QUOTE}?{_LIKELY}",
        "port",
        CODE,
    ),
    _shape(
        Kind.OPTION,
        rf"{_QUOTE}(?:-\w,\s?)?-{{0,2}}(?P<name>(?:[\w-]{{0,30}}[-_])?port)(?:[ =]<\w{{1,20}}>)?{_QUOTE}"
        rf"\s*,\s*(?:{_QUOTE}[^\"'`\n]{{0,80}}{_QUOTE}\s*,\s*)?{_QUOTE}?{_LIKELY}",
        "port",
        CODE,
    ),
    _shape(Kind.LISTEN, rf"\b(?i:listen)\w{{0,16}}\(\s*{_QUOTE}?:?{_LIKELY}", "listen", CODE - {Form.PYTHON, Form.C}),
    _shape(
        Kind.LISTEN,
        rf"\.listen\(\s*(?!1024\b|2048\b|4096\b|8192\b)(?P<port>[1-9]\d{{3,4}}){_END}",
        "listen",
        frozenset((Form.PYTHON,)),
    ),
    _shape(
        Kind.LISTEN,
        r"(?i:server|bind|connect|connection|listen|socket|serve|dial|address|simple|client)"
        rf"\w{{0,12}}\(\s*\(?\s*(?:[\w.]{{1,40}}\s*,\s*)?\(?{_QUOTE}[\w.:*-]{{0,60}}{_QUOTE}\s*,\s*{_LIKELY}",
        "server bind connect listen socket serve dial address simple client",
        CODE,
    ),
    _shape(
        Kind.LISTEN,
        r"(?:ServerSocket|InetSocketAddress|TCPServer(?:\.new)?|createConnection|net\.connect|createClient)"
        rf"\(\s*{_LIKELY}\s*[,)]",
        "server socket connect client",
        CODE,
    ),
    _shape(Kind.LISTEN, rf"\[\s*\d{{1,3}}(?:\s*,\s*\d{{1,3}}){{3}}\s*\]\s*,\s*{_LIKELY}", "]", frozenset((Form.RUST,))),
    _shape(Kind.LISTEN, rf"{_QUOTE}:{_LIKELY}{_QUOTE}", '": \': `:', CODE | {Form.TOML, Form.YAML}),
    _shape(Kind.LISTEN, rf"^\s*listen\s+(?:\[::\]:|[\d.*]{{1,15}}:)?{_ANY}", "listen", _SERVED),
    _shape(Kind.LISTEN, rf"\s\*:{_ANY}", "*:", _SERVED),
    _shape(
        Kind.LISTEN,
        rf"^\s*(?:https?://)?[\w.*-]{{0,60}}:{_ANY}\s*(?:\{{|,|$)",
        ":",
        frozenset((Form.CADDY,)),
    ),
    _shape(Kind.URL, rf"[A-Za-z][\w+.-]{{1,20}}://[^\s\"'`/]{{0,100}}?(?<![\w.])(?:{_HOST}|[*+]):{_ANY}", "://"),
    _shape(Kind.ADDRESS, rf"(?<![\w.-]){_HOST}:{_ANY}", "localhost 127. 0.0.0.0 [:: host.docker"),
    _shape(Kind.LISTEN, rf"{_WORD}\(\s*{_LIKELY}\s*\)", "port(", CODE),
    _shape(
        Kind.SETTING,
        rf"{_NAME}[\"']?\]?(?:\s*:\s*[\w<>\[\]|]{{1,20}}(?=\s*=))?\s*(?::=|=>|[:=])\s*"
        rf"(?:int|Number|String|u16|parseInt)?\(?{_QUOTE}?{_ANY}",
        "port",
    ),
    _shape(
        Kind.SETTING,
        rf"{_NAME}[\"']?\s*[:=]{{1,2}}[^\d\n\"'`:;,{{}}]{{0,48}}?(?:\bor\b|\|\||\?\?|\?:)\s*{_QUOTE}?{_LIKELY}",
        "port",
        CODE,
    ),
    _shape(Kind.SETTING, rf"<(?P<name>[\w.-]{{0,60}}?{_WORD})>\s*{_ANY}\s*<", "port>", frozenset((Form.MARKUP,))),
    _shape(
        Kind.SETTING,
        rf"^\s*(?P<name>(?i:port))\s+{_ANY}\s*(?:do\b.*)?;?$",
        "port",
        _SERVED | {Form.RUBY},
    ),
    _shape(Kind.SETTING, rf"^\s*ENV\s+(?P<name>\w{{0,60}}?{_WORD})\s+{_ANY}", "env", _DOCKERFILE),
    _shape(Kind.SETTING, rf"^\s*#\s*define\s+(?P<name>\w{{0,60}}?{_WORD})\s+\(?{_ANY}", "define", frozenset((Form.C,))),
    _shape(
        Kind.LIST,
        r"(?<![\w.-])(?P<name>[\w.-]{0,60}?(?:(?<![A-Za-z])(?i:ports)|(?<=[a-z0-9])Ports|preferred))[\"']?\s*"
        r"(?::=|[:=])\s*(?:\[\]\w{1,10})?[\[({](?P<several>[^\])}\n]{0,400})",
        "ports preferred",
    ),
)  # fmt: skip
"""Of two shapes that find the same number the first one counts."""

SEVERAL = re.compile(r"(?<![\w.:-])(?P<port>80|443|[1-9]\d{2,4})(?![\w.:-])")
"""Each port of a list."""
