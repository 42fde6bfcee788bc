"""What the list says where it has no rows to show."""

from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.filtering import Filter
from portdash.dashboard.rows.view import View
from portdash.dashboard.rows.words import state_of
from portdash.model.history import EventKind
from portdash.report.words import age
from portdash.text import clean, plural

STARRED = " * not its preferred port"
"""Where no SOURCE column says it."""


def first_run(keys: KeyNames) -> tuple[str, ...]:
    """Say what portdash does, and how to begin; no line is wider than the narrowest list that has holders."""
    return (
        "  portdash keeps a port for each of your services.",
        "  It knows none so far, and has changed and sent nothing.",
        f"    {keys.way('adopt')}  adopt: keep its port for what runs below; ◆ is marked",
        f"    {keys.way('allocate')}  allocate: keep a port for what does not run yet",
        "    `portdash init` in a project writes a portdash.toml",
        "",
    )


def no_match(facts: Facts, wanted: Filter, *, is_narrowed: bool) -> str:
    """Say that the filter hides everything, and how to be rid of it."""
    scope = " here" if is_narrowed else ""
    services = len(facts.snapshot.services)
    listeners = len(facts.subjects) - services
    text = f"/{wanted.text}" if wanted.text else "!"
    hidden = wanted.doubt or f"{plural(services, 'service')} and {plural(listeners, 'listener')} are hidden"
    return f"  Nothing{scope} matches {text}. {hidden}. {facts.keys.way('back')} clears"


def no_trouble_shown(facts: Facts, only: str | None) -> str:
    """Say that no service shown is in trouble, whether others are, and which keys show what."""
    if only is None:
        return f"  No trouble. {_all_again(facts)} shows everything"
    label = facts.label_of(only)
    elsewhere = sum(state_of(view).is_trouble for view in facts.snapshot.services if view.key.workspace != only)
    others = (
        f"{facts.keys.way('scope')} shows the {elsewhere} elsewhere" if elsewhere else "Elsewhere there is none either"
    )
    return f"  No trouble in {label}. {others}; {_all_again(facts)} shows all of {label}"


def _all_again(facts: Facts) -> str:
    """Name the keys that show what is not in trouble as well."""
    keys = [key for command in ("trouble", "back") if (key := facts.keys.first(command))]
    return " or ".join(keys) or facts.keys.way("trouble")


def none_in_trouble(facts: Facts, only: str | None, noun: str) -> str:
    """Say that no row of another view tells of trouble."""
    of = f" of {facts.label_of(only)}" if only is not None else ""
    told = "tells of" if noun == "event" else "is in"
    return f"  No {noun}{of} {told} trouble. {_all_again(facts)} shows all{of}"


def empty_here(facts: Facts, workspace: str) -> str:
    """Say that a workspace has no service, and what the keys would show."""
    label = facts.label_of(workspace)
    services = sum(len(group.views) for group in facts.groups)
    others = "workspace" if len(facts.groups) == 1 else f"{len(facts.groups)} workspaces"
    adopt = (
        f", {facts.keys.way('adopt')} adopts {plural(facts.here_others, 'listener')} from here"
        if facts.here_others
        else ""
    )
    scope = facts.keys.way("scope")
    return f"  {label} has no service. {scope} shows the other {others} ({plural(services, 'service')}){adopt}"


EMPTY = {
    View.LISTENING: "  Nobody listens on any port that may be seen",
    View.CONFLICTS: "  No trouble",
    View.RANGES: "  No range is configured",
    View.HISTORY: "  Nothing has happened yet: what is allocated, moved or released is kept here",
}
"""What a view says that has no rows at all."""


def nothing_matches(facts: Facts, wanted: Filter, found: int, noun: str, *, is_narrowed: bool) -> str:
    """Say that the filter hides all rows of a view, and how to be rid of it."""
    scope = " here" if is_narrowed else ""
    text = f"/{wanted.text}" if wanted.text else "!"
    hidden = wanted.doubt or f"{plural(found, noun)} {'is' if found == 1 else 'are'} hidden"
    return f"  Nothing{scope} matches {text}. {hidden}. {facts.keys.way('back')} clears"


def nothing_here(facts: Facts, workspace: str, noun: str) -> str:
    """Say that a view has rows, but none of the workspace it is narrowed to."""
    return f"  No {noun} of {facts.label_of(workspace)}. {facts.keys.way('scope')} shows all workspaces"


def no_trouble(facts: Facts) -> str:
    """Say that all is well, and what the last trouble was where that is known."""
    ours = (event for event in reversed(facts.events) if event.is_of(facts.snapshot.host))
    last = next((event for event in ours if event.kind is EventKind.CONFLICT), None)
    if last is None:
        return EMPTY[View.CONFLICTS]
    name = f"{facts.label_of(last.workspace)}/{clean(last.service)}"
    history = View.HISTORY.command
    where = facts.keys.hint(history, View.HISTORY.title) or facts.keys.way(history)
    return f"  No trouble. Last: {name}, {age(facts.now - last.at)} ago ({where})"


def hidden_owners(count: int) -> str:
    """Say that some owners may not be read."""
    return f"{plural(count, 'owner')} hidden: other users"
