"""Who sells in a row of offers: a column, a data attribute, a name, a logo, or the words "sold by"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.dom import Document, ancestors, attribute, inside, text_of
from pricewatch.scraping.extract.facts import sold_by
from pricewatch.scraping.extract.neighbours import holds_money
from pricewatch.scraping.extract.numerals import plain
from pricewatch.scraping.extract.zones import names_of

_SELLER = (
    "[data-shop-name],[data-merchant-name],[data-seller-name],[data-merchant],[data-seller],[data-shopurl],"
    "[data-shop],[class*=merchant i],[class*=seller i],[class*=shop i],[class*=store i],[class*=vendor i],"
    "[class*=retailer i],[class*=dealer i],[class*=haendler i],[class*=handler i],[class*=sklep i],"
    "[data-test*=shop i],[data-testid*=shop i],[data-testid*=seller i],[data-testid*=merchant i],[data-dot*=shop i],"
    "[data-test*=seller i],[data-cy*=seller i],[data-cy*=shop i],"
    "[class*=sprzedaw i],[class*=verkoper i],[class*=prodejce i],[class*=obchod i],[class*=winkel i],[id*=soldBy i],"
    "[class*=vendeur i],[class*=marchand i],[class*=vendedor i],[class*=tienda i],[class*=venditore i],"
    "[class*=negozio i]"
)
_SELLER_MARKS = (
    "[class*=eller],[class*=endeur],[class*=ndedor],[class*=nditore],[class*=erchant],[data-merchant],[data-seller],"
    "[data-shop],[data-shop-name]"
)
_SELLER_ATTRIBUTES = (
    "data-shop-name", "data-merchant-name", "data-seller-name", "data-merchant", "data-seller", "data-shopurl",
    "data-shop",
)  # fmt: skip
_RATING = re.compile(
    r"^\[|^\W*(?:zum|go to|visit|idź|do sklepu|infos?\b|agb|bekijk|więcej|see|details?|shop$|sprawdź)|"
    r"^[\d\s.,%()★☆/+-]*$|bewertung|review|opini|rating|hodnocen|beoordel|avis|stars?\b|^\d",
    re.IGNORECASE,
)
_SELLER_COLUMN = re.compile(
    r"^\W*(?:sold by|seller|shop|store|merchant|vendor|retailer|sprzedawca|sklep|händler|anbieter|verkäufer|winkel|"
    r"verkoper|"
    r"obchod|prodejce|marchand|vendeur|tienda|vendedor|negozio|venditore)s?\b",
    re.IGNORECASE,
)
_SELLER_LABEL = re.compile(
    r"^\W*(?:verkäufer|anbieter|sold by|seller:|sprzedawca|sprzedaje|prodejce|prodává|vendeur|vendu par|verkoper|"
    r"verkoop door|verkauf durch|venduto da|vendido por)\b:?\s+(?=\S)",
    re.IGNORECASE,
)
_OF_RATING = re.compile(r"\s+(?:★ ?)?(?:10|\d)[.,]\d(?: ?/ ?5| ?★)?(?: ?\([\d .]+\))?$|\s+\(?\d{2,3}(?:[.,]\d)? ?%\)?$")
_OF_THE_LINK = re.compile(
    r"\W*\(?(?:opens? in (?:a )?new (?:window|tab)|"
    r"(?:link )?öffnet (?:sich )?(?:in )?(?:einem )?neue[nms]? (?:fenster|tab)|"
    r"otwiera się w now\w+ \w+|s'ouvre dans .{0,20}|(?:opent )?in (?:een )?nieuw (?:venster|tabblad)|v novém okně)\W*$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"name|logo|caption|title|(?:seller|merchant|shop|vendor)[-_]?link", re.IGNORECASE)
_NOT_SELLER = re.compile(
    r"rating|review|flag|icon|badge|link|info|delivery|stars|count|button|btn|price|availab|stock", re.IGNORECASE
)


_OFFERS = re.compile(
    r"\W*(?:(?:wszystkie|pozostałe|inne) (?:oferty|sprzedawc)|oferty (?:innych )?(?:sprzedawców|sklepów)|"
    r"(?:alle|weitere|andere) (?:angebote|verkäufer|händler)|(?:all|other|more) (?:offers|sellers)|"
    r"(?:alle|andere) (?:aanbied|verkopers)|(?:další|všechny) (?:nabídky|prodejci)|"
    r"(?:autres|tous les) (?:vendeurs|offres)|otros vendedores|altri venditori)",
    re.IGNORECASE,
)


def heads_offers(titles: Iterable[str]) -> bool:
    """Whether one of a page's sections is headed as the offers of several sellers."""
    return any(_OFFERS.match(title) for title in titles)


def may_have_rows(document: Document) -> bool:
    """Whether several elements are named after sellers: worth a look for offer rows in all of the page."""
    return len(document.all(_SELLER_MARKS)) > 2


class Sellers:
    """Who sells in the rows of one page, each looked at once: an element is a row of several patterns."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, row: LexborNode) -> str:
        """The seller named in a row."""
        known = self._known.get(row.mem_id)
        if known is None:
            known = self._known[row.mem_id] = seller_of(row)
        return known


def seller_of(row: LexborNode) -> str:
    """The seller named in a row: by a column, a data attribute, a name or logo, or the words "sold by"."""
    if column := _name_alone(cell_of(row, _SELLER_COLUMN)):
        return column
    nodes = [row, *inside(row, _SELLER)[:16]]
    for name in _SELLER_ATTRIBUTES:
        for node in nodes:
            value = attribute(node, name)
            if value and not value.isdigit():
                return _written_out(value[:100], row)
    ranked: list[tuple[int, str]] = []
    for node in nodes[1:]:
        markup = names_of(node.attributes)
        if _NOT_SELLER.search(markup) and not _NAMED.search(markup):
            continue
        rank = 0 if _NAMED.search(markup) else 1
        images = [node] if node.tag == "img" else inside(node, "img")[:3]
        ranked += [(rank, alt) for i in images if (alt := attribute(i, "alt") or attribute(i, "title"))]
        ranked.append((rank + (1 if node.tag != "a" else 0), text_of(node, 100)))
    ranked.sort(key=lambda pair: pair[0])
    names = (name for _, text in ranked if 2 <= len(name := _name_alone(text)) <= 60 and not _RATING.search(name))
    named = next((name for name in names if not holds_money(plain(name))), "")
    return named or sold_by([part.strip() for part in text_of(row, 600, "|").split("|")])


def _written_out(name: str, row: LexborNode) -> str:
    """A seller's name as the row shows it where an attribute has it as an address does: `media-world`."""
    if name != name.lower() or " " in name:
        return name
    images = (attribute(image, "alt") or attribute(image, "title") for image in inside(row, "img")[:4])
    shown = (*images, *(text_of(link, 60) for link in inside(row, "a,b,strong,span")[:12]))
    letters = _letters(name)
    return next((text for text in shown if _letters(text) == letters), name)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _name_alone(text: str) -> str:
    """A seller's name without its label, its rating, and what is said of its link to those who cannot see."""
    return _OF_RATING.sub("", _OF_THE_LINK.sub("", _SELLER_LABEL.sub("", text))).strip()


def cell_of(row: LexborNode, heading: re.Pattern[str]) -> str:
    """The text of a table row's cell in the column whose heading fits; empty when there is no such column."""
    table = next((a for a in ancestors(row, 4) if a.tag == "table"), None) if row.tag == "tr" else None
    if table is None:
        return ""
    headings = [text_of(node, 60) for node in inside(table, "th")[:12]]
    place = next((i for i, text in enumerate(headings) if heading.search(text)), -1)
    cells = inside(row, "td")
    if not 0 <= place < len(cells) or (place > 0 and len(cells) != len(headings)):
        return ""
    return text_of(cells[place], 100) or next((attribute(i, "alt") for i in inside(cells[place], "img")[:1]), "")
