"""What to say of engines that could not be asked: one line for each kind of trouble, with what to do."""

from collections.abc import Iterable, Iterator

from portdash.machine.containers.line import Line
from portdash.machine.containers.talking import Trouble
from portdash.text import and_list


def notices_of(lines: Iterable[Line]) -> Iterator[str]:
    """Yield a line for each trouble; an engine that does not run is none."""
    by_trouble: dict[Trouble, list[Line]] = {}
    for line in lines:
        if line.trouble:
            by_trouble.setdefault(line.trouble.trouble, []).append(line)
    if denied := by_trouble.get(Trouble.DENIED):
        yield (
            f"containers are not named, for {_labels(denied)} may not be opened: `sudo usermod -aG docker $USER` and a "
            "new login let you (that group is as good as root), or run docker rootless"
        )
    if silent := by_trouble.get(Trouble.SILENT):
        yield (
            f"the container engine at {_labels(silent)} has not answered within {silent[0].limit:g}s, so containers go "
            "by what is known without it: `docker ps` shows whether it hangs"
        )
    for line in by_trouble.get(Trouble.NONSENSE, ()):
        detail = line.trouble.detail if line.trouble else ""
        yield (
            f"what listens on {line.address.label} is taken for no container engine ({detail}): "
            "DOCKER_HOST and `docker context` say which one to ask"
        )


def _labels(lines: Iterable[Line]) -> str:
    return and_list(line.address.label for line in lines)
