"""The details of a row, as lines for a pane: a leaf for why, one for the log, the history and the declaration."""

from collections.abc import Sequence

from portdash.dashboard.rows.asked import NOTHING_ASKED, Asked, Tab
from portdash.dashboard.rows.facts import Facts
from portdash.dashboard.rows.offered import Offer, offer_lines
from portdash.dashboard.rows.other_details import group_lines, other_lines, others_lines, system_lines
from portdash.dashboard.rows.row import Group, Line, Other, OthersLine, Row, SystemLine
from portdash.model.snapshot import ServiceView
from portdash.report.words import short_host


def title_of(row: Row | None, facts: Facts) -> str:
    """Return what the pane is about: `shop/web`, `:5175 node 5120`."""
    match row.subject if row else None:
        case ServiceView() as view:
            where = f"  on host {short_host(view.key.host)}" if view.is_remote else ""
            return f"{facts.full_name(view)}{where}"
        case Other() as other:
            return f":{other.listener.port}  {other.listener.label}"
        case Group() as group:
            return group.workspace.label
        case OthersLine():
            return "other listeners"
        case SystemLine():
            return "listeners of the system"
        case _:
            return ""


def tabs_of(row: Row | None) -> tuple[Tab, ...]:
    """Return the leaves that the details of a row have."""
    has_more = row is not None and isinstance(row.subject, ServiceView) and not row.subject.is_remote
    return tuple(Tab) if has_more else (Tab.WHY,)


def details(
    row: Row | None,
    facts: Facts,
    offers: Sequence[Offer],
    width: int,
    *,
    tab: Tab = Tab.WHY,
    asked: Asked = NOTHING_ASKED,
) -> tuple[Line, ...]:
    """Return what one leaf tells about a row, in lines of at most `width` cells.

    `asked` is what somebody asked for beside the snapshot. A row that has no such leaf shows why.
    """
    match row.subject if row else None:
        case ServiceView() as view if tab is Tab.WHY:
            from portdash.dashboard.rows.service_details import why_lines  # noqa: PLC0415  many look at none

            return tuple(why_lines(view, facts, offers, width, past=asked.past))
        case ServiceView() as view:
            return _leaf(view, facts, width, tab=tab, asked=asked)
        case Other() as other:
            body = other_lines(other, facts, width, asked.probed)
        case Group() as group:
            body = group_lines(group, facts, width)
        case OthersLine() as line:
            body = others_lines(line, facts, width)
        case SystemLine() as system:
            body = system_lines(system, facts, width)
        case _:
            return ()
    return (*body, *offer_lines(offers, width))


def _leaf(view: ServiceView, facts: Facts, width: int, *, tab: Tab, asked: Asked) -> tuple[Line, ...]:
    """Return a leaf of a service other than Why."""
    from portdash.dashboard.rows.tab_lines import config_lines, history_lines, log_lines  # noqa: PLC0415  as above

    match tab:
        case Tab.LOG:
            return tuple(log_lines(view, asked.log, facts, width))
        case Tab.HISTORY:
            return tuple(history_lines(view, asked.past, facts, width))
        case _:
            return tuple(config_lines(view, asked.settings, facts, width))
