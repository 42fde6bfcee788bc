"""What a hard-coded port means beside the assignments and declarations of a workspace."""

from collections.abc import Iterable
from enum import StrEnum

from portdash.exports.literals.finding import Literal
from portdash.exports.literals.forms import Form
from portdash.exports.literals.patterns import Kind
from portdash.model.names import variable_for
from portdash.record import record


class Verdict(StrEnum):
    """How a hard-coded port stands to what is assigned."""

    MATCHES = "matches"
    """It is the port that its service has today. It stays as it is when the service moves."""
    DEFAULT = "default"
    """It counts only where a variable is not set which portdash exports."""
    DECLARED = "declared"
    """A service that has no port yet asks for it."""
    IN_CONTAINER = "in_container"
    """It is a port inside a container, whatever it is outside."""
    DIFFERS = "differs"
    """It is what a service is known by, and the service has another port here."""
    TAKEN = "taken"
    """It is the port of somebody else's service."""
    UNASSIGNED = "unassigned"
    """Nobody has it."""

    @property
    def is_fine(self) -> bool:
        """Whether there is nothing to put right."""
        return self not in (Verdict.DIFFERS, Verdict.TAKEN, Verdict.UNASSIGNED)


@record(kw_only=True)
class Known:
    """A service as far as ports in files are concerned."""

    name: str
    """As people read it: `api`, or `shop/web` for one of another workspace."""
    is_own: bool
    """Whether it is of the workspace that the files belong to."""
    variable: str
    """The variable it is exported as."""
    port: int | None
    """None for one that is declared and has no port yet."""
    wishes: frozenset[int] = frozenset()
    """Ports it asks for, was moved away from, or has everywhere until somebody changes it."""


_WORDS = {
    Verdict.MATCHES: "matches {name}",
    Verdict.DEFAULT: "default of {setting}: fine",
    Verdict.DECLARED: "declared by {name}, which has no port yet",
    Verdict.IN_CONTAINER: "inside a container: fine",
    Verdict.DIFFERS: "differs from {name} ({has})",
    Verdict.TAKEN: "assigned to {name}",
    Verdict.UNASSIGNED: "not assigned",
}


@record
class Judged:
    """The verdict on one hard-coded port."""

    literal: Literal
    verdict: Verdict
    service: Known | None = None
    """The service it is about, None where there is none."""

    @property
    def words(self) -> str:
        """The verdict in words: `matches api`, `differs from api (4001)`, ..."""
        service = self.service
        return _WORDS[self.verdict].format(
            name=service.name if service else "", has=service.port if service else "", setting=self.literal.name
        )


class Judge:
    """Knows the services, and says what a hard-coded port is."""

    def __init__(self, services: Iterable[Known]) -> None:
        self._by_variable: dict[str, Known] = {}
        self._own: dict[int, Known] = {}
        self._others: dict[int, Known] = {}
        self._wishes: dict[int, Known] = {}
        for each in services:
            if not each.is_own:
                if each.port is not None:
                    self._others.setdefault(each.port, each)
                continue
            self._by_variable.setdefault(each.variable, each)
            if each.port is not None:
                self._own.setdefault(each.port, each)
            for port in each.wishes:
                self._wishes.setdefault(port, each)

    def __call__(self, literal: Literal, form: Form) -> Judged:
        """Return the verdict on one."""
        if form is Form.DOCKERFILE or literal.kind is Kind.CONTAINER:
            return Judged(literal, Verdict.IN_CONTAINER)
        named = self._named(literal)
        if literal.kind is Kind.ENV_DEFAULT and named and literal.name == named.variable:
            return Judged(literal, Verdict.DEFAULT, named)
        if named:
            return Judged(literal, _against(named, literal.port), named)
        return self._by_port(literal)

    def _named(self, literal: Literal) -> Known | None:
        """Return the service that the name beside a port means: `API_PORT`, `apiPort`, `api-port` for api."""
        if literal.name is None:
            return None
        if found := self._by_variable.get(literal.name):
            return found
        return self._by_variable.get(variable_of(literal.name))

    def _by_port(self, literal: Literal) -> Judged:
        port = literal.port
        if own := self._own.get(port):
            return Judged(literal, Verdict.MATCHES, own)
        if other := self._others.get(port):
            return Judged(literal, Verdict.TAKEN, other)
        if wishing := self._wishes.get(port):
            return Judged(literal, _against(wishing, port), wishing)
        return Judged(literal, Verdict.UNASSIGNED)


def _against(service: Known, port: int) -> Verdict:
    if service.port is None:
        return Verdict.DECLARED if port in service.wishes else Verdict.UNASSIGNED
    return Verdict.MATCHES if service.port == port else Verdict.DIFFERS


def variable_of(name: str) -> str:
    """Return the variable that a setting's name comes closest to: `apiPort`, `api-port`, `api.port` -> `API_PORT`."""
    words: list[str] = []
    for index, char in enumerate(name):
        if char.isupper() and index and name[index - 1].islower():
            words.append("_")
        words.append(char if char.isalnum() else "_")
    return "".join(words).upper()


def service_name(literal: Literal) -> str | None:
    """Return what a service might be called whose port this is: `server` for `SERVER_PORT`; None without a hint."""
    if literal.name is None:
        return None
    stem = variable_of(literal.name).removesuffix("PORT").strip("_").lower().replace("_", "-")
    return stem if stem and stem[0].isalpha() and variable_for(stem) else None
