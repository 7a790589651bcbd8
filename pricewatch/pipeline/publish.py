"""Approved decisions become the price list, and the price list reaches every channel: `pricewatch apply`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Announcement, Decision, DecisionStatus, Plan, PriceEntry
from pricewatch.domain.errors import (
    BreakerTripped,
    NotApproved,
    SetAside,
)
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline import staging
from pricewatch.pipeline.delivery import Pause, deliver, refuse_stopped, sole_sender
from pricewatch.pipeline.found import beyond_limits, found_prices
from pricewatch.pipeline.limits import beyond_rules, taxed_otherwise
from pricewatch.pipeline.listings import AT_ONCE, in_parts, mirror, wishes_for
from pricewatch.pipeline.settings import TermsSettings
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.terms import terms_for
from pricewatch.pipeline.timing import next_version_at
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import VersionPart, Vouch
from pricewatch.pricing.decided import Decided

ADOPTED = "found in the catalogue, not decided yet"


async def publish(
    bench: Workbench,
    number: int | None = None,
    *,
    adopt: Collection[Sku] = (),
    by: str = "",
    pause: Pause = asyncio.sleep,
) -> StageReport:
    """Make the approved decisions of a plan the next price list version, in one transaction with its publications,
    then send and read back; raises NotApproved, BreakerTripped or PublishingStopped. The catalogue's prices of the
    products to `adopt` are right although they changed abnormally, says whoever it is `by`.
    """
    with stage(bench, "publish") as log:
        refuse_stopped(bench)
        async with sole_sender(bench):
            plan, approved = _approved(bench, number)
            _vouch(bench, adopt, by, log)
            version = await _append(bench, plan, approved, log)
            await deliver(bench, log, pause=pause)
        log.message = _outcome(version, log)
    return log.report()


async def send(bench: Workbench, *, channels: Sequence[str] | None = None, pause: Pause = asyncio.sleep) -> StageReport:
    """Bring every listing that is still on its way to its price, as far as the channels allow now."""
    with stage(bench, "send") as log:
        refuse_stopped(bench)
        async with sole_sender(bench):
            await deliver(bench, log, channels=channels, pause=pause)
    return log.report()


def _outcome(version: int | None, log: StageLog) -> str:
    if version:
        return f"price list {version}"
    if not log.counts["written"]:
        return "no price changed"
    went_on = "new listings got their prices" if log.counts["new"] else "went on with what was open"
    return f"nothing new was decided; {went_on}"


# --- decisions to price list -----------------------------------------------------------------------------------


def _approved(bench: Workbench, number: int | None) -> tuple[Plan, Decided]:
    """The decisions to publish; none when the newest plan has nothing to change or was applied already."""
    plan = bench.store.plans.get(number)
    if plan is None:
        wanted = f"plan {number}" if number else "plan yet"
        raise NotApproved(f"there is no {wanted}", hint="`pricewatch plan` makes one")
    if plan.status == "superseded":
        hint = "look at the newer plan and approve that one"
        raise NotApproved(f"plan {plan.number} was superseded by a newer one", hint=hint)
    if plan.breakers:
        words = "; ".join(breaker.text for breaker in plan.breakers)
        hint = "look at the plan; `pricewatch breaker reset` with a reason lets it go on"
        raise BreakerTripped(f"plan {plan.number} is abnormal: {words}", hint=hint)
    approved = bench.store.plans.decisions(plan.number, status=DecisionStatus.APPROVED)
    counts = {} if approved else bench.store.plans.count(plan.number)
    if pending := counts.get(DecisionStatus.PENDING, 0):
        if counts.get(DecisionStatus.APPLIED, 0):
            return plan, approved  # what was applied before goes on to its channels
        what = "1 decision waits" if pending == 1 else f"{pending} decisions wait"
        message = f"{what} for approval in plan {plan.number}, none is approved"
        raise NotApproved(message, hint="`pricewatch approve`, then `pricewatch apply`")
    return plan, approved


def _concerned(bench: Workbench, group: PriceGroup, decided: Iterable[Sku]) -> frozenset[Sku] | None:
    """The products of which the next version may say something; None = all of them."""
    if bench.publishing.terms != TermsSettings() or bench.store.prices.has_terms(group.name):
        return None
    return bench.store.prices.unpriced(group).union(decided)


@dataclass(slots=True)
class _Version:
    """A part of the next price list version while it is put together."""

    at: datetime
    run: int = 0
    entries: list[PriceEntry] = field(default_factory=list)
    restated: list[PriceEntry] = field(default_factory=list)
    previous: dict[tuple[str, Sku], Money] = field(default_factory=dict)


def _vouch(bench: Workbench, skus: Collection[Sku], by: str, log: StageLog) -> None:
    """Keep a person's word on the catalogue's prices of these products."""
    products = bench.store.catalogue.load(skus=frozenset(skus)).products if skus else {}
    for sku in (sku for sku in skus if sku not in products):
        log.put_aside(SetAside("publish", sku, "is not in the catalogue", hint="SKUs are case-sensitive"))
    words = [Vouch(p.sku, p.price, by, beyond_limits=True) for p in products.values() if p.price is not None]
    if words:
        at = bench.clock.now()
        bench.store.catalogue.vouch(words, at=at)
        bench.store.control.audit("adopt", at=at, by=by, detail=", ".join(f"{w.sku} {w.price}" for w in words))


async def _append(bench: Workbench, plan: Plan, approved: Decided, log: StageLog) -> int:
    """Write the next version of the price list and what each listing shall show, a part at a time and all of it in one
    transaction; 0 when nothing changed.
    """
    at = next_version_at(bench)
    parts = {group.name: _parts(bench, plan, group, approved, at, log) for group in _in_order(bench.groups)}
    begun = {name: part for name, some in parts.items() if (part := next(some, None)) is not None}
    if not begun:
        return 0
    for name, channel in bench.channels.items():
        if bench.channel_groups[name] in begun:
            await mirror(bench, channel, log)
    first = _first(bench, plan, approved, at, log)
    whole = (part for name, one in begun.items() for part in chain([one], parts[name]))
    saved = bench.store.prices.append_parts(
        plan=plan.number, at=at, parts=_with_listings(bench, whole, frozenset(first), log), first=first
    )
    return saved.version


def _in_order(groups: Iterable[PriceGroup]) -> Sequence[PriceGroup]:
    return sorted(groups, key=lambda group: group.name)


def _parts(
    bench: Workbench, plan: Plan, group: PriceGroup, approved: Decided, at: datetime, log: StageLog
) -> Iterator[_Version]:
    """What the next version says of a price group, some products after the others, by their SKUs."""
    mine = approved.of_group(group.name)
    places = {sku: place for place, sku in enumerate(mine.sku)}
    concerned = _concerned(bench, group, mine.sku)
    skus = sorted(bench.store.catalogue.skus().union(places) if concerned is None else concerned)
    beyond = beyond_rules(bench, group, mine)
    for some in in_parts(skus, AT_ONCE):
        version = _Version(at, log.run)
        decisions = list(mine.take([places[sku] for sku in some if sku in places]))
        current = bench.store.prices.current(group.name, skus=some)
        products = bench.store.catalogue.load(skus=some).products
        _decide(bench, group, decisions, beyond, current, products, version, log)
        _adopt(bench, group, plan.number, current, products, version, log)
        _restate(bench, group, current, products, version, log)
        if version.entries or version.restated:
            yield version


def _with_listings(
    bench: Workbench, parts: Iterable[_Version], early: Collection[Sku], log: StageLog
) -> Iterator[VersionPart]:
    """The parts of a version, each with what listings shall show of it."""
    for part in parts:
        desired = wishes_for(bench, [*part.entries, *part.restated], part.previous)
        late = sum(wish.sku not in early for wish in desired) if early else 0
        log.count({"listings": len(desired), "staged": late})
        yield VersionPart(part.entries, part.restated, desired)


def _first(bench: Workbench, plan: Plan, approved: Decided, at: datetime, log: StageLog) -> Sequence[Sku]:
    """The products that go first; only where any do, everything is put together once before to know which."""
    if not bench.publishing.release.first:
        return ()
    silent = StageLog(log.stage, log.run)
    whole = (part for group in _in_order(bench.groups) for part in _parts(bench, plan, group, approved, at, silent))
    listed = _with_listings(bench, whole, (), silent)
    return staging.first_of(bench, [wish.sku for part in listed for wish in part.desired])


def _decide(
    bench: Workbench,
    group: PriceGroup,
    approved: Sequence[Decision],
    beyond: Mapping[Sku, str],
    current: Mapping[Sku, PriceEntry],
    products: Mapping[Sku, Product],
    version: _Version,
    log: StageLog,
) -> None:
    now = bench.clock.now()
    frozen = {freeze.sku: freeze.reason for freeze in bench.store.catalogue.frozen(now)} if approved else {}
    for decision in approved:
        product, entry = products.get(decision.proposal.sku), current.get(decision.proposal.sku)
        reason = _unfit(decision, product, entry, group) or beyond.get(decision.proposal.sku, "")
        reason = reason or _unannounceable(decision.proposal.announcement, group, now)
        if decision.proposal.sku in frozen:
            reason = f"is frozen since it was approved: {frozen[decision.proposal.sku]}"
        if product is None or reason:
            log.put_aside(SetAside("publish", decision.proposal.sku, reason, hint="`pricewatch plan` decides it anew"))
            continue
        entry_now = replace(_entry(decision, product, group, version.at), run=version.run)
        version.entries.append(_with_terms(bench, entry_now, product, log))
        base = _base(product, entry, group)
        if base is not None:
            version.previous[group.name, product.sku] = base
    log.count({"decided": len(version.entries)} if version.entries else {})


def _unfit(decision: Decision, product: Product | None, entry: PriceEntry | None, group: PriceGroup) -> str:
    """Why an approved decision may not become a price now: its base is stale, or it breaks limits of then or now."""
    proposal = decision.proposal
    if product is None:
        return "is not in the catalogue any more"
    if proposal.proposed is None or proposal.floor is None:
        return "was approved without a price or a floor"
    if proposal.proposed < proposal.floor or (proposal.ceiling is not None and proposal.proposed > proposal.ceiling):
        return f"{proposal.proposed} is outside its own floor and ceiling"
    base = _base(product, entry, group)
    if proposal.current != base:
        return f"was decided on a price of {proposal.current or 'nothing'}, which is {base or 'nothing'} by now"
    beyond = beyond_limits(product, proposal.proposed)
    return f"{proposal.proposed} is {beyond}" if beyond else taxed_otherwise(proposal, product, group)


def _unannounceable(announcement: Announcement | None, group: PriceGroup, now: datetime) -> str:
    """Why a reduction may not be announced now: its prior price is that of the day for which it was planned."""
    if announcement is None:
        return ""
    zone = ZoneInfo(group.timezone)
    if announcement.starts.astimezone(zone).date() != now.astimezone(zone).date():
        return (
            f"its reduction was planned for {announcement.starts.astimezone(zone).date()}, with the prior price of then"
        )
    return "its reduction is over" if announcement.ends is not None and announcement.ends <= now else ""


def _base(product: Product, entry: PriceEntry | None, group: PriceGroup) -> Money | None:
    """The price now: the price list's or else the catalogue's, if it is in the group's currency."""
    known = (entry.gross if entry is not None else None, product.price)
    return next((price for price in known if price is not None and price.currency.code == group.currency), None)


def _entry(decision: Decision, product: Product, group: PriceGroup, at: datetime) -> PriceEntry:
    proposal = decision.proposal
    assert proposal.proposed is not None
    return PriceEntry(
        version=0,
        sku=product.sku,
        group=proposal.group,
        gross=proposal.proposed,
        tax=group.tax(product.tax),
        floor=proposal.floor,
        ceiling=proposal.ceiling,
        plan=decision.plan,
        reason=proposal.reasons[-1].text if proposal.reasons else "",
        approved_by=decision.decided_by,
        valid_from=at,
        announcement=proposal.announcement,
        valid_to=proposal.announcement.ends if proposal.announcement else None,
    )


def _adopt(
    bench: Workbench,
    group: PriceGroup,
    number: int,
    current: Mapping[Sku, PriceEntry],
    products: Mapping[Sku, Product],
    version: _Version,
    log: StageLog,
) -> None:
    """Take in the catalogue's price of everything that was never decided here, so that feeds can show it."""
    decided = {entry.sku for entry in version.entries if entry.group == group.name}
    for each in found_prices(bench, group, products, current):
        product = each.product
        if product.sku in decided:
            continue
        if each.wrong:
            log.put_aside(SetAside("publish", product.sku, each.wrong, where="catalogue", hint=each.hint))
            continue
        if each.before is not None:
            version.previous[group.name, product.sku] = each.before
        found = replace(adopted(product, each.price, group, number, version.at), run=version.run)
        version.entries.append(_with_terms(bench, found, product, log))
        log.count({"adopted": 1})


def _with_terms(bench: Workbench, entry: PriceEntry, product: Product, log: StageLog) -> PriceEntry:
    terms, wrong = terms_for(product, entry.gross, entry.floor, bench.publishing.terms)
    if wrong:
        hint = "the price goes out without it; mend the catalogue's column or [publishing.terms]"
        log.put_aside(SetAside("publish", entry.sku, wrong, hint=hint))
    return entry if terms == entry.terms else replace(entry, terms=terms)


def _restate(
    bench: Workbench,
    group: PriceGroup,
    current: Mapping[Sku, PriceEntry],
    products: Mapping[Sku, Product],
    version: _Version,
    log: StageLog,
) -> None:
    """Say prices once more whose tax rate, loyalty, coupon or unit price is another one by now."""
    said = {entry.sku for entry in version.entries if entry.group == group.name}
    for sku, entry in current.items():
        product = None if sku in said else products.get(sku)
        if product is None:
            continue
        terms, _ = terms_for(product, entry.gross, entry.floor, bench.publishing.terms)
        tax = group.tax(product.tax)
        if terms != entry.terms or tax != entry.tax:
            again = replace(entry, version=0, terms=terms, tax=tax, valid_from=version.at, run=version.run)
            version.restated.append(again)
            version.previous[group.name, sku] = entry.gross
            log.count({"restated": 1})


def adopted(product: Product, price: Money, group: PriceGroup, number: int, at: datetime) -> PriceEntry:
    """What the price list says of a price that was found, and not decided here."""
    return PriceEntry(
        version=0,
        sku=product.sku,
        group=group.name,
        gross=price,
        tax=group.tax(product.tax),
        floor=None,
        ceiling=None,
        plan=number,
        reason=ADOPTED,
        approved_by="",
        valid_from=at,
        adopted=True,
    )
