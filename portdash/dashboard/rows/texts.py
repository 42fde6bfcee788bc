"""What the list says where it has no rows to show."""

from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.filtering import Filter
from portdash.text import plural

READING = "reading sockets …"
"""Before the first look: never `none`."""

STARRED = " * not its preferred port"
"""Where no SOURCE column says it."""

FIRST_RUN = (
    "  portdash keeps a port for each of your services.",
    "  It knows none so far, and has changed and sent nothing.",
    "    A  adopt: keep its port for what runs below",
    "    a  allocate: keep a port for what does not run yet",
    "",
)
"""No line is wider than the narrowest screen that has a list of holders."""


def no_match(facts: Facts, wanted: Filter, *, here_only: bool) -> str:
    """Say that the filter hides everything, and how to be rid of it."""
    scope = " here" if here_only else ""
    if wanted.trouble and not (wanted.needles or wanted.ports or wanted.projects):
        return f"  No trouble{scope}. ! or esc shows everything"
    services = len(facts.snapshot.services)
    listeners = len(facts.subjects) - services
    text = f"/{wanted.text}" if wanted.text else "!"
    hidden = f"{plural(services, 'service')} and {plural(listeners, 'listener')} are hidden"
    return f"  Nothing{scope} matches {text}. {hidden}. esc clears"


def empty_here(facts: Facts) -> str:
    """Say that this workspace has no service, and what the keys would show."""
    label = facts.label_of(facts.snapshot.workspace)
    services = sum(len(group.views) for group in facts.groups)
    others = "workspace" if len(facts.groups) == 1 else f"{len(facts.groups)} workspaces"
    adopt = f", A adopts {plural(facts.here_others, 'listener')} from here" if facts.here_others else ""
    return f"  {label} has no service. 0 shows the other {others} ({plural(services, 'service')}){adopt}"


def hidden_owners(count: int) -> str:
    """Say that some owners may not be read."""
    return f"{plural(count, 'owner')} hidden: other users"
