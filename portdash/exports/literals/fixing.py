"""What to write in the place of a hard-coded port: the same line, with the port from where portdash puts it."""

from collections.abc import Mapping
from types import MappingProxyType

from portdash.exports.literals.finding import Literal
from portdash.exports.literals.forms import Form
from portdash.exports.literals.judging import Judged, Known, Verdict, service_name
from portdash.exports.literals.patterns import Kind
from portdash.record import record


@record
class Way:
    """How a language gets at a port. `{var}`, `{port}` and `{name}` stand for the service's."""

    number: str | None
    """In the place of a bare number; None where the language has no expression that short."""
    within: str | None
    """Within a text, in the place of the digits; None where that cannot be."""
    prefix: str = ""
    """Goes before the text's first quote."""
    quote: str | None = None
    """The quotes that the text then needs; None leaves them."""


_SHELL = Way("${{{var}:-{port}}}", "${{{var}:-{port}}}")
_FIXED = Way("{port}", "{port}")
"""Where a file can name no variable: the port that is assigned."""
WAYS: Mapping[Form, Way] = MappingProxyType(
    {
        Form.PYTHON: Way(
            'int(os.environ.get("{var}") or portdash.allocate("{name}").port)', "{{os.environ['{var}']}}", "f", '"'
        ),
        Form.JAVASCRIPT: Way("Number(process.env.{var} ?? {port})", "${{process.env.{var} ?? {port}}}", "", "`"),
        Form.GO: Way(None, '" + os.Getenv("{var}") + "'),
        Form.JAVA: Way('Integer.parseInt(System.getenv("{var}"))', '" + System.getenv("{var}") + "'),
        Form.KOTLIN: Way('System.getenv("{var}").toInt()', '${{System.getenv("{var}")}}'),
        Form.RUBY: Way('Integer(ENV.fetch("{var}", {port}))', "#{{ENV.fetch('{var}', {port})}}", "", '"'),
        Form.PHP: Way("(int) (getenv('{var}') ?: {port})", "{quote} . (getenv('{var}') ?: {port}) . {quote}"),
        Form.RUST: Way('std::env::var("{var}")?.parse()?', None),
        Form.DOTNET: Way(
            'int.Parse(Environment.GetEnvironmentVariable("{var}") ?? "{port}")',
            '{{Environment.GetEnvironmentVariable("{var}")}}',
            "$",
        ),
        Form.ELIXIR: Way(
            'String.to_integer(System.get_env("{var}", "{port}"))', '#{{System.get_env("{var}", "{port}")}}'
        ),
        Form.C: Way('atoi(getenv("{var}"))', None),
        Form.SHELL: _SHELL,
        Form.POWERSHELL: Way("$env:{var}", "${{env:{var}}}"),
        Form.MAKE: Way("$${{{var}:-{port}}}", "$${{{var}:-{port}}}"),
        Form.COMPOSE: _SHELL,
        Form.PACKAGE: Way("{port}", "$(portdash get {name})"),
        Form.PROPERTIES: Way("${{{var}:{port}}}", "${{{var}:{port}}}"),
        Form.CADDY: Way("{{${var}:{port}}}", "{{${var}:{port}}}"),
    }
)
"""By language; where there is none the assigned port is put in."""
_QUOTES = "\"'`"


def fixed_line(judged: Judged, form: Form) -> str | None:
    """Return the line as it might stand instead, None where there is nothing to put right or no service to name."""
    service = judged.service
    if service is None or service.port is None or judged.verdict not in (Verdict.MATCHES, Verdict.DIFFERS):
        return None
    literal = judged.literal
    if literal.kind in (Kind.ENV_DEFAULT, Kind.LIST) or form is Form.DOTENV:
        line = _put(literal, str(service.port))
        return None if line == literal.text else line
    return _fixed(literal, service, WAYS.get(form, _FIXED))


def advice(judged: Judged, form: Form) -> str | None:
    """Return what to do where no line can be proposed; None where there is nothing to do."""
    literal, service = judged.literal, judged.service
    guess = service_name(literal) or "NAME"
    match judged.verdict:
        case Verdict.UNASSIGNED:
            named = f" --env {literal.name}" if literal.kind is Kind.ENV_DEFAULT and guess == "NAME" else ""
            return f"`portdash add {guess} --preferred {literal.port}{named}` declares the service whose port it is"
        case Verdict.TAKEN if service:
            return f"{literal.port} is {service.name}'s: `portdash allocate {guess}` gives this one a port of its own"
        case Verdict.MATCHES | Verdict.DIFFERS if service and fixed_line(judged, form) is None:
            if literal.kind is Kind.ENV_DEFAULT or form is Form.DOTENV:
                return None
            return f"take it from the variable {service.variable}, which `portdash export` writes"
    return None


def _fixed(literal: Literal, service: Known, way: Way) -> str | None:
    words = {"var": service.variable, "port": service.port, "name": service.name}
    quoted = _text_around(literal)
    if quoted is None or way is _FIXED:
        return _put(literal, way.number.format(**words)) if way.number else None
    first, last = quoted
    line, quote = literal.text, literal.text[first]
    if way.number and (first + 1, last) == (literal.start, literal.end) and way is not WAYS[Form.PACKAGE]:
        return f"{line[:first]}{way.number.format(**words)}{line[last + 1 :]}"
    if way.within is None:
        return None
    inside = f"{line[first + 1 : literal.start]}{way.within.format(**words, quote=quote)}{line[literal.end : last]}"
    mark = way.quote or quote
    if '"""' in line or "'''" in line or (mark != quote and mark in line[first + 1 : last]):
        return None
    prefix = "" if line[:first].endswith(way.prefix or "\n") else way.prefix
    whole = f"{line[:first]}{prefix}{mark}{inside}{mark}{line[last + 1 :]}"
    return whole.replace(' + ""', "")


def _put(literal: Literal, text: str) -> str:
    return f"{literal.text[: literal.start]}{text}{literal.text[literal.end :]}"


def _text_around(literal: Literal) -> tuple[int, int] | None:
    """Return where the quotes stand between which a port stands, None where it stands outside of any."""
    line, opened, index = literal.text, -1, 0
    while index < len(line):
        char = line[index]
        if char == "\\":
            index += 1
        elif opened < 0 and char in _QUOTES:
            opened = index
        elif opened >= 0 and char == line[opened]:
            if opened < literal.start and index >= literal.end:
                return opened, index
            opened = -1
        if opened < 0 and index >= literal.end:
            return None
        index += 1
    return None
