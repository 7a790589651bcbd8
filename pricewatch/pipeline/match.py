"""Find out which item is which product, and hear what people say about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby, islice

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.judge import Judgement, MatchVerdict, OfferJudge
from pricewatch.matching.model import MatchModel
from pricewatch.matching.settings import MatchingSettings
from pricewatch.matching.training import Told
from pricewatch.pipeline.affected import let_affected_wait
from pricewatch.pipeline.answers import BY_FILE, bound_pages, save_answers
from pricewatch.pipeline.drift import unmatch_changed
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Answer, Waiting

CHUNK = 10_000  # items that are judged beside each other and saved together
VERDICTS = {MatchVerdict.ACCEPT: MatchStatus.ACCEPTED, MatchVerdict.ASK: MatchStatus.SUGGESTED}


def match(bench: Workbench) -> StageReport:
    """Take in the map file, then judge every item that is new or has changed, or that a changed product may fit.

    What was judged before by the same model and thresholds is not judged again. Pages that sell something else than
    what they were matched to are un-matched and set aside.
    """
    with stage(bench, "match") as log:
        unmatch_changed(bench, log)
        save_answers(bench, chain(bench.match_map(), bound_pages(bench)), log, by="map")
        products = tuple(bench.store.catalogue.load().products.values())
        model = bench.match_model()
        again = let_affected_wait(bench, products)
        _judge_waiting(bench, products, model, log, again=again)
        log.counts.update({status.value: number for status, number in bench.store.matches.count().items()})
    return log.report()


def judge_name(model: MatchModel, settings: MatchingSettings) -> str:
    """What sets one judge's judgements apart from another's: the model and the thresholds."""
    return f"{model.name} {model.hash[:16]} {settings.accept}/{settings.suggest}/{settings.max_suggestions}"


def _judge_waiting(
    bench: Workbench, products: Sequence[Product], model: MatchModel, log: StageLog, *, again: bool
) -> None:
    name = judge_name(model, bench.matching)
    waiting = bench.store.matches.waiting(name)
    first = next(waiting, None)
    if first is None:
        return
    accepted = _accepted(bench) if again else {}
    judge = _judge(bench, products, model)
    for site, items in groupby(chain([first], waiting), key=lambda one: one.item.key.site):
        while chunk := list(islice(items, CHUNK)):
            found = list(_judged(judge, chunk, bench.clock.now()))
            _report_untitled(chunk, found, log)
            _report_unmatched(chunk, found, accepted, log)
            saved = bench.store.matches.settle(name, [one.item.key for one in chunk], found)
            log.count({"judged": len(chunk), "new": saved.added, "changed": saved.changed})
            bench.progress.advance("match", log.counts["judged"], None, site)


def _judge(bench: Workbench, products: Sequence[Product], model: MatchModel) -> OfferJudge:
    store = bench.store
    listed = store.prices.current(bench.groups[0].name)
    return OfferJudge(
        products,
        model=model,
        settings=bench.matching,
        prices={sku: entry.gross for sku, entry in listed.items()},
        known=store.sightings.items(),
        answers=store.matches.answered(),
    )


def _accepted(bench: Workbench) -> dict[ItemKey, Match]:
    """What was accepted without a person until now."""
    pairs = bench.store.matches.all(status=MatchStatus.ACCEPTED)
    return {pair.item: pair for pair in pairs if pair.decided_by == "auto"}


def _judged(judge: OfferJudge, chunk: Sequence[Waiting], at: datetime) -> Iterator[Match]:
    """The matches of each item that are worth keeping; one that fits several products is never accepted alone."""
    prices = {one.item.key: one.price for one in chunk if one.price is not None}
    for one, judgements in zip(chunk, judge.judge([one.item for one in chunk], prices), strict=True):
        sure = sum(each.verdict is MatchVerdict.ACCEPT for each in judgements)
        for judgement in judgements:
            if judgement.verdict in VERDICTS:
                found = _match(judgement, at)
                yield _careful(found, several=sure > 1, worn=one.worn)


def _match(judgement: Judgement, at: datetime) -> Match:
    return Match(
        sku=judgement.sku,
        item=judgement.item,
        status=VERDICTS[judgement.verdict],
        kind=judgement.kind,
        factor=judgement.factor,
        probability=judgement.probability,
        method=judgement.method,
        reasons=judgement.reasons,
        decided_at=at,
    )


def _careful(found: Match, *, several: bool, worn: bool) -> Match:
    """Worn goods are never the same product; what fits several products is asked about."""
    if worn:
        reasons = (*found.reasons, "every offer of it is used, refurbished or an open box")
        found = replace(found, kind=MatchKind.EQUIVALENT, factor=1, reasons=reasons)
    if several and found.status is MatchStatus.ACCEPTED:
        reasons = (*found.reasons, "another of our products fits as well")
        found = replace(found, status=MatchStatus.SUGGESTED, reasons=reasons)
    return found


def _report_untitled(chunk: Sequence[Waiting], found: Iterable[Match], log: StageLog) -> None:
    """Say of which items nothing could be read that is like ours."""
    known = {pair.item for pair in found}
    for key, item in ((one.item.key, one.item) for one in chunk):
        if not item.title.strip() and key not in known:
            reason, hint = (
                "neither a title nor an identifier of ours",
                "`pricewatch site test` shows what is read of it",
            )
            log.put_aside(SetAside("match", key.item, reason, item.url or key.site, hint))


def _report_unmatched(
    chunk: Sequence[Waiting], found: Iterable[Match], accepted: dict[ItemKey, Match], log: StageLog
) -> None:
    """Say which pairs counted until now and do not any more."""
    still = {(pair.sku, pair.item) for pair in found if pair.status is MatchStatus.ACCEPTED}
    for one in chunk:
        before = accepted.get(one.item.key)
        if before is not None and (before.sku, before.item) not in still:
            reason = f"no longer taken for {one.item.title[:80]!r}; its price does not count any more"
            hint = "`pricewatch match review` asks about it, if it is still likely"
            log.put_aside(SetAside("match", before.sku, reason, one.item.url, hint))
            log.counts["unmatched"] += 1


def decide_match(
    bench: Workbench,
    sku: Sku,
    item: ItemKey,
    status: MatchStatus,
    *,
    by: str,
    kind: MatchKind | None = None,
    factor: int | None = None,
) -> Match:
    """Record a person's answer for one pair; it wins over the model for ever. Kind and factor stay as suggested
    unless they are given.
    """
    if bench.store.catalogue.get(sku) is None:
        raise UsageError(f"no product {sku!r} in the catalogue", hint="`pricewatch catalogue import` adds products")
    known = known_pair(bench, sku, item)
    base = known or Match(sku=sku, item=item, status=status, method="person")
    chosen = kind or base.kind
    answer = replace(
        base,
        status=status,
        kind=chosen,
        factor=(factor or base.factor) if chosen is MatchKind.PACK else 1,
        decided_by=by,
        decided_at=bench.clock.now(),
        probability=10_000,
        method="person" if base.method == BY_FILE else base.method,
    )
    bench.store.matches.save([answer])
    _audit(bench, f"match {status}", answer, by)
    return answer


def known_pair(bench: Workbench, sku: Sku, item: ItemKey) -> Match | None:
    """What is known of a pair."""
    return next((pair for pair in bench.store.matches.of_item(item) if pair.sku == sku), None)


def take_back(bench: Workbench, answer: Match, before: Match | None, *, by: str) -> None:
    """Undo a person's answer; both stay on record."""
    bench.store.matches.take_back(replace(answer, decided_by=by), before)
    bench.store.matches.judge_again([answer.item])
    _audit(bench, "match taken back", answer, by)


def told(bench: Workbench) -> Iterator[Told]:
    """What people said of pairs, oldest first, with the texts that they saw; also of pages that have changed since."""
    return (_told(one) for one in bench.store.matches.answers() if one.said != MatchStatus.SUGGESTED)


def _told(one: Answer) -> Told:
    """Another pack or an equivalent is not the same product."""
    same = one.said == MatchStatus.ACCEPTED and one.kind is MatchKind.EXACT
    return Told(one.sku, one.item, one.ours, one.theirs, same if one.said in set(MatchStatus) else None)


def _audit(bench: Workbench, event: str, pair: Match, by: str) -> None:
    detail = f"{pair.sku} = {pair.item.site} {pair.item.item} {pair.item.variant}".strip()
    bench.store.control.audit(event, at=bench.clock.now(), by=by, detail=detail)
