"""Whether the ports that compose files publish go together with the assignments."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from portdash.config.problems import nearest
from portdash.errors import InvalidPort
from portdash.exports.compose_file import Published, variables_in
from portdash.exports.images import IMAGE_PORTS
from portdash.exports.variables import Variable
from portdash.model.ports import PortRange, parse_range
from portdash.record import record
from portdash.text import clean

_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^{}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))")


class Kind(StrEnum):
    """What there is to say about one published port."""

    UNKNOWN_VARIABLE = "unknown_variable"
    """No service exports it, and nothing else sets it."""
    NOT_A_PORT = "not_a_port"
    DIFFERS = "differs"
    """The service of that name has another port."""
    CLASH = "clash"
    """It is the port of another service."""
    TWICE = "twice"
    """Two entries publish it."""
    HARD_CODED = "hard_coded"
    """It is right today, and stays as it is when the service moves."""
    CONTAINER = "container"
    """The variable stands on the container's side as well, so that the server inside has to listen there."""

    @property
    def is_notice(self) -> bool:
        """Whether it is worth knowing, and nothing wrong."""
        return self in (Kind.HARD_CODED, Kind.CONTAINER)


@record(kw_only=True)
class Finding:
    """One thing to say about one entry."""

    kind: Kind
    file: str
    line: int
    service: str
    detail: str


@record(kw_only=True)
class Owner:
    """Whose port it is."""

    label: str
    """As people read it: `web`, or `blog/web` in another workspace."""
    service: str | None
    """Name without regard to case where it is of this workspace, else None."""
    variable: str | None
    """As which it is exported; None in another workspace."""
    port: int
    protocol: str


@record
class _Entry:
    """A published port with its variables put in."""

    file: str
    published: Published
    ports: PortRange | None
    """On the host; None where docker may choose or nobody knows."""
    by_variable: bool
    """Whether it comes from a variable that a service exports."""


def check_compose(
    files: Mapping[str, Sequence[Published]],
    *,
    variables: Iterable[Variable],
    elsewhere: Mapping[str, str],
    owners: Sequence[Owner],
) -> tuple[Finding, ...]:
    """Return what there is to say about the entries of the files that make up one project, in their order.

    `elsewhere` are variables that the environment or the `.env` file sets besides ours.
    """
    ours = {each.name: each.value for each in variables}
    check = _Check(ours, elsewhere, owners)
    for file, entries in files.items():
        for published in entries:
            check.take(file, published)
    return tuple(sorted(check.findings(), key=lambda each: (list(files).index(each.file), each.line)))


class _Check:
    """Gathers entries, then says what is wrong with them."""

    def __init__(self, ours: Mapping[str, str], elsewhere: Mapping[str, str], owners: Sequence[Owner]) -> None:
        self._ours = ours
        self._values = {**elsewhere, **ours}
        self._owners = owners
        self._entries: list[_Entry] = []
        self._found: list[Finding] = []

    def take(self, file: str, published: Published) -> None:
        """Read one entry."""
        named = variables_in(published.host)
        resolved, unknown = interpolate(published.host, self._values)
        if unknown:
            for name in unknown:
                self._say(file, published, Kind.UNKNOWN_VARIABLE, self._unknown(name))
            return
        ports = None
        if resolved:
            try:
                ports = parse_range(resolved)
            except InvalidPort:
                self._say(file, published, Kind.NOT_A_PORT, f"{clean(resolved, limit=40)!r} is no port")
                return
        self._entries.append(_Entry(file, published, ports, bool(named & self._ours.keys())))

    def findings(self) -> list[Finding]:
        """Return all there is to say."""
        for entry in self._entries:
            for kind, detail in (*self._against_owners(entry), *self._inside(entry)):
                self._say(entry.file, entry.published, kind, detail)
        self._twice()
        return self._found

    def _against_owners(self, entry: _Entry) -> Iterator[tuple[Kind, str]]:
        if entry.ports is None or entry.by_variable:
            return
        name = entry.published.service.casefold()
        same = [each for each in self._owners if each.protocol == entry.published.protocol]
        own = next((each for each in same if each.service == name), None)
        on_it = [each for each in same if each.port in entry.ports]
        if own is not None and own in on_it:
            yield Kind.HARD_CODED, f"{own.port} is written down; ${{{own.variable}}} follows the service"
            return
        for other in on_it:
            yield Kind.CLASH, f"{other.port} is the port of {clean(other.label)}"
        if own and not on_it and not self._publishes(name, own.port):
            yield Kind.DIFFERS, f"it publishes {_told(entry.ports)}, its port is {own.port}: write ${{{own.variable}}}"

    def _inside(self, entry: _Entry) -> Iterator[tuple[Kind, str]]:
        """Say where the container's side moves with the host's, though nothing tells the server inside."""
        published = entry.published
        for name in sorted((variables_in(published.container) & self._ours.keys()) - published.spoken_of):
            usual = IMAGE_PORTS.get(_image_name(published.image))
            better = f'"${{{name}}}:{usual}"' if usual else f'"${{{name}}}:" and the port it listens on'
            yield (
                Kind.CONTAINER,
                f"the server in the container has to listen on {self._ours[name]} itself, else write {better}",
            )

    def _twice(self) -> None:
        for number, entry in enumerate(self._entries):
            for earlier in self._entries[:number]:
                if _meet(earlier, entry):
                    where = f"{earlier.published.service} in line {earlier.published.line}"
                    self._say(
                        entry.file, entry.published, Kind.TWICE, f"{_told(entry.ports)} is published by {where} as well"
                    )
                    break

    def _publishes(self, service: str, port: int) -> bool:
        return any(
            each.published.service.casefold() == service and each.ports is not None and port in each.ports
            for each in self._entries
        )

    def _unknown(self, name: str) -> str:
        near = nearest(name, self._ours)
        return f"no service exports {name}" + (f"; did you mean {near}?" if near else "")

    def _say(self, file: str, published: Published, kind: Kind, detail: str) -> None:
        self._found.append(Finding(kind=kind, file=file, line=published.line, service=published.service, detail=detail))


def interpolate(text: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return a text with its variables put in, as compose does it, and those that have neither value nor default."""
    unknown: list[str] = []

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name, operator, word = found[2] or found[5], found[3] or "", found[4] or ""
        there = name in values and (values[name] != "" or ":" not in operator)
        if operator.endswith("+"):
            return word if there else ""
        if there:
            return values[name]
        if operator.endswith("-"):
            return word
        unknown.append(name)
        return ""

    return _REFERENCE.sub(value, text).strip(), tuple(unknown)


def _meet(one: _Entry, other: _Entry) -> bool:
    """Say whether two entries want the same port of the same address."""
    if one.ports is None or other.ports is None or one.published.protocol != other.published.protocol:
        return False
    if (one.published.service, one.published.host) == (other.published.service, other.published.host) and (
        one.file != other.file
    ):
        return False  # an override file that says it again
    anywhere = ("", "0.0.0.0", "::")  # noqa: S104  what a file says, nothing is bound
    first, second = one.published.address, other.published.address
    if first != second and first not in anywhere and second not in anywhere:
        return False
    return one.ports.first <= other.ports.last and other.ports.first <= one.ports.last


def _told(ports: PortRange | None) -> str:
    return str(ports.first) if ports and ports.first == ports.last else str(ports)


def _image_name(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0].casefold()
