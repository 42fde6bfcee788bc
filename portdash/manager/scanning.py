"""Looking for hard-coded ports in a directory, and holding them against what is assigned and declared."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from portdash.errors import UsageError
from portdash.exports.literals.finding import find_literals
from portdash.exports.literals.fixing import advice, fixed_line
from portdash.exports.literals.forms import SKIPPED_DIRECTORIES, Form, form_of, in_skipped_directory
from portdash.exports.literals.judging import Judge, Judged, Known
from portdash.machine.source_files import Skipped, Source, SourceFiles
from portdash.manager.deps import Deps
from portdash.manager.exporting import own_rows
from portdash.model.assignment import Assignment, ServiceSpec
from portdash.model.snapshot import Snapshot
from portdash.planning.well_known import well_known
from portdash.record import record
from portdash.report.scope import workspace_label
from portdash.text import clean

MOST = 20_000
"""Hard-coded ports that are kept of one directory; the others are counted."""
SPEAKING_OF_US = ("portdash", "port_manager", "PortManager")
"""Words that a file has in which ports come from portdash."""


@record
class Spot:
    """One hard-coded port, and where it stands."""

    path: str
    """Of its file, from the directory that was looked into."""
    form: Form
    judged: Judged

    @property
    def replacement(self) -> str | None:
        """The line as it might stand instead."""
        return fixed_line(self.judged, self.form)

    @property
    def advice(self) -> str | None:
        """What to do where no line can be proposed."""
        return advice(self.judged, self.form)


@record(kw_only=True)
class Scan:
    """What was found in a directory."""

    root: Path
    spots: tuple[Spot, ...]
    files: int
    """Files that were read."""
    skipped: Mapping[Skipped, int]
    """Files that were not, by reason."""
    unshown: int = 0
    """Ports that were found and not kept, for there are too many."""
    mentions: Mapping[str, int]
    """By each word that was looked for, the files that have it."""

    @property
    def troubled(self) -> tuple[Spot, ...]:
        """Those to put right."""
        return tuple(each for each in self.spots if not each.judged.verdict.is_fine)


def scan(deps: Deps, snapshot: Snapshot, root: Path, *, docs: bool = False, words: tuple[str, ...] = ()) -> Scan:
    """Look into every file below `root` that may name a port, documentation only with `docs`; or into one file.

    `words` are looked for as well. Raises UsageError for a path that is not there or may not be read.
    """
    judge = Judge(known_services(deps, snapshot))
    is_named = not os.path.isdir(root)  # noqa: PTH112  it never raises; what a person names is looked into
    tree = SourceFiles(
        str(root),
        wanted=lambda path: is_named or (not in_skipped_directory(path) and _is_looked_into(path, docs=docs)),
        skips=SKIPPED_DIRECTORIES.__contains__,
    )
    spots: list[Spot] = []
    unshown, mentions = 0, Counter(dict.fromkeys(words, 0))
    try:
        for source in tree:
            mentions.update(word for word in words if word in source.text)
            for spot in _spots(source, judge):
                if len(spots) < MOST:
                    spots.append(spot)
                else:
                    unshown += 1
    except OSError as error:
        name = clean(str(root), limit=None)
        raise UsageError(
            f"{name} cannot be looked into: {error.strerror or error}", hint="name a directory or file that is there"
        ) from error
    return Scan(
        root=root,
        spots=tuple(spots),
        files=tree.read,
        skipped=MappingProxyType(dict(tree.skipped)),
        unshown=unshown,
        mentions=MappingProxyType(dict(mentions)),
    )


def _is_looked_into(path: str, *, docs: bool) -> bool:
    form = form_of(path.rpartition("/")[2])
    return form is not None and (docs or form is not Form.DOCS)


def _spots(source: Source, judge: Judge) -> Iterator[Spot]:
    form = form_of(source.path.rpartition("/")[2]) or Form.DOCS  # which has what all others have
    for literal in find_literals(source.text, form):
        yield Spot(source.path, form, judge(literal, form))


def known_services(deps: Deps, snapshot: Snapshot) -> Iterator[Known]:
    """Yield the services of this workspace with their wishes, then those of all others."""
    own = {row.key: row for row in own_rows(deps, snapshot)}
    declared = {each.key: each.spec for each in snapshot.declarations}
    for key in sorted(own.keys() | declared.keys()):
        row = own.get(key)
        spec = declared.get(key) or (row.spec if row else None)
        assert spec is not None  # it is in one of the two
        yield Known(
            name=clean(spec.name),
            is_own=True,
            variable=spec.variable,
            port=row.port if row else None,
            wishes=frozenset(_wishes(spec, row)),
        )
    for key, row in snapshot.assignments.items():
        if key not in own:
            label = f"{workspace_label(snapshot, key.workspace)}/{clean(row.name)}"
            yield Known(name=label, is_own=False, variable=row.spec.variable, port=row.port)


def _wishes(spec: ServiceSpec, row: Assignment | None) -> Iterator[int]:
    yield from spec.preferred
    if spec.base is not None:
        yield spec.base
    if row is not None and row.home is not None:
        yield row.home
    if usual := well_known(spec.name):
        yield usual.port
