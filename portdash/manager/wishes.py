"""What a caller asks for, completed by what the configuration and the store know of the service."""

from collections.abc import Collection, Iterable, Mapping

from portdash.errors import UsageError
from portdash.manager.deps import Deps
from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.model.names import base_name, check_service, split_qualified
from portdash.model.policy import MANY_PREFERRED, MOST_PREFERRED
from portdash.model.ports import IpProtocol, PortRange, check_port, parse_range
from portdash.model.snapshot import Snapshot
from portdash.planning.requests import ANY_KIND, Override, Placement
from portdash.record import field_names, record, replace
from portdash.text import clean, shown

LONGEST = 1000
"""Characters of the longest text that is kept of a service, as in the configuration."""
PRIORITIES = range(1, 100)
"""As in the configuration."""
_TEXTS = ("type", "purpose", "env", "inherit_from")
_TRUTHS = ("pin", "strict")
_KINDS: Mapping[str, tuple[type, str]] = {
    **dict.fromkeys(("preferred", "exclude", "conflicts_with"), (Collection, "several of them stand in a list")),
    "protocol": (IpProtocol, "say protocol=IpProtocol.UDP; `portdash.allocate` takes a word as well"),
    "range": (PortRange, "say range=PortRange(5000, 5010); `portdash.allocate` takes two ports as well"),
}


@record(kw_only=True)
class Wish:
    """One service somebody wants a port for. None, or an empty collection, means `not said`."""

    name: str
    """May be qualified, as in `shop/web`."""
    type: str | None = None
    purpose: str | None = None
    protocol: IpProtocol | None = None
    preferred: tuple[int, ...] | None = None
    base: int | None = None
    range: PortRange | None = None
    exclude: frozenset[int] | None = None
    env: str | None = None
    inherit_from: str | None = None
    conflicts_with: tuple[str, ...] | None = None
    priority: int | None = None
    pin: bool | None = None
    strict: bool = False
    """Whether an override that cannot be had is an error instead of a warning."""

    def __post_init__(self) -> None:
        split_qualified(self.name)
        for field in _TEXTS:
            check_text(getattr(self, field), self.name, field)
        if self.type is not None and not (self.type.strip() and self.type.isprintable()):  # as in the configuration
            said = clean(self.type, limit=40)
            raise UsageError(f"'{said}' is no type of service", hint="`portdash ranges` shows the types there are")
        _check_kinds(self)
        for field in _TRUTHS:
            if not isinstance(said := getattr(self, field), bool | None):
                told = f"{self.name}: {field} is {shown(said, limit=40)}"
                raise UsageError(told, hint="say True or False, or leave it out")
        if self.priority is not None and (isinstance(self.priority, bool) or self.priority not in PRIORITIES):
            said = shown(self.priority, limit=40)
            raise UsageError(f"{self.name}: {said} is no priority", hint="1 is the most important, 99 the least")
        for port in (*(self.preferred or ()), *(self.exclude or ()), *([self.base] if self.base is not None else ())):
            check_port(port)
        if self.inherit_from is not None:
            check_service(self.inherit_from)
        if self.env is not None:
            from portdash.config.exported import check_variable  # noqa: PLC0415  regular expressions, rarely needed

            check_variable(self.env)


def _check_kinds(wish: Wish) -> None:
    """Raise UsageError for a value of a kind that its field cannot have; `wish_of` makes most kinds into these."""
    for field, (kind, hint) in _KINDS.items():
        said = getattr(wish, field)
        if said is not None and (not isinstance(said, kind) or (kind is Collection and isinstance(said, str | bytes))):
            raise UsageError(f"{wish.name}: {field} is {shown(said, limit=40)}", hint=hint)
    if len(wish.preferred or ()) > MOST_PREFERRED:
        told = f"{wish.name}: {len(wish.preferred or ())} preferred ports, at most {MOST_PREFERRED} are possible"
        raise UsageError(told, hint=MANY_PREFERRED)
    for other in wish.conflicts_with or ():
        check_text(other, wish.name, "conflicts_with")
        check_service(other)


def check_text(value: object, name: str, field: str) -> None:
    """Raise UsageError unless it is a text that a line has room for, or None."""
    if value is not None and not (isinstance(value, str) and len(value) <= LONGEST):
        said = "is too long" if isinstance(value, str) else f"is {shown(value)!r}, which is no text"
        raise UsageError(f"{name}: {field} {clean(said)}", hint=f"give it up to {LONGEST} characters")


def wish_of(name: str, **said: object) -> Wish:
    """Return a wish from loose parameters: one preferred port or several, a range as two ports, words as text.

    Raises UsageError for a parameter that a wish does not have, or a value that it cannot take.
    """
    if unknown := next((field for field in said if field not in _WISHES), None):
        from portdash.config.problems import nearest  # noqa: PLC0415  only for who mistypes

        near = nearest(unknown, _WISHES)
        raise UsageError(
            f"a service has no {clean(unknown, limit=80)!r}",
            hint=f"did you mean {near!r}?" if near else "`help(portdash.Wish)` shows what may be asked for",
        )
    shaped = {field: _shaped(field, value) for field, value in said.items() if value is not None}
    try:
        return Wish(name=name, **shaped)  # type: ignore[arg-type]  # checked by the dataclass and what it calls
    except TypeError as error:
        raise UsageError(f"{clean(name)}: {error}", hint="`help(portdash.Wish)` shows what may be asked for") from error


def wish_for(spec: ServiceSpec) -> Wish:
    """Return the wish for what a spec asks for; what it leaves empty is not said."""
    return wish_of(spec.name, **{field: getattr(spec, field) or None for field in _SPEC_FIELDS})


def _shaped(field: str, value: object) -> object:
    try:
        match field:
            case "preferred":
                return (value,) if isinstance(value, int) else tuple(_ports(value))
            case "conflicts_with":
                return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]
            case "range":
                return value if isinstance(value, PortRange) else _range(value)
            case "exclude":
                return frozenset(_ports(value))
            case "protocol":
                return IpProtocol(str(value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{field}={shown(value)} cannot be used", hint=str(error)) from error
    return value


def _ports(value: object) -> Iterable[int]:
    """Return what may be several ports. A text is none, although it can be gone through letter by letter."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError("a port is a whole number, and several stand in a list")
    return value


def _range(value: object) -> PortRange:
    """Return the range that two ports, Python's own `range`, or a text such as `5000-5010` stands for."""
    if isinstance(value, str):
        return parse_range(value)
    if isinstance(value, range) and value and value.step == 1:
        return PortRange(value[0], value[-1])
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError("a range is its first and its last port")
    return PortRange(*value)


_WISHES = tuple(name for name in field_names(Wish) if name != "name")
_SPEC_FIELDS = tuple(name for name in field_names(ServiceSpec) if name not in ("name", "match"))


def place(deps: Deps, snapshot: Snapshot, wish: Wish) -> Placement:
    """Complete a wish: what it says wins over the configuration, which wins over what the store remembers."""
    workspace, name = split_qualified(wish.name)
    where = _workspace(snapshot, workspace) if workspace else None
    if where in (None, deps.place.workspace.name):
        _check_runs_here(deps, name)
    known = _known_spec(snapshot, deps.place.key(name, workspace=where))
    if known is None and (first := base_name(name)) != name:
        model = _known_spec(snapshot, deps.place.key(first, workspace=where))
        known = model.instance(name) if model else None
    spec = known or ServiceSpec(name=name)
    spec = replace(spec, **{field: value for field in _SPEC_FIELDS if (value := getattr(wish, field)) is not None})
    if spec.range and spec.base is not None and spec.base not in spec.range:
        message = f"{clean(name)}: a search from {spec.base} on is none within {spec.range}"
        raise UsageError(message, hint="name a base and a range that fit together, or one of them")
    key = deps.place.key(name, workspace=where, protocol=spec.protocol)
    return Placement(
        key=key, spec=spec, override=override_of(deps.environ, spec), detect=_detect(deps, key), strict=wish.strict
    )


def _workspace(snapshot: Snapshot, name: str) -> str:
    from portdash.manager.finding import workspace_named  # noqa: PLC0415  most names are of here

    return workspace_named(snapshot.workspaces, name)


def _check_runs_here(deps: Deps, name: str) -> None:
    """Raise UsageError for a service that is declared to run elsewhere: no port of this machine is its own."""
    declared = deps.config.service(base_name(name))
    if declared is not None and declared.url is not None:
        from portdash.config.urls import redacted  # noqa: PLC0415  few services run elsewhere

        raise UsageError(
            f"{clean(declared.name)} gets no port: it runs elsewhere, at {clean(redacted(declared.url))}",
            hint="take `url` out of its declaration if it is to run here",
        )


def _known_spec(snapshot: Snapshot, key: ServiceKey) -> ServiceSpec | None:
    """What is known of the service under either protocol; a declaration is newer than the stored spec."""
    keys = (key, replace(key, protocol=IpProtocol.UDP))
    stored = next((row.spec for each in keys if (row := snapshot.assignments.get(each))), None)
    for declaration in snapshot.declarations:
        if declaration.key in keys:
            match = declaration.spec.match or (stored.match if stored else None)
            return replace(declaration.spec, match=match)
    return stored


def _detect(deps: Deps, key: ServiceKey) -> str | None:
    """Return the kind of server that a service of this workspace is declared to take over, `*` for any."""
    if key.workspace != deps.place.workspace.name:
        return None
    declared = deps.config.service(key.service)
    return (declared.fingerprint or ANY_KIND) if declared and declared.detect else None


def override_of(environ: Mapping[str, str], spec: ServiceSpec) -> Override | None:
    """Return what the declared variable says, None while it is unset, empty or our own export come back."""
    if spec.env is None or not (value := environ.get(spec.env, "").strip()):
        return None
    from portdash.config.exported import EXPORTED  # noqa: PLC0415  see above

    echoes = environ.get(EXPORTED, "").split(",")
    return None if f"{spec.env}={value}" in echoes else Override(variable=spec.env, value=value)
