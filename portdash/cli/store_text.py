"""What there is to say about a store's file, as lines for people."""

from collections.abc import Iterator

from portdash.manager.store_care import StorePlace
from portdash.store.inspection import Inspection
from portdash.store.repair import Repair
from portdash.text import and_list, clean, columns, plural

_NAMED = 8
"""Services that a line names one by one."""


def info_lines(place: StorePlace, found: Inspection | None, revision: int | None) -> Iterator[str]:
    """Yield a line for each fact about a store."""
    rows = [("store", clean(place.url, limit=None))]
    if found is None:
        rows.append(("revision", _known(revision)))
        yield from columns(rows)
        return
    if place.committed:
        rows.append(("committed file", clean(str(place.committed), limit=None)))
    rows.append(("file", clean(str(found.path), limit=None) + ("" if found.exists else " (not there yet)")))
    rows.append(("size", _bytes(found.size)))
    rows.append(("free on its disk", _bytes(found.free)))
    rows.append(("integrity", found.verdict))
    rows.append(("format", _known(found.format)))
    rows.append(("revision", _known(revision)))
    rows += [(f"{table}s", _known(count)) for table, count in found.counts.items()]
    rows += [("copy", clean(str(copy), limit=None)) for copy in found.copies]
    yield from columns(rows)


def repair_lines(done: Repair, committed: tuple[str, ...]) -> Iterator[str]:
    """Yield what was recovered and what was lost."""
    got = (plural(count, table) for table, count in done.recovered.items())
    yield f"recovered: {and_list(got)}"
    if done.from_log:
        yield f"  from the log of operations: {_names(done.from_log)}"
    if done.from_copy and done.copy:
        yield f"  from the copy {clean(str(done.copy), limit=None)}, as of then: {_names(done.from_copy)}"
    if committed:
        yield f"  from the committed file: {_names(committed)}"
    for table, count in sorted(done.lost.items()):
        yield f"could not be read: {plural(count, 'row')} of {table}"
    if done.cut:
        yield f"could not be read to the end: {and_list(done.cut)}"
    yield f"the damaged file is kept as {clean(str(done.kept), limit=None)}"


def _names(names: tuple[str, ...]) -> str:
    shown = [clean(name) for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else and_list(shown)


def _known(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def _bytes(count: int | None) -> str:
    if count is None:
        return "unknown"
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
