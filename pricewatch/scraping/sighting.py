"""From what a page showed to what is stored: usable observations, the rest set aside with its reason. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pricewatch.domain.errors import FetchError, FetchErrorKind, SetAside
from pricewatch.domain.offer import Availability, ItemKey, Observation, Offer, SiteKind, Verdict
from pricewatch.ports import Extraction, Finding, KeptPage, Page, Sighting, Target
from pricewatch.scraping.urls import canonical_url, is_web_address

STAGE = "scrape"
GONE = frozenset({404, 410})
REFUSED = frozenset({401, 403, 407, 429, 451})
EARLY = 0.9  # due a tenth early, so that a schedule with the same interval does not miss it by seconds
FIRST_RETRY = 900.0
LATER_GONE = 4

REASONS = {
    Verdict.BLOCKED: (
        "the site shows a challenge, consent or login page instead",
        "read it less often, or ask its owner",
    ),
    Verdict.GONE: ("the page says that the item is no longer there", "remove the target, or find its new address"),
    Verdict.LISTING: ("it lists several products, it is no product page", "use it as a start page in [crawl]"),
    Verdict.UNREADABLE: ("the page cannot be read", "look at it with `pricewatch extract`"),
    Verdict.NONE: ("no offer was found on it", "look at it with `pricewatch extract`"),
}


def sighting_of(
    target: Target, kind: SiteKind, page: Page, extraction: Extraction, *, revisit: float, keep: bool = False
) -> Sighting:
    """Sort the findings of one page.

    Offers without a usable price or stock state are set aside; those that the page itself contradicts are kept, in
    quarantine. Both are counted by reason in the sighting's `set_aside`. `keep` hands on the page as evidence.
    """
    if page.not_modified:
        return Sighting(_read(target, page, target.verdict, revisit), target.verdict, not_modified=True)
    verdict = _verdict(page, extraction.verdict)
    offers = verdict is Verdict.PRODUCT or (verdict is Verdict.LISTING and kind is not SiteKind.SHOP)
    if not offers or not extraction.findings:
        return _without_offers(target, page, verdict, extraction.message, revisit)
    usable = [finding for finding in extraction.findings if not fault(finding)]
    observations = tuple(
        Observation(
            _identified(finding.offer, target.site, kind, page),
            page.fetched_at,
            finding.evidence,
            target=target.url,
            quarantine=contradiction(finding),
        )
        for finding in usable
    )
    troubles = Counter(filter(None, (fault(finding) or contradiction(finding) for finding in extraction.findings)))
    aside = _aside(target.url, troubles, len(extraction.findings))
    pages = _kept(page, observations) if keep else ()
    return Sighting(_read(target, page, verdict, revisit), verdict, observations, aside, pages=pages)


def _kept(page: Page, observations: Sequence[Observation]) -> tuple[KeptPage, ...]:
    content_type = page.headers.get("content-type", "")
    hashes = dict.fromkeys(observation.evidence.page_hash for observation in observations)
    return tuple(KeptPage(page_hash, page.body, content_type) for page_hash in hashes if page_hash)


def failed(target: Target, error: FetchError, at: datetime, *, revisit: float) -> Sighting:
    """The sighting of a page that could not be had; it is tried again sooner than a good one, later each time.

    A page whose host is left alone was not asked for: it stays due as it is.
    """
    if error.kind is FetchErrorKind.PAUSED:
        return left_over(target, error.message, error.hint)
    blocked = error.kind is FetchErrorKind.BLOCKED
    verdict = Verdict.BLOCKED if blocked else Verdict.UNREADABLE if error.kind is FetchErrorKind.DECODING else None
    wait = max(error.retry_after or 0.0, min(revisit, FIRST_RETRY * 2 ** min(target.failures, 10)))
    updated = replace(
        target,
        failures=target.failures + 1,
        message=error.message,
        due_at=at + timedelta(seconds=wait),
        verdict=verdict or target.verdict,
    )
    return Sighting(updated, verdict, set_aside=SetAside(STAGE, target.url, error.message, error.where, error.hint))


def left_over(target: Target, reason: str, hint: str = "") -> Sighting:
    """The sighting of a page that was not asked for; it stays due as it is."""
    return Sighting(target, None, set_aside=SetAside(STAGE, target.url, reason, hint=hint))


def _verdict(page: Page, said: Verdict) -> Verdict:
    """An error status outweighs what the page looks like: error pages show other products' prices."""
    if page.status < 400 or said in (Verdict.BLOCKED, Verdict.GONE):
        return said
    if page.status in GONE:
        return Verdict.GONE
    return Verdict.BLOCKED if page.status in REFUSED else Verdict.UNREADABLE


def _without_offers(target: Target, page: Page, verdict: Verdict, message: str, revisit: float) -> Sighting:
    verdict = Verdict.NONE if verdict is Verdict.PRODUCT else verdict
    reason, hint = REASONS[verdict]
    status = f" (status {page.status})" if page.status >= 400 and f"status {page.status}" not in message else ""
    words = f"{reason}{status}: {message}" if message else f"{reason}{status}"
    updated = replace(
        _read(target, page, verdict, revisit * (LATER_GONE if verdict is Verdict.GONE else 1)),
        failures=target.failures + 1,
        message=words,
        etag="",
        last_modified="",
    )
    return Sighting(updated, verdict, set_aside=SetAside(STAGE, target.url, words, page.final_url, hint))


def _read(target: Target, page: Page, verdict: Verdict | None, revisit: float) -> Target:
    return replace(
        target,
        etag=page.headers.get("etag", target.etag if page.not_modified else ""),
        last_modified=page.headers.get("last-modified", target.last_modified if page.not_modified else ""),
        seen_at=page.fetched_at,
        due_at=page.fetched_at + timedelta(seconds=revisit * EARLY),
        verdict=verdict,
        failures=0,
        message="",
    )


def fault(finding: Finding) -> str:
    """Why a finding is not used; empty = it is."""
    offer = finding.offer
    if finding.ambiguous:
        return (
            f"the price can be read as {' or '.join(finding.readings[:4])}" if finding.readings else "ambiguous price"
        )
    if offer.price is not None and offer.price.minor <= 0:
        return "a price of 0 is no price"
    if offer.price is None and offer.bid is None and offer.availability is Availability.UNKNOWN:
        return "neither a price nor a stock state"
    return ""


def contradiction(finding: Finding) -> str:
    """Why a finding is held back; empty = it is not."""
    contradicted = finding.conflict and finding.offer.price is not None
    return f"the page contradicts itself: {finding.conflict}" if contradicted else ""


def _aside(url: str, faults: Counter[str], offers: int) -> SetAside | None:
    if not faults:
        return None
    reasons = "; ".join(f"{count} × {reason}" if offers > 1 else reason for reason, count in faults.most_common(3))
    unused = f"{faults.total()} of {offers} offers not used: " if offers > 1 else ""
    return SetAside(STAGE, url, f"{unused}{reasons}", hint="`pricewatch extract --explain` shows every reading")


def _identified(offer: Offer, site: str, kind: SiteKind, page: Page) -> Offer:
    """Give the item its lasting key: one spelling of the page's address, and the variant on it.

    A page's own idea of its canonical address is not asked: shops that name their front page there would make all
    their products one. On auction portals every row is an item of its own; on marketplaces a row is one where the
    extractor took it for one; elsewhere all rows of a page offer the page's item.
    """
    item, place = offer.item, page.final_url
    if kind is SiteKind.AUCTION and is_web_address(offer.url):
        place = offer.url
    elif kind is SiteKind.MARKETPLACE and is_web_address(item.url):
        place = item.url
    variant = "" if kind is SiteKind.COMPARISON else item.key.variant
    return replace(offer, item=replace(item, key=ItemKey(site, canonical_url(place), variant), url=place))
