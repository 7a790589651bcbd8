"""What is, what was, and why: status, explain, history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FINDINGS, OK, Call, command
from pricewatch.cli.learnt import show_learnt
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.plans import saved, steps, why
from pricewatch.cli.publications import COLUMNS as PUBLICATIONS
from pricewatch.cli.publications import row as publication_row
from pricewatch.cli.text import Percent, ago, plural
from pricewatch.domain.decision import Decision, MarketOffer
from pricewatch.domain.match import Match

if TYPE_CHECKING:
    from pricewatch.pipeline.insight import ChannelStatus, Explanation, GroupExplanation, History, SiteStatus, Status
    from pricewatch.pipeline.staging import StagedVersion
    from pricewatch.ports import RunRecord, StoredObservation


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "status")(status)
    command(app, "inbox")(inbox)
    command(app, "explain")(explain)
    command(app, "history")(history)


def status(call: Call, *, exit_code: options.ExitCode = False) -> int:
    """Show everything at a glance: what is known, what waits, and how far the channels are in step."""
    from pricewatch.pipeline.insight import status as use_case

    with opened(call) as app:
        found = use_case(app.bench)
    call.out.record("status", _overview(found))
    call.out.table("site", _SITES, map(_site, _watched(found)), title="Sites", aside=True)
    call.out.table("channel", _CHANNELS, map(_channel, found.channels), title="Channels", aside=True)
    drifted = [publication_row(item) for item in found.drifted]
    if drifted:
        call.out.table("publication", PUBLICATIONS, drifted, title="Drift", aside=True, limit=20)
    if found.staged:
        call.out.table("staged", _STAGED, map(_waiting, found.staged), title="Waiting for their first", aside=True)
    call.out.table("run", _RUNS, map(_run, found.runs), title="Last runs", aside=True)
    findings = len(drifted) + found.pending + found.quarantined + bool(found.stopped)
    code = FINDINGS if exit_code and findings else OK
    return call.finish(_state(found), code=code, next_step=_next(found), findings=findings)


_STAGED = (
    Column("version"),
    Column("verified", "verified first"),
    Column("first", "of"),
    Column("waiting", "listings waiting"),
    Column("halted", below=True),
)


def _waiting(each: StagedVersion) -> Row:
    return (each.version, each.verified, each.first, each.waiting, each.halted or each.unknown)


def _overview(found: Status) -> dict[str, object]:
    plan = found.plan
    return {
        "at": found.at,
        "products": found.products,
        "offers": found.offers,
        "quarantined": found.quarantined,
        "matches": {status.value: count for status, count in found.matches.items()},
        "plan": f"{plan.number} ({plan.status}, {ago(plan.created_at, found.at)})" if plan else None,
        "breakers": [breaker.text for breaker in plan.breakers] if plan else [],
        "pending": found.pending,
        "held_prices": found.held,
        "price_list": found.price_list,
        "priced": found.priced,
        "frozen": len(found.frozen),
        "stopped": f"by {found.stopped.by}: {found.stopped.reason}" if found.stopped else None,
    }


_WAITING = (
    Column("what", fold=True),
    Column("count"),
    Column("since"),
    Column("command", "look with", fold=True),
    Column("detail", below=True),
)


def inbox(call: Call, *, exit_code: options.ExitCode = False) -> int:
    """Show everything that waits for a person."""
    from pricewatch.pipeline.inbox import inbox as use_case

    with opened(call) as app:
        found = use_case(app.bench)
    call.out.table("waiting", _WAITING, [(it.what, it.count, it.since, it.command, it.detail) for it in found])
    if not found:
        return call.finish("nothing waits for a person", next_step="pricewatch status", waiting=0)
    code = FINDINGS if exit_code else OK
    total = sum(it.count for it in found)
    return call.finish(f"{plural(total, 'thing')} to look at", code=code, next_step=found[0].command, waiting=total)


_SITES = (
    Column("site"),
    Column("enabled"),
    Column("targets", rank=1),
    Column("pages", fold=True),
    Column("seen_at", "last read"),
    Column("note", below=True),
)
_CHANNELS = (
    Column("channel"),
    Column("listings"),
    Column("parity", "in step"),
    Column("states", fold=True),
    Column("oldest_open", "oldest open", rank=1),
    Column("waits", below=True),
)
_RUNS = (
    Column("started_at", "started"),
    Column("stage"),
    Column("status", badge=True),
    Column("took"),
    Column("set_aside", "set aside", rank=1),
    Column("message", below=True),
    Column("run", machine=True),
)


def _watched(found: Status) -> list[SiteStatus]:
    return [site for site in found.sites if site.enabled or site.targets]


def _site(site: SiteStatus) -> Row:
    note = f"offers were lost on {plural(site.lost, 'page')}: `pricewatch site repair {site.name}`" if site.lost else ""
    notes = [*([note] if note else []), *(f"{words}; `pricewatch site resume {site.name}`" for words in site.paused)]
    return site.name, site.enabled, site.targets, dict(site.verdicts), site.seen_at, "; ".join(notes)


def _channel(item: ChannelStatus) -> Row:
    parity = Percent(item.parity) if item.parity is not None else None
    return (
        item.name,
        item.listings,
        parity,
        {state.value: count for state, count in item.states.items()},
        item.oldest_open,
        item.waits,
    )


def _run(run: RunRecord) -> Row:
    took = run.finished_at - run.started_at if run.finished_at else None
    return run.started_at, run.stage, run.status, took, len(run.set_aside), run.message, run.id


def _state(found: Status) -> str:
    if found.stopped:
        return f"publishing was stopped {ago(found.stopped.at, found.at)} by {found.stopped.by}"
    parts = [plural(found.products, "product"), plural(found.offers, "offer"), f"price list {found.price_list}"]
    if found.drifted:
        parts.append(f"{plural(len(found.drifted), 'listing')} drifted")
    return ", ".join(parts)


def _next(found: Status) -> str:
    """The one step that moves things on."""
    open_plan = found.plan if found.plan and found.plan.status == "open" else None
    lost = next((site.name for site in found.sites if site.lost), "")
    checks = (
        (found.stopped, "pricewatch resume"),
        (not found.products, "pricewatch catalogue import products.csv"),
        (not found.offers, "pricewatch scrape"),
        (not found.matches, "pricewatch match"),
        (open_plan and open_plan.breakers, "pricewatch breaker list"),
        (found.pending, f"pricewatch plan --show {open_plan.number}" if open_plan else ""),
        (any(each.halted for each in found.staged), "pricewatch release"),
        (found.held, "pricewatch inbox"),
        (found.drifted, "pricewatch verify"),
        (lost, f"pricewatch site repair {lost}"),
        (found.quarantined, "pricewatch quarantine list"),
    )
    return next((step for wanted, step in checks if wanted), "pricewatch run")


def explain(call: Call, sku: options.Sku, *, plan: options.Plan = None) -> int:
    """Show the whole path of one price: market, rules, guardrails, approval, publications, evidence."""
    from pricewatch.pipeline.insight import explain as use_case

    with opened(call) as app:
        if plan is not None:
            saved(app, plan)
        found = use_case(app.bench, sku, plan=plan)
    call.out.report()
    call.out.record("product", _product(found))
    pairs = map(_match, found.matches)
    call.out.table("match", _MATCHES, pairs, title="Which offers are this product", aside=True, limit=20)
    for part in found.groups:
        _explain_group(call, part)
    pages = [_evidence(reading) for reading in found.readings]
    call.out.table("reading", _EVIDENCE, pages, title="Readings and their evidence", aside=True, limit=20)
    rows = [publication_row(item) for item in found.publications]
    call.out.table("publication", PUBLICATIONS, rows, title="On the channels", aside=True)
    step = f"pricewatch apply --adopt {sku}" if found.held else f"pricewatch history {sku}"
    return call.finish(_verdict(found), next_step=step)


def _product(found: Explanation) -> dict[str, object]:
    it = found.product
    fields: dict[str, object] = {
        "sku": it.sku, "name": it.name, "brand": it.brand, "gtin": it.gtin, "category": it.category,
        "cost_net": it.cost, "tax": str(it.tax), "floor": it.floor, "ceiling": it.ceiling, "stock": it.stock,
        "kvi": it.kvi, "matches": len(found.matches),
    }  # fmt: skip
    currency = next((value.currency.code for value in (it.price, it.cost) if value is not None), None)
    if found.freeze:
        fields["frozen"] = f"by {found.freeze.by}: {found.freeze.reason}"
    if found.held:
        fields["held"] = "; ".join(f"{each.group}: {each.wrong}; {each.hint}" for each in found.held)
    return fields | {"currency": currency}


_MATCHES = (
    Column("site"),
    Column("item", below=True, address=True),
    Column("variant", machine=True),
    Column("status", badge=True),
    Column("probability", "sure"),
    Column("kind", rank=2),
    Column("factor", rank=3),
    Column("method", rank=4),
    Column("decided_by", "by"),
    Column("decided_at", "when", rank=1),
    Column("reasons", "why", below=True),
)


def _match(pair: Match) -> Row:
    return (
        pair.item.site, pair.item.item, pair.item.variant, pair.status, Percent(pair.probability), pair.kind,
        pair.factor, pair.method, pair.decided_by, pair.decided_at, pair.reasons,
    )  # fmt: skip


_OFFERS = (
    Column("group", machine=True),
    Column("site"),
    Column("seller"),
    Column("price", money=True),
    Column("shipping", money=True, rank=2),
    Column("availability", "stock"),
    Column("condition", rank=3),
    Column("seen_at", "seen", rank=4),
    Column("counts"),
    Column("excluded", "why not", below=True),
    Column("observation", "reading", rank=1),
    Column("url", machine=True),
)
_STEPS = (
    Column("group", machine=True),
    Column("plan", machine=True),
    Column("step"),
    Column("before", money=True),
    Column("after", money=True),
    Column("text", "why", fold=True),
    Column("rule", below=True),
)


def _explain_group(call: Call, part: GroupExplanation) -> None:
    name = part.group.name
    offers = [(name, *_offer(offer)) for offer in part.market.offers]
    call.out.table("offer", _OFFERS, offers, title=f"Market ({name})", aside=True)
    for decision, title in _decisions(call, part):
        call.out.table("step", _STEPS, ((name, decision.plan, *row) for row in steps(decision.proposal)), title=title)
    show_learnt(call, part)
    entry = part.entry
    if entry is not None:
        by = f"approved by {entry.approved_by}" if entry.approved_by else "taken over from the catalogue"
        call.out.heading(f"Price list: {entry.gross} since version {entry.version} (plan {entry.plan}), {by}")


def _offer(offer: MarketOffer) -> Row:
    return (
        offer.site, offer.seller, offer.price, offer.shipping, offer.availability, offer.condition, offer.seen_at,
        not offer.excluded, offer.excluded, offer.observation, offer.url,
    )  # fmt: skip


def _decisions(call: Call, part: GroupExplanation) -> list[tuple[Decision, str]]:
    """The decision that was taken and what the rules say now; one of them when they say the same, or in a pipe."""
    shown = []
    if part.decided is not None:
        it = part.decided
        approval = f"{it.status} by {it.decided_by}" if it.decided_by else it.status.value
        shown.append((it, f"Decided in plan {it.plan} ({approval}): {_outcome(it)}"))
    same = (
        part.decided is not None
        and part.live is not None
        and part.decided.proposal.reasons == part.live.proposal.reasons
    )
    if part.live is not None and not same and (call.out.for_people or not shown):
        shown.append((part.live, f"The rules now: {_outcome(part.live)}"))
    return shown


def _outcome(decision: Decision) -> str:
    it = decision.proposal
    limits = f"floor {it.floor or '–'}, ceiling {it.ceiling or '–'}"
    return f"{it.outcome} {it.current or '–'} → {it.proposed or '–'} ({limits})"


_EVIDENCE = (
    Column("reading"),
    Column("site"),
    Column("seller"),
    Column("price", money=True),
    Column("seen_at", machine=True),
    Column("last_seen_at", "last seen", rank=3),
    Column("source", rank=1),
    Column("selector", machine=True),
    Column("snippet", fold=True, rank=2),
    Column("quarantine", below=True),
    Column("page_hash", machine=True),
    Column("url", below=True, address=True),
)


def _evidence(reading: StoredObservation) -> Row:
    seen, offer, evidence = reading.observation, reading.observation.offer, reading.observation.evidence
    return (
        reading.id, offer.item.key.site, offer.seller, offer.price, seen.seen_at, reading.last_seen_at, evidence.source,
        evidence.selector, evidence.snippet, seen.quarantine, evidence.page_hash, offer.url or offer.item.url,
    )  # fmt: skip


def _verdict(found: Explanation) -> str:
    parts = []
    for part in found.groups:
        decision = part.decided or part.live
        if decision is not None:
            parts.append(f"{part.group.name}: {decision.proposal.outcome}: {why(decision.proposal)}")
    parts += [f"{each.group}: held back: {each.wrong}" for each in found.held]
    return "; ".join(parts) or "nothing was decided for this product yet"


_CHANGES = (
    Column("at", "when"),
    Column("what"),
    Column("where"),
    Column("price", money=True),
    Column("detail", fold=True),
)


def history(call: Call, sku: options.Sku, *, limit: options.Limit = 50) -> int:
    """Show how a product's prices came to be: ours, theirs, and the decisions, oldest first."""
    from pricewatch.pipeline.insight import history as use_case

    with opened(call) as app:
        found = use_case(app.bench, sku, limit=limit)
    rows = _changes(found)[-limit:]
    call.out.table("change", _CHANGES, rows)
    return call.finish(plural(len(rows), "change"), next_step=f"pricewatch explain {sku}", changes=len(rows))


def _changes(found: History) -> list[Row]:
    ours: list[Row] = [
        (price.since, "our price", price.channel or price.group, price.gross, price.source) for price in found.own
    ]
    theirs: list[Row] = [_change(reading) for reading in found.offers]
    decided: list[Row] = [_decision(at, it) for at, it in found.decisions]
    return sorted(ours + theirs + decided, key=lambda row: row[0])


def _decision(at: datetime, it: Decision) -> Row:
    asked, detail = it.proposal, f"plan {it.plan}, {it.status}: {why(it.proposal)}"
    return at, f"decision {asked.outcome}", asked.group, asked.proposed, detail


def _change(reading: StoredObservation) -> Row:
    seen, offer = reading.observation, reading.observation.offer
    detail = f"{offer.seller} {offer.availability}" + (f", held back: {seen.quarantine}" if seen.quarantine else "")
    return seen.seen_at, "offer", offer.item.key.site, offer.price, detail
