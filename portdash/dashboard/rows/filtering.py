"""The filter: words that must all be found in a row, `port:`, `project:`, and `!` for rows in trouble only."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.paint import search_text
from portdash.dashboard.rows.row import Other, Row
from portdash.dashboard.rows.words import state_of
from portdash.model.snapshot import ServiceView


class Filter(NamedTuple):
    """What a row must be like to be shown."""

    text: str = ""
    """As typed."""
    needles: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    """Ports wanted, `808*` too."""
    projects: tuple[str, ...] = ()
    trouble: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it hides anything."""
        return bool(self.needles or self.ports or self.projects or self.trouble)

    def matches(self, row: Row, facts: Facts) -> bool:
        """Say whether a service or listener is shown."""
        subject = row.subject
        if not isinstance(subject, ServiceView | Other):
            return False
        if self.trouble and not (isinstance(subject, ServiceView) and state_of(subject).is_trouble):
            return False
        if self.ports and not any(fnmatchcase(port, want) for want in self.ports for port in _ports(subject)):
            return False
        if self.projects and not all(want in _project(subject, facts) for want in self.projects):
            return False
        if not self.needles:
            return True
        text = search_text(row, facts)
        return all(needle in text for needle in self.needles)


def parse_filter(text: str, *, trouble: bool = False) -> Filter:
    """Read what was typed. Every text is a filter; an unfinished `port:` hides nothing."""
    needles, ports, projects = [], [], []
    for word in text.casefold().split():
        head, colon, rest = word.partition(":")
        if word == "!":
            trouble = True
        elif colon and head == "port":
            ports += [rest] if rest else []
        elif colon and head == "project":
            projects += [rest] if rest else []
        else:
            needles.append(word)
    return Filter(text, tuple(needles), tuple(ports), tuple(projects), trouble)


def _ports(subject: ServiceView | Other) -> tuple[str, ...]:
    if isinstance(subject, Other):
        return (str(subject.listener.port),)
    elsewhere = (str(listener.port) for listener in subject.elsewhere)
    return (str(subject.port), *elsewhere)


def _project(subject: ServiceView | Other, facts: Facts) -> str:
    if isinstance(subject, ServiceView):
        return f"{facts.label_of(subject.key.workspace)} {subject.key.workspace}".casefold()
    project = subject.listener.project
    return f"{project.label} {project.name}".casefold() if project else ""
