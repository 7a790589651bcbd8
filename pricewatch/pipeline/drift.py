"""Pages that sell something else than what they were matched to: un-matched and reported before a price is used."""

from __future__ import annotations

from dataclasses import replace

from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import Item
from pricewatch.domain.product import Product
from pricewatch.matching.identifiers import brand_key, read_gtin
from pricewatch.matching.normalise import compact, fold
from pricewatch.matching.titles import another, shrunk
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Changed


def unmatch_changed(bench: Workbench, log: StageLog) -> None:
    """Put accepted matches back to a person where the page has turned into another product's; their prices no longer
    count. What a person had answered stays on record and is the reason why a person is asked again.
    """
    suspended = []
    for one in bench.store.matches.changed():
        product = bench.store.catalogue.get(one.match.sku)
        if product is None or not (reason := drifted(one.then, one.now, product)):
            continue
        suspended.append(_suggestion(one, reason))
        hint = f"pricewatch match review {product.sku}"
        log.put_aside(SetAside("match", product.sku, f"un-matched: {reason}", one.now.url, hint))
    if suspended:
        bench.store.matches.suspend(suspended)
        log.counts["unmatched"] += len(suspended)


def _suggestion(one: Changed, reason: str) -> Match:
    person = "" if one.match.decided_by == "auto" else f" ({one.match.decided_by} had accepted it as it was)"
    reasons = (f"the page has changed: {reason}{person}", *one.match.reasons)
    return replace(
        one.match, status=MatchStatus.SUGGESTED, probability=min(one.match.probability, 5_000), reasons=reasons
    )


def drifted(then: Item, now: Item, product: Product) -> str:
    """Why a page does not sell any more what it sold then, in words; empty when it does."""
    ours, before, after = (read_gtin(text).key for text in (product.gtin, then.gtin, now.gtin))
    if after and after == ours:
        return ""
    if before and after and before != after:
        return f"GTIN {after.lstrip('0')} instead of {before.lstrip('0')}"
    if then.title and now.title and shrunk(then.title, now.title):
        return f"{now.title[:80]!r} is all that is left of {then.title[:80]!r}"
    return another(then.title, now.title) or _other_brand(then, now)


def _other_brand(then: Item, now: Item) -> str:
    before, after = brand_key(then.brand), brand_key(now.brand)
    told = before in compact(fold(now.title)) or after in compact(fold(then.title))
    return f"brand {now.brand[:40]!r} instead of {then.brand[:40]!r}" if before and after and not told else ""
