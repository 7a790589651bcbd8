"""When pages are read and why, and hosts that are left alone: `scrape --dry-run`, `site resume`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pricewatch.cli import options
from pricewatch.cli.call import Call, who
from pricewatch.cli.named import site_named
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column, Mode, Row
from pricewatch.cli.text import plural

if TYPE_CHECKING:
    from pricewatch.pipeline.visits import Agenda, Visit

MOST = 40  # pages that a terminal shows

_VISITS = (
    Column("due", "read"),
    Column("site", rank=1),
    Column("every"),
    Column("rate", "changes/day", rank=2),
    Column("weight", rank=3),
    Column("why", fold=True),
    Column("url", below=True, address=True),
)


def show_plan(call: Call, sites: list[str] | None, *, due: bool) -> int:
    """Print what a scrape would read now, what later, and why; nobody is asked anything."""
    from pricewatch.pipeline.scrape import crawl_plan

    with opened(call) as app:
        plans = crawl_plan(app.bench, sites or None)
    found = [(plan, visit) for plan in plans for visit in plan.visits]
    now = sum(len(plan.due(everything=not due)) for plan in plans)
    shown = islice(found, MOST) if call.out.mode is Mode.TABLE else found
    call.out.table("visit", _VISITS, [_row(plan, visit, due=due) for plan, visit in shown])
    held = sum(sum(plan.held(everything=not due).values()) for plan in plans)
    more = f"; {len(found) - MOST:,} more in --json" if call.out.mode is Mode.TABLE and len(found) > MOST else ""
    text = f"{plural(now, 'page')} of {len(found):,} would be read now, {held:,} have to wait{more}"
    return call.finish(text, next_step="pricewatch scrape", now=now, pages=len(found), held=held)


def _row(plan: Agenda, visit: Visit, *, due: bool) -> Row:
    now = not visit.held and (not due or visit.due_at <= plan.at)
    why = "; ".join((visit.held, *visit.reasons) if visit.held else visit.reasons)
    when = "now" if now else "held" if visit.held and (not due or visit.due_at <= plan.at) else visit.due_at
    return when, plan.site, _span(visit.every), f"{visit.rate:.2f}", f"{visit.weight:.1f}", why, visit.target.url


def _span(seconds: float) -> str:
    hours = seconds / 3_600
    return f"{hours / 24:.1f} d" if hours >= 48 else f"{hours:.1f} h" if hours >= 1 else f"{seconds / 60:.0f} min"


def site_resume(call: Call, name: options.SiteName) -> int:
    """Ask a site's hosts again that are left alone because they refused us, did not answer, or asked for it."""
    with locked(call) as app:
        site_named(app.sites, name)
        hosts, at = app.bench.store.hosts, app.bench.clock.now()
        freed = hosts.resume([record.host for record in hosts.load() if record.site == name], at=at)
        if freed:
            app.bench.store.control.audit("site resumed", at=at, by=who(""), detail=", ".join(freed))
    text = f"{', '.join(freed)} may be asked again" if freed else f"no host of {name} was left alone"
    return call.finish(text, next_step=f"pricewatch scrape {name}", resumed=len(freed))
