"""Reading the configuration: built-in values, the user's file, the project's, an environment section, variables, flags.

With neither file there the TOML reader and the decoder are not even imported.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from portdash.config.environments import Wanted, check_environment, wanted_environment
from portdash.config.files import ReadFile
from portdash.config.gathering import Gathered, gather
from portdash.config.origins import Layer, Origin
from portdash.config.overriding import apply_flags, apply_variables
from portdash.config.paths import default_store_url
from portdash.config.problems import Problem, Problems
from portdash.config.settings import Config, Flags
from portdash.config.variables import Variables, read_variables
from portdash.named_tuple import NamedTuple
from portdash.record import replace


def load(*, cwd: Path, environ: Mapping[str, str], flags: Flags, home: Path) -> Config:
    """Return the configuration in force in `cwd`, an absolute directory. Writes nothing.

    Raises ConfigError, or UnknownEnvironment, for the first thing that is wrong anywhere.
    """
    problems = Problems()
    sources = _Sources.read(cwd=cwd, environ=environ, flags=flags, home=home, problems=problems)
    config = sources.config(sources.wanted, problems)
    problems.raise_first()
    return config


def check(*, cwd: Path, environ: Mapping[str, str], flags: Flags, home: Path) -> tuple[Problem, ...]:
    """Return everything that is wrong with the configuration, in the environment in force and in all declared ones."""
    return examine(cwd=cwd, environ=environ, flags=flags, home=home)[0]


def examine(
    *, cwd: Path, environ: Mapping[str, str], flags: Flags, home: Path, draft: ReadFile | None = None
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Return what `check` returns, and all warnings.

    A `draft` stands in place of the project's file, and all of it counts: what would be, before it is written.
    """
    problems = Problems()
    sources = _Sources.read(cwd=cwd, environ=environ, flags=flags, home=home, problems=problems, draft=draft)
    warnings = dict.fromkeys(sources.config(sources.wanted, problems).warnings)
    for name, origin in sources.gathered.declared.items():
        warnings |= dict.fromkeys(sources.config(Wanted(name, origin), problems).warnings)
    return problems.all(), tuple(warnings)


class _Sources(NamedTuple):
    """All that was read, before it is put together for one environment."""

    gathered: Gathered
    variables: Variables
    flags: Flags
    wanted: Wanted
    default_store: str
    cwd: Path
    home: Path

    @classmethod
    def read(
        cls,
        *,
        cwd: Path,
        environ: Mapping[str, str],
        flags: Flags,
        home: Path,
        problems: Problems,
        draft: ReadFile | None = None,
    ) -> "_Sources":
        """Read files and variables once; what is wrong is noted."""
        variables = read_variables(environ, cwd=cwd, home=home, problems=problems)
        named = flags.config
        gathered = gather(cwd=cwd, environ=environ, named=named, home=home, problems=problems, draft=draft)
        in_files = [
            Wanted(name, Origin(each.layer, each.path)) for each in gathered.files if (name := each.table.environment)
        ]
        wanted = wanted_environment(
            flag=flags.environment,
            variable=variables.environment,
            env=variables.env,
            in_files=in_files[-1] if in_files else None,
            declared=gathered.declared,
        )
        check_environment(wanted, gathered.declared, problems)
        return cls(
            gathered=gathered,
            variables=variables,
            flags=flags,
            wanted=wanted,
            default_store=default_store_url(environ, home),
            cwd=cwd,
            home=home,
        )

    def config(self, wanted: Wanted, problems: Problems) -> Config:
        """Put it together for one environment; what is wrong is noted."""
        declared = self.gathered.declared
        config = Config(
            environment=str(wanted.name),
            environment_declared=wanted.name in declared,
            environments=tuple(sorted(declared)),
            store=self.default_store,
            files=tuple(each.path for each in self.gathered.files),
            project_file=self.gathered.project_file,
            trusted=self.gathered.trusted,
            warnings=(*self.variables.doubts, *self.gathered.warnings),
            origins=MappingProxyType({"environment": wanted.origin}),
        )
        if self.gathered.files:
            config = self._with_files(config)
        config = apply_variables(config, self.variables, problems)
        config = apply_flags(config, self.flags, cwd=self.cwd, home=self.home, problems=problems)
        return _checked(config, problems) if self.gathered.files else config

    def _with_files(self, config: Config) -> Config:
        from portdash.config.building import apply_files  # noqa: PLC0415  loads msgspec: only where there is a file
        from portdash.config.merging import Merged  # noqa: PLC0415

        merged = Merged()
        for each in self.gathered.files:
            merged.lay(each.table, Origin(each.layer, each.path))
        for each in self.gathered.files:
            if section := (each.table.environments or {}).get(config.environment):
                merged.lay(section, Origin(Layer.ENVIRONMENT, each.path, config.environment))
        untrusted = None if self.gathered.trusted else self.gathered.project_file
        config = apply_files(config, merged, untrusted=untrusted)
        return replace(config, origins=MappingProxyType({**config.origins, **merged.origins}))


def _checked(config: Config, problems: Problems) -> Config:
    from portdash.config.rules import broken_rules, doubts  # noqa: PLC0415  without a file there is nothing to break

    for problem in broken_rules(config):
        if problems.is_full:
            break
        problems.add(problem)
    return replace(config, warnings=(*config.warnings, *doubts(config)))
