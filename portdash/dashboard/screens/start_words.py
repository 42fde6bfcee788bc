"""How the course of several services that are started reads: on the row of each, and when all is over. Pure."""

from collections.abc import Collection, Iterable, Sequence

from portdash.supervisor.progress import How, Progress
from portdash.text import and_list, clean

_IS_WELL = (How.UP, How.RUNS)


def as_well(needs: Sequence[str]) -> str:
    """Return why one is started that nobody named, `needs` being what waits for it."""
    if not needs:
        return "started as well: it is a further instance"
    return f"started as well: {and_list(map(clean, needs))} {'depends' if len(needs) == 1 else 'depend'} on it"


def question(count: int, along: Collection[str]) -> str:
    """Ask whether so many are to be started, and those that come along."""
    also = f", and {and_list(map(clean, along))} as well" if along else ""
    return f"start {count}{also}, each behind what it depends on? enter does it"


def verdict(progress: Progress) -> str:
    """Return what stands on the row of one."""
    text = clean(_text(progress))
    if progress.how is How.BEGUN:
        return text
    return f"{'✓' if progress.how in _IS_WELL else '✗'} {text}"


def begun(course: Iterable[Progress]) -> str:
    """Return what is being done just now, `course` being the latest of each."""
    names = [clean(each.name) for each in course if each.how is How.BEGUN]
    return f"starting {and_list(names)} …" if names else "starting …"


def outcome(course: Iterable[Progress]) -> tuple[str, ...]:
    """Return a line for all that were started, and one for each other, `course` being the last of each."""
    course = tuple(course)
    went = [clean(each.name) for each in course if each.how is How.UP]
    others = [f"{clean(each.name)}: {clean(_text(each))}" for each in course if each.how is not How.UP]
    return (*([f"started {and_list(went)}"] if went else []), *others)


def _text(progress: Progress) -> str:
    match progress.how:
        case How.BEGUN:
            return "starting …"
        case How.UP:
            return f"is on {progress.port}"
        case How.RUNS:
            return f"runs already{f' {progress.why}' if progress.why else ''}; left alone"
        case How.HELD_BACK:
            return f"not started: {progress.why}"
        case How.FAILED:
            return progress.why + (f": {progress.said}" if progress.said else "")
        case How.ENDED:
            return f"ended again: {progress.why}"
