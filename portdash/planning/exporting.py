"""No two services of a workspace are exported as one variable: whoever reads it would get the other's port."""

from collections.abc import Iterable

from portdash.errors import UsageError
from portdash.model.assignment import ServiceKey, ServiceSpec
from portdash.planning.drafting import Draft
from portdash.text import clean

Place = tuple[str, str, str, str]


def check_variables(draft: Draft, keys: Iterable[ServiceKey]) -> None:
    """Raise UsageError where one of these services, as drafted, shares its variable with another of its workspace.

    Those with a port count as rivals, and those that are declared. A service in both protocols is one service.
    """
    occupancy = draft.occupancy
    asked = dict.fromkeys(keys)
    places = {key.where for key in asked}
    specs = {key: row.spec for key, row in occupancy.rows.items() if key.where in places}
    specs |= {
        each.key: each.spec
        for each in draft.snapshot.declarations
        if each.key.where in places and each.key not in asked
    }
    specs |= {key: occupancy.spec(key) for key in asked}
    by_variable: dict[tuple[Place, str], list[tuple[ServiceKey, ServiceSpec]]] = {}
    for key, spec in specs.items():
        by_variable.setdefault((key.where, spec.variable), []).append((key, spec))
    for key in asked:
        variable = specs[key].variable
        for other, spec in by_variable[key.where, variable]:
            if other.service != key.service:
                raise UsageError(
                    f"{clean(specs[key].name)} and {clean(spec.name)} would both be exported as {clean(variable)}",
                    hint="give one of them a variable of its own: `--env NAME_PORT`, or `env` in portdash.toml",
                )
