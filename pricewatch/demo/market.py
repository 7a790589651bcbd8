"""The market of the demo: who asks what for which article, page by page, round by round.

Pure and seeded: the same seed, opening time and round give the same pages to the last byte. Between two rounds
only a share of the asks moves. What a page says here is the truth that its HTML is rendered from and that the
extraction is tested against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from pricewatch.demo.catalogue import DEFAULT_SEED, Article, catalogue, slug
from pricewatch.domain.offer import Availability, Condition, SiteKind

OWN_SHOP = "Dobry Warsztat"
MOVED_SHARE = 12  # percent of the asks that change their price from one round to the next
PLACEHOLDER = 999_999
SLIP = 100

# What one unit of the currency is worth in PLN, in millionths: a day's reference rates, near to real ones.
RATES = {"EUR": 4_262_300, "CZK": 174_900}

SELLERS = (
    "Elektromania24", "TaniSklep Rybnik", "ProNarzędzia", "e-Dom i Ogród", "MegaRTV", "Hurtownia Iskra", "SklepDlaDomu",
    "Agdex", "Bartek-Trade", "Złote Łapki", "Narzędziownik", "KupujPolskie", "Baltic Store", "Dom & Styl",
)  # fmt: skip
BIDDERS_SELLERS = (
    "marek_narzedzia", "outlet-wroclaw", "super_sklep77", "ania.k", "AGD_z_Niemiec", "drugie_zycie", "tomek1984",
    "firma-kowalczyk", "elektro_okazje", "strych_babci",
)  # fmt: skip


class Trap(StrEnum):
    """What is wrong with a page on purpose."""

    NONE = ""
    CAPTCHA = "captcha"  # a challenge instead of the product
    HANG = "hang"  # the host takes the request and never answers
    GONE = "gone"  # 404 from the second round on
    MISENCODED = "misencoded"  # says UTF-8, is windows-1250
    SOLD_OUT = "sold out"  # only the related products have prices
    PLACEHOLDER = "placeholder"  # 9999,99
    SLIP = "slip"  # the decimal comma gets lost in the second round: a hundredth of the price


class Identity(StrEnum):
    """How a page names the thing that it sells."""

    GTIN = "gtin"
    MPN = "mpn"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Ask:
    """One offer on a page, as its seller means it; amounts in minor units of `currency`.

    `shipping` None: the page does not say. A running bid has `bid` and no `price`.
    """

    article: Article
    seller: str
    price: int | None
    currency: str = "PLN"
    shipping: int | None = None
    availability: Availability = Availability.IN_STOCK
    condition: Condition = Condition.NEW
    was: int | None = None
    bid: int | None = None
    bids: int | None = None
    ends_at: datetime | None = None
    pieces: int | None = None
    rating: int | None = None  # basis points


@dataclass(frozen=True, slots=True)
class MarketPage:
    """One product page of a rival: all its asks, and what is wrong with it."""

    site: str
    path: str
    title: str
    language: str
    identity: Identity
    asks: tuple[Ask, ...]
    trap: Trap = Trap.NONE

    @property
    def article(self) -> Article:
        """What the page is about; of several variants the first."""
        return self.asks[0].article


@dataclass(frozen=True, slots=True)
class Rival:
    """One site of the market: its short name, its sign, what it is, and which departments it sells."""

    name: str
    title: str
    kind: SiteKind
    departments: tuple[str, ...]
    share: int  # percent of the articles of its departments that it lists
    sitemap: bool = True


RIVALS = (
    Rival("elektroport", "ElektroPort", SiteKind.SHOP, ("Elektronika", "Dom"), 62),
    Rival("majster24", "Majster24", SiteKind.SHOP, ("Narzędzia", "Ogród", "Sport"), 82, sitemap=False),
    Rival("czterykaty", "Cztery Kąty", SiteKind.SHOP, ("Dom", "Zdrowie", "Książki", "Spiżarnia"), 72),
    Rival("cenoradar", "CenoRadar", SiteKind.COMPARISON, ("Narzędzia", "Elektronika", "Dom", "Zdrowie", "Ogród"), 25),
    Rival("licytujtu", "LicytujTu", SiteKind.AUCTION, ("Narzędzia", "Elektronika", "Dom", "Sport"), 22, sitemap=False),
)


@dataclass(frozen=True, slots=True)
class Market:
    """All pages of all rivals in one round."""

    seed: int
    opened_at: datetime
    round: int
    pages: tuple[MarketPage, ...] = field(repr=False)

    def of(self, site: str) -> tuple[MarketPage, ...]:
        """The pages of one rival, in its own order."""
        return tuple(page for page in self.pages if page.site == site)

    def moved(self) -> Market:
        """The market one round later."""
        return open_market(self.opened_at, seed=self.seed, round_=self.round + 1)


def open_market(opened_at: datetime, *, seed: int = DEFAULT_SEED, round_: int = 1) -> Market:
    """Build the market of a round; `opened_at` (aware) is what the auctions' ends count from."""
    articles = catalogue(seed)
    pages = [page for rival in RIVALS for page in _pages(rival, articles, opened_at, seed)]
    return Market(seed, opened_at, round_, tuple(_at_round(page, seed, round_) for page in pages))


# --- who lists what ----------------------------------------------------------------------------------------------


def _pages(rival: Rival, articles: Sequence[Article], opened_at: datetime, seed: int) -> list[MarketPage]:
    listed = [a for a in articles if a.department in rival.departments and _lists(rival, a, seed)]
    groups = _by_model(listed) if rival.name == "elektroport" else [(a,) for a in listed]
    pages = [_page(rival, group, opened_at, seed) for group in groups]
    return [replace(page, trap=_TRAPS.get((rival.name, place), Trap.NONE)) for place, page in enumerate(pages)]


def _lists(rival: Rival, article: Article, seed: int) -> bool:
    chosen_by = article.model if rival.name == "elektroport" else article.sku
    return Random(f"{seed}/{rival.name}/lists/{chosen_by}").randrange(100) < rival.share


def _by_model(articles: Sequence[Article]) -> list[tuple[Article, ...]]:
    models: dict[str, list[Article]] = {}
    for article in articles:
        models.setdefault(article.model, []).append(article)
    return [tuple(group) for group in models.values()]


# Place of a page in its rival's order → what is wrong with it.
_TRAPS = {
    ("elektroport", 5): Trap.CAPTCHA,
    ("elektroport", 8): Trap.PLACEHOLDER,
    ("majster24", 3): Trap.SLIP,
    ("majster24", 9): Trap.HANG,
    ("czterykaty", 2): Trap.MISENCODED,
    ("czterykaty", 6): Trap.GONE,
    ("czterykaty", 11): Trap.SOLD_OUT,
}


def _page(rival: Rival, group: Sequence[Article], opened_at: datetime, seed: int) -> MarketPage:
    first = group[0]
    random = Random(f"{seed}/{rival.name}/page/{first.sku}")
    title = first.model if len(group) > 1 else first.name
    language = random.choices(("pl", "de", "cs"), (76, 12, 12))[0] if rival.name == "majster24" else "pl"
    return MarketPage(
        site=rival.name,
        path=_path(rival, title, language, first),
        title=title,
        language=language,
        identity=_identity(rival, random),
        asks=_asks(rival, group, language, opened_at, random),
    )


def _path(rival: Rival, title: str, language: str, article: Article) -> str:
    number = int(article.sku.removeprefix("DW-")) * 7 % 90_000
    return {
        "elektroport": f"/p/{slug(title)}-{number}",
        "majster24": f"/{language}/produkt/{number}/{slug(title)}",
        "czterykaty": f"/{slug(title)}.html",
        "cenoradar": f"/{number}",
        "licytujtu": f"/produkt/{slug(title)}-{number}",
    }[rival.name]


def _identity(rival: Rival, random: Random) -> Identity:
    weights = (40, 25, 35) if rival.kind is SiteKind.AUCTION else (82, 14, 4)
    return random.choices(tuple(Identity), weights)[0]


# --- what they ask -----------------------------------------------------------------------------------------------


def _asks(
    rival: Rival, group: Sequence[Article], language: str, opened_at: datetime, random: Random
) -> tuple[Ask, ...]:
    if rival.kind is SiteKind.COMPARISON:
        return _comparison_asks(group[0], random)
    if rival.kind is SiteKind.AUCTION:
        return _auction_asks(group[0], opened_at, random)
    return tuple(_shop_ask(rival, article, language, random) for article in group)


def _shop_ask(rival: Rival, article: Article, language: str, random: Random) -> Ask:
    currency = {"pl": "PLN", "de": "EUR", "cs": "CZK"}[language]
    price = _in_currency(_near(article.price, 91, 112, random), currency)
    sold_out = random.randrange(100) < 5
    return Ask(
        article,
        rival.title,
        price,
        currency,
        shipping=_shipping(price, random) if currency == "PLN" and rival.name != "czterykaty" else None,
        availability=Availability.OUT_OF_STOCK if sold_out else Availability.IN_STOCK,
        was=_priced_in(price * random.randint(108, 128) // 100, currency) if random.randrange(100) < 30 else None,
        pieces=None if sold_out else random.randint(1, 40),
    )


def _comparison_asks(article: Article, random: Random) -> tuple[Ask, ...]:
    sellers = random.sample(SELLERS, random.randint(3, 8))
    asks = [_seller_ask(article, seller, random) for seller in sellers]
    asks.append(Ask(article, OWN_SHOP, article.price, shipping=1299, rating=9870))
    return tuple(sorted(asks, key=lambda ask: ask.price or 0))


def _seller_ask(article: Article, seller: str, random: Random) -> Ask:
    price = _near(article.price, 93, 118, random)
    return Ask(
        article,
        seller,
        price,
        shipping=random.choice((0, 999, 1299, 1499, 1999, None)),
        availability=Availability.UNKNOWN if random.randrange(100) < 12 else Availability.IN_STOCK,
        rating=random.randint(8600, 10_000) // 10 * 10,
    )


def _auction_asks(article: Article, opened_at: datetime, random: Random) -> tuple[Ask, ...]:
    sellers = random.sample(BIDDERS_SELLERS, random.randint(3, 6))
    return tuple(_auction_ask(article, seller, place, opened_at, random) for place, seller in enumerate(sellers))


def _auction_ask(article: Article, seller: str, place: int, opened_at: datetime, random: Random) -> Ask:
    condition = random.choices(
        (Condition.NEW, Condition.USED, Condition.OPEN_BOX, Condition.REFURBISHED), (55, 27, 10, 8)
    )[0]
    value = (
        _near(article.price, 92, 110, random) if condition is Condition.NEW else _near(article.price, 45, 78, random)
    )
    ask = Ask(
        article,
        seller,
        value,
        shipping=random.choice((0, 899, 1099, 1499)),
        condition=condition,
        pieces=random.randint(1, 25) if condition is Condition.NEW else 1,
        rating=random.randint(9000, 10_000) // 10 * 10,
    )
    return _as_bid(ask, value, opened_at, random) if place % 3 == 1 else ask


def _as_bid(ask: Ask, value: int, opened_at: datetime, random: Random) -> Ask:
    """A running auction: it has not yet come near to what the thing is worth."""
    ends = opened_at + timedelta(days=random.randint(1, 6), minutes=random.randrange(0, 600, 5))
    bid = max(100, value * random.randint(20, 80) // 100 // 100 * 100)
    return replace(ask, price=None, bid=bid, bids=random.randint(1, 19), ends_at=ends, pieces=None)


def _near(price: int, low: int, high: int, random: Random) -> int:
    return _ending(price * random.randint(low * 10, high * 10) // 1000, random.choice((99, 99, 99, 0, 49, 90)))


def _ending(price: int, grosze: int = 99) -> int:
    return max(100, price // 100 * 100) + grosze


def _shipping(price: int, random: Random) -> int:
    return 0 if price >= 29_900 else random.choice((999, 1199, 1399, 1499))


def _in_currency(grosze: int, currency: str) -> int:
    if currency == "PLN":
        return grosze
    return _priced_in(grosze * 1_000_000 // RATES[currency], currency)


def _priced_in(minor: int, currency: str) -> int:
    """A price as shops of the country write it: whole crowns, else 99 at the end."""
    return minor // 100 * 100 if currency == "CZK" else _ending(minor)


# --- what happens between the rounds -----------------------------------------------------------------------------


def _at_round(page: MarketPage, seed: int, round_: int) -> MarketPage:
    moved = page
    for step in range(2, round_ + 1):
        asks = tuple(_step(ask, Random(f"{seed}/{page.site}{page.path}/{place}/{step}"))
                     for place, ask in enumerate(moved.asks))  # fmt: skip
        moved = replace(moved, asks=asks)
    return _sprung(moved, round_)


def _step(ask: Ask, random: Random) -> Ask:
    moves = random.randrange(100) < MOVED_SHARE and ask.seller != OWN_SHOP
    if ask.bid is not None and ask.bids is not None and moves:
        return replace(ask, bid=ask.bid + 500 * random.randint(1, 6), bids=ask.bids + random.randint(1, 3))
    if ask.price is None or not moves:
        return ask
    price = _priced_in(ask.price * random.choice((930, 950, 970, 1030, 1050)) // 1000, ask.currency)
    return replace(ask, price=price, was=ask.was if ask.was and ask.was > price else None)


def _sprung(page: MarketPage, round_: int) -> MarketPage:
    """The page with its trap: the numbers that it changes, and nothing else."""
    ask = page.asks[0]
    if page.trap is Trap.PLACEHOLDER:
        return replace(page, asks=(replace(ask, price=PLACEHOLDER, was=None),))
    if page.trap is Trap.SOLD_OUT:
        return replace(page, asks=(replace(ask, price=None, was=None, availability=Availability.OUT_OF_STOCK),))
    if page.trap is Trap.SLIP and round_ >= 2 and ask.price is not None:
        return replace(page, asks=(replace(ask, price=-(-ask.price // SLIP), was=None),))
    return page
