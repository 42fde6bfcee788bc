"""Which environment is in force."""

from collections.abc import Mapping

from portdash.config.origins import BUILT_IN, Layer, Origin
from portdash.config.problems import Problem, Problems, suggestion
from portdash.config.settings import BUILT_IN_ENVIRONMENTS, DEFAULT_ENVIRONMENT
from portdash.named_tuple import NamedTuple
from portdash.text import clean


class Wanted(NamedTuple):
    """Which environment is asked for, and by what: the strongest voice that says anything."""

    name: str
    origin: Origin


def wanted_environment(
    *, flag: str | None, variable: str | None, env: str | None, in_files: Wanted | None, declared: Mapping[str, Origin]
) -> Wanted:
    """Choose: the flag, PORTDASH_ENV, ENV where it names a declared environment, the files, `development`."""
    if flag is not None:
        return Wanted(flag, Origin(Layer.FLAG, name="--environment"))
    if variable:
        return Wanted(variable, Origin(Layer.VARIABLE, name="PORTDASH_ENV"))
    if env and env in declared:
        return Wanted(env, Origin(Layer.VARIABLE, name="ENV"))
    return in_files or Wanted(DEFAULT_ENVIRONMENT, BUILT_IN)


def check_environment(wanted: Wanted, declared: Mapping[str, Origin], problems: Problems) -> None:
    """Note a problem unless the environment is declared, or is the default, or none is declared and it is built in."""
    if wanted.name in declared or wanted.name == DEFAULT_ENVIRONMENT:
        return
    if not declared and wanted.name in BUILT_IN_ENVIRONMENTS:
        return
    known = sorted({*declared, DEFAULT_ENVIRONMENT}) if declared else BUILT_IN_ENVIRONMENTS
    hint = suggestion(wanted.name, known, what="known here") or ""
    problems.add(
        Problem(
            place=str(wanted.origin),
            message=f"Unknown environment: {clean(wanted.name, limit=80)} (from {wanted.origin})",
            hint=f"{hint}; declare another as [environments.NAME] in portdash.toml",
            environment=True,
        )
    )
