"""Finding the configuration files that count, reading them, and leaving out what an untrusted project may not say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.files import ReadFile, read_file
from portdash.config.origins import Layer, Origin
from portdash.config.paths import state_dir, user_file
from portdash.config.problems import Problem, Problems
from portdash.config.project_files import project_files
from portdash.errors import ConfigError
from portdash.named_tuple import NamedTuple
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.config.tables import FileTable


class Laid(NamedTuple):
    """One file that counts, decoded."""

    path: Path
    layer: Layer
    table: "FileTable"


class Gathered(NamedTuple):
    """All files that count, lowest layer first."""

    files: tuple[Laid, ...]
    project_file: Path | None
    trusted: bool
    """Whether all of the project file counts; true where there is none."""
    warnings: tuple[str, ...]

    @property
    def declared(self) -> Mapping[str, Origin]:
        """Environments that have a section, and where the strongest is."""
        return {
            name: Origin(Layer.ENVIRONMENT, each.path, name)
            for each in self.files
            for name in each.table.environments or ()
        }


def gather(
    *,
    cwd: Path,
    environ: Mapping[str, str],
    named: Path | None,
    home: Path,
    problems: Problems,
    draft: ReadFile | None = None,
) -> Gathered:
    """Read the user's file and the project's, or `named` in its place; what is wrong is noted.

    A file that was named on purpose counts in full, as the user's own act, and so does `draft`, which stands in place
    of the project's file to see what it would be like; one that was merely found must be trusted.
    """
    gatherer = _Gatherer(home=home, problems=problems)
    user = gatherer.first_counting([user_file(environ, home)])
    if draft is not None:
        project: ReadFile | None = draft
    else:
        project = gatherer.named(cwd / named) if named else gatherer.first_counting(project_files(cwd, home))
    files = [Laid(user.path, Layer.USER_FILE, gatherer.decode(user))] if user else []
    trusted = True
    if project:
        table = gatherer.decode(project)
        trusted = named is not None or draft is not None or gatherer.trusts(project, state_dir(environ, home))
        table = table if trusted else gatherer.withhold(project.path, table)
        files.append(Laid(project.path, Layer.PROJECT_FILE, table))
    return Gathered(
        files=tuple(files),
        project_file=project.path if project else None,
        trusted=trusted,
        warnings=tuple(gatherer.warnings),
    )


class _Gatherer:
    """Reads files, and gathers what there is to say about them."""

    def __init__(self, *, home: Path, problems: Problems) -> None:
        self._home = home
        self._problems = problems
        self.warnings: list[str] = []

    def first_counting(self, paths: Sequence[Path]) -> ReadFile | None:
        """Return the first that is there and may count; those that may not are said and passed over."""
        for path in paths:
            if (file := self._read(path)) and not file.suspect:
                return file
            if file:
                self.warnings.append(f"{clean(str(path), limit=None)} is ignored: it {file.suspect}")
        return None

    def named(self, path: Path) -> ReadFile | None:
        """Return the file that was named on purpose, so that it must be there and must count."""
        before = self._problems.all()
        file = self._read(path)
        why = file.suspect if file else "no such file"
        if file and not why:
            return file
        if self._problems.all() == before:
            hint = "--config takes a TOML file that is yours and that nobody else can change"
            self._problems.add(
                Problem(place="--config", value=clean(str(path), limit=None), message=why or "", hint=hint)
            )
        return None

    def decode(self, file: ReadFile) -> "FileTable":
        """Return what a file says."""
        from portdash.config.decoding import decode_file  # noqa: PLC0415  loads tomllib and msgspec: only for a file

        return decode_file(file.content, path=file.path, home=self._home, problems=self._problems)

    def trusts(self, file: ReadFile, state: Path) -> bool:
        """Say whether a project file is trusted; a record of trust that cannot be read trusts nothing, and is said."""
        from portdash.config.trust import is_trusted  # noqa: PLC0415  loads hashlib: only for a project file

        try:
            return is_trusted(file.path, state, content=file.content)
        except ConfigError as error:
            self.warnings.append(f"no project is trusted: {error.message}; {error.hint}")
            return False

    def withhold(self, path: Path, table: "FileTable") -> "FileTable":
        """Return what counts of an untrusted project file; the rest is said, one warning each."""
        from portdash.config.withholding import withhold  # noqa: PLC0415  loads msgspec: only for a file

        table, taken_out = withhold(table, root=path.parent)
        self.warnings.extend(
            f"{clean(str(path), limit=None)}: {clean(each)} until you trust this project: run `portdash trust`"
            for each in taken_out
        )
        return table

    def _read(self, path: Path) -> ReadFile | None:
        try:
            return read_file(path)
        except ConfigError as error:
            self._problems.add(Problem(place="", message=error.message, hint=error.hint))
            return None
