"""Recorded pages: a saved page beside what must be read from it, and how that differs from what is read.

A folder bears its site's name. In it `NAME.html` is a page as the site answered, `NAME.toml` says what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, Offer, PriceRole, Verdict
from pricewatch.located import Mistake, Section, build, read
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.reading import Reading
from pricewatch.scraping.learn_site import quoted

NONE = "none"
_OR = " or "


def _amount(text: str) -> str:
    if text != NONE and not re.fullmatch(r"\d{1,12}(\.\d{1,3})?", text):
        raise Mistake(f"{text!r} is no amount", f'write it as "1299.00", or "{NONE}" where there is none')
    return text


Amount = Annotated[str, AfterValidator(_amount)]
_AMOUNTS = frozenset({"price", "shipping", "was", "bid", "rating"})
Facts = Mapping[str, str]


class ExpectedOffer(Section):
    """What one offer must be read as. A key that is missing is not looked at; "none" means that there is none."""

    seller: str | None = None
    """The seller's name."""
    name: str | None = None
    """The item's title."""
    price: Amount | None = None
    """The price a buyer pays now, as in "1299.00", or "none"."""
    currency: str | None = None
    """ISO 4217 code."""
    role: PriceRole | None = None
    """What the price is: regular, sale, club …."""
    was: Amount | None = None
    """The struck price, or "none"."""
    shipping: Amount | None = None
    """Delivery on top of the price, "0.00" for free, "none" for unknown."""
    availability: Availability | None = None
    """in_stock, out_of_stock, pre_order, back_order or unknown."""
    condition: Condition | None = None
    """new, open_box, refurbished, used or unknown."""
    pieces: int | None = None
    """The stock quantity that is shown."""
    rating: Amount | None = None
    """The seller's rating in per cent, as in "98.50"."""
    bid: Amount | None = None
    """A running bid, which is no price, or "none"."""
    bids: int | None = None
    """The number of bids."""
    ends_at: datetime | None = None
    """When the auction ends."""
    featured: bool | None = None
    """Whether it is the offer that the page puts first: the buy box, the highlighted row."""


class Recording(ExpectedOffer):
    """A page and what must be read from it."""

    url: str
    """The address that the page was read at."""
    final_url: str = ""
    """The address after redirects."""
    status: int = 200
    """The status that the host answered."""
    content_type: str = ""
    """The Content-Type that the host answered."""
    verdict: Verdict = Verdict.PRODUCT
    """What the page is: product, listing, blocked, gone, unreadable or none."""
    brand: str | None = None
    """The item's brand."""
    gtin: str | None = None
    """The item's EAN, or "none"."""
    mpn: str | None = None
    """The manufacturer's part number."""
    sku: str | None = None
    """The site's own article number."""
    never: tuple[Amount, ...] = ()
    """Amounts on the page that no offer may have as its price: bids, instalments, other products."""
    offers: tuple[ExpectedOffer, ...] | None = None
    """All offers on the page, when it shows many."""
    note: str = ""
    """What this page is there to show."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was read otherwise than it must be."""

    key: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded page read again."""

    file: Path
    recording: Recording
    reading: Reading
    differences: tuple[Difference, ...]


def recordings(folder: Path) -> list[Path]:
    """The records of one site's folder, in the order of their names."""
    return sorted(folder.glob("*.toml"))


def page_of(record: Path) -> Path:
    """The saved page that belongs to a record."""
    return record.with_suffix(".html")


def replay(file: Path, site: SiteContext) -> Replay:
    """Read a recorded page as if the site had just answered it; raises ConfigError when record or page is amiss."""
    document = read(file)
    recording = build(Recording, document)
    try:
        body = page_of(file).read_bytes()
    except OSError as error:
        message = f"its page {page_of(file).name} cannot be read: {error.strerror}"
        raise ConfigError([Problem(document.file, 0, 0, message, "save the page beside the record")]) from error
    headers = {"content-type": recording.content_type} if recording.content_type else {}
    page = Page(recording.url, recording.final_url or recording.url, recording.status, headers, body, datetime.now(UTC))
    reading = read_page(page, site)
    return Replay(file, recording, reading, tuple(_differences(recording, reading)))


def _differences(recording: Recording, reading: Reading) -> Iterator[Difference]:
    offers = [finding.offer for finding in reading.findings]
    yield from _unlike("", recording, _page_facts(reading))
    if recording.offers is not None:
        yield from _offer_differences(recording.offers, offers)
    unwanted = {Decimal(amount) for amount in recording.never}
    for offer in offers:
        if offer.price is not None and offer.price.amount in unwanted:
            yield Difference(f"never {offer.price.text}", "nobody's price", f"the price of {_label(offer)}")


def _offer_differences(expected: Iterable[ExpectedOffer], offers: Iterable[Offer]) -> Iterator[Difference]:
    """Pair the offers by seller and name, in order, and compare each pair."""
    left = list(offers)
    for number, wanted in enumerate(expected, 1):
        label = f"offer {number} ({wanted.seller or wanted.name or wanted.price})"
        found = next((offer for offer in left if _is_meant(wanted, offer)), None)
        if found is None:
            yield Difference(label, wanted.price or "an offer", "missing")
            continue
        left.remove(found)
        yield from _unlike(f"{label} ", wanted, _facts(found))
    for offer in left:
        yield Difference("offers", "no more", f"{_label(offer)} {offer.price.text if offer.price else NONE}")


def _is_meant(wanted: ExpectedOffer, offer: Offer) -> bool:
    return wanted.seller in (None, offer.seller) and wanted.name in (None, offer.item.title)


def _label(offer: Offer) -> str:
    return offer.seller or offer.item.title or "the page"


def _unlike(prefix: str, wanted: ExpectedOffer, facts: Facts) -> Iterator[Difference]:
    for key in type(wanted).model_fields:
        value = getattr(wanted, key)
        if value is not None and key in facts and not _same(key, _text(value), facts[key]):
            yield Difference(prefix + key, _text(value), facts[key])


def _same(key: str, expected: str, found: str) -> bool:
    if key == "price" and _OR in found:  # an ambiguous price is none
        return expected == NONE
    plain = NONE in (expected, found) or key not in _AMOUNTS
    return expected == found if plain else Decimal(expected) == Decimal(found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return str(value) or NONE


def _page_facts(reading: Reading) -> Facts:
    """What the page as a whole says; a single offer's facts are the page's."""
    known = reading.identity
    price = _money(reading.price)
    own = {
        "price": _OR.join(reading.readings) if reading.ambiguous else price,
        "currency": (reading.price.currency.code if reading.price else reading.currency) or NONE,
        "role": reading.role.value,
        "was": _money(reading.was),
        "shipping": _money(reading.shipping),
        "availability": reading.availability.value,
        "condition": reading.condition.value,
        "seller": reading.seller or NONE,
        "pieces": _or_none(reading.pieces),
    }
    single = _facts(reading.findings[0].offer) if len(reading.findings) == 1 and not reading.ambiguous else {}
    return {
        **own,
        **single,
        "verdict": reading.verdict.value,
        "name": known.name or NONE,
        "brand": known.brand or NONE,
        "gtin": known.gtin or NONE,
        "mpn": known.mpn or NONE,
        "sku": known.sku or NONE,
    }


def _facts(offer: Offer) -> Facts:
    shown = offer.price or offer.bid
    return {
        "seller": offer.seller or NONE,
        "name": offer.item.title or NONE,
        "price": _money(offer.price),
        "currency": shown.currency.code if shown else NONE,
        "role": offer.role.value,
        "was": _money(offer.was_price),
        "shipping": _money(offer.shipping),
        "availability": offer.availability.value,
        "condition": offer.condition.value,
        "pieces": _or_none(offer.pieces),
        "rating": NONE if offer.seller_rating is None else f"{Decimal(offer.seller_rating) / 100:.2f}",
        "bid": _money(offer.bid),
        "bids": _or_none(offer.bids),
        "ends_at": _or_none(offer.ends_at),
        "featured": _text(offer.featured),
    }


def _money(money: Money | None) -> str:
    return NONE if money is None else money.text


def _or_none(value: object) -> str:
    return NONE if value is None else _text(value)


def record_text(page: Page, reading: Reading) -> str:
    """The record of a page as it reads now, for a person to compare with the page and put right."""
    lines = [
        "# Written from what was read: compare every line with the page, and put right what is wrong.",
        f"url = {quoted(page.url)}",
    ]
    lines += [f"final_url = {quoted(page.final_url)}"] if page.final_url != page.url else []
    lines += [f"status = {page.status}"] if page.status != 200 else []
    lines += [f"content_type = {quoted(kind)}"] if (kind := page.headers.get("content-type", "")) else []
    facts = _page_facts(reading)
    wanted = _OF_MANY if len(reading.findings) > 1 else _OF_ONE if reading.verdict is Verdict.PRODUCT else _OF_NONE
    lines += _stated(facts, wanted)
    for finding in reading.findings if len(reading.findings) > 1 else ():
        lines += ["", "[[offers]]", *_stated(_facts(finding.offer), _OF_OFFER)]
    return "\n".join(lines) + "\n"


_OF_NONE = ("verdict",)
_OF_MANY = ("verdict", "name", "brand", "gtin", "mpn")
_OF_OFFER = ("seller", "price", "currency", "shipping", "availability", "condition", "bid", "bids", "ends_at")
_OF_ONE = (
    *_OF_MANY,
    "seller",
    "price",
    "currency",
    "was",
    "shipping",
    "availability",
    "condition",
    "pieces",
    "bid",
    "bids",
    "ends_at",
)
_ALWAYS = frozenset({"verdict", "price", "availability"})
_BARE = frozenset({"pieces", "bids", "ends_at"})


def _stated(facts: Facts, keys: Iterable[str]) -> list[str]:
    known = [key for key in keys if key in _ALWAYS or facts.get(key, NONE) not in (NONE, "unknown")]
    return [f"{key} = {facts[key] if key in _BARE else quoted(_plain(key, facts[key]))}" for key in known]


def _plain(key: str, value: str) -> str:
    return NONE if key == "price" and _OR in value else value
