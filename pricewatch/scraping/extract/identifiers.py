"""Which item a page is about: its name, brand, numbers and picture, by the best source that says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from pricewatch.scraping.extract.dom import Document, joined
from pricewatch.scraping.extract.hints import FieldHints
from pricewatch.scraping.extract.microdata import same_page
from pricewatch.scraping.extract.records import ProductFacts, Source
from pricewatch.scraping.extract.selectors import first

_GTIN_LABELS = ("EAN", "GTIN", "ISBN", "UPC", "arcode", "kreskowy")
_LABELLED_GTIN = re.compile(
    r"(?:EAN|GTIN|ISBN|UPC|[Bb]arcode|kreskowy)(?:[- ]?(?:13|8|14|12))?(?![A-Za-z])"
    r"(?:[\s:#.()]|[Cc]ode|[Nn]umber|[Nn]ummer){1,40}"
    r"((?:97[89][- ]?)?\d(?:[- ]?\d){6,12}[\dX])(?!\d)"
)
_WORD = re.compile(r"\w+")
_UNBROKEN = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
ALIKE = 0.6  # of the words of the shorter of two names that are in the longer one


class Identity(NamedTuple):
    """What is known of the item that a page is about; empty is unknown."""

    name: str = ""
    brand: str = ""
    gtin: str = ""
    sku: str = ""
    mpn: str = ""
    category: str = ""
    image: str = ""
    url: str = ""


def clean_gtin(text: str) -> str:
    """The 8, 12, 13 or 14 digits of a trade item number whose check digit is right, or empty; ISBN-10 becomes 13."""
    digits = re.sub(r"[\s-]", "", re.sub(r"^\D*(?:ean|gtin|isbn|upc)\D*?(?:13|14|12|8)?\W+", "", text.strip().lower()))
    if re.fullmatch(r"\d{9}[\dx]", digits):
        digits = _isbn13(digits)
    if not re.fullmatch(r"\d{8}|\d{12,14}", digits) or not digits.strip("0"):
        return ""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    return digits if total % 10 == 0 else ""


def _isbn13(isbn10: str) -> str:
    body = "978" + isbn10[:9]
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body))
    return body + str(-total % 10)


def main_products(found: Sequence[ProductFacts], document: Document) -> list[ProductFacts]:
    """For each source the product that the page is about, best first within the source."""
    kept: list[ProductFacts] = []
    for source in (Source.JSON_LD, Source.MICRODATA, Source.RDFA, Source.META):
        ranked = [p for p in found if p.source is source]
        if ranked and not _crowd(ranked, document):
            kept.append(_with_namesakes(max(ranked, key=lambda p: _likeness(p, document)), ranked))
    return kept


def is_foreign(product: ProductFacts, document: Document) -> bool:
    """Whether structured data seems to describe another item: few words of its name are those of the page.

    A model number in common, an address that is the page's, or one that has the item's number, tell that it is not.
    """
    if product.source is Source.META or not product.name or alike(product.name, document.heading):
        return False
    about = _terms(f"{document.heading} {document.title} {document.meta.get('og:title', '')}")
    words = _terms(product.name)
    if len(words) < 2 or not about:
        return False
    about |= _terms(f"{document.address} {document.canonical}")
    common = words & about
    if len(common) >= ALIKE * min(len(words), len(about)) or any(map(_is_model, common)):
        return False
    return not (_has_address(product, document) or names_variant(document.address, product.sku, product.gtin))


def _terms(text: str) -> set[str]:
    """The words of a text that tell something; of scripts without blanks every two signs that stand together."""
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if _UNBROKEN.search(word):
            found.update(word[n : n + 2] for n in range(len(word) - 1))
        elif len(word) > 2 or any(map(str.isdigit, word)):
            found.add(word)
    return found


def _is_model(word: str) -> bool:
    """Whether a word is a model's number: letters and digits, or many digits."""
    digits = sum(map(str.isdigit, word))
    return len(word) >= 4 and (0 < digits < len(word) or digits >= 5)


def _crowd(products: Sequence[ProductFacts], document: Document) -> bool:
    """Whether these are the items of a list rather than the page's own."""
    return len({p.name for p in products}) >= 3 and max(_likeness(p, document) for p in products) < 3


def _with_namesakes(best: ProductFacts, others: Sequence[ProductFacts]) -> ProductFacts:
    """Products of one name on one page are variants of one product: their offers belong together."""
    same = [p for p in others if p is not best and p.name and p.name == best.name and p.gtin == best.gtin]
    return best._replace(offers=best.offers + tuple(o for p in same for o in p.offers)) if same else best


def _likeness(product: ProductFacts, document: Document) -> int:
    score = 3 if _has_address(product, document) else 0
    if product.name and (alike(product.name, document.heading) or alike(product.name, document.title)):
        score += 3
    if any(offer.prices for offer in product.offers) or product.variants:
        score += 2
    return score


def _has_address(product: ProductFacts, document: Document) -> bool:
    """Whether structured data gives the item the page's own address."""
    url = joined(document.address, product.url) if product.url else ""
    return bool(url) and (
        same_page(url, document.address) or (document.canonical != "" and same_page(url, document.canonical))
    )


def alike(one: str, other: str) -> bool:
    """Whether most words of the shorter text are in the longer one."""
    first_words, other_words = set(_WORD.findall(one.lower())), set(_WORD.findall(other.lower()))
    if not first_words or not other_words:
        return False
    return len(first_words & other_words) >= ALIKE * min(len(first_words), len(other_words))


def identity(
    document: Document,
    products: Sequence[ProductFacts],
    hints: FieldHints,
    texts: Sequence[str],
    told: Mapping[str, str],
) -> Identity:
    """Merge what selectors, structured data, the page's heading and its labelled facts say of the item."""

    def said(selectors: tuple[str, ...], field: Callable[[ProductFacts], str]) -> str:
        return (first(document, selectors) if selectors else "") or _first(field(p) for p in products)

    structured = [p for p in products if p.source is not Source.META]
    name = (first(document, hints.name) if hints.name else "") or _first(p.name for p in structured)
    gtins = [first(document, hints.gtin), *(g for p in products for g in _gtins(p))]
    return Identity(
        name=(name or document.heading or _first(p.name for p in products) or document.title)[:500],
        brand=(_bare(said(hints.brand, lambda p: p.brand)) or told.get("brand", ""))[:200],
        gtin=_first(map(clean_gtin, gtins)) or _loose_gtin(document) or labelled_gtin(texts),
        sku=(said(hints.sku, lambda p: p.sku or _first(o.sku for o in p.offers)) or _number(told.get("sku", "")))[:100],
        mpn=(said(hints.mpn, lambda p: p.mpn) or _number(told.get("mpn", "")))[:100],
        category=said(hints.category, lambda p: p.category)[:300],
        image=joined(document.address, said(hints.image, lambda p: p.image))[:1000],
        url=document.canonical if document.canonical.startswith("http") else document.address,
    )


def _gtins(product: ProductFacts) -> Iterable[str]:
    yield product.gtin
    for offer in product.offers[:1]:
        yield offer.gtin
    yield product.sku if len(product.sku) in {12, 13} else ""
    yield product.mpn if len(product.mpn) in {12, 13} else ""


def _bare(brand: str) -> str:
    """A brand without the words of the link that it stands in: `All articles of the brand: Roborock`."""
    return brand.rpartition(":")[2].strip() if len(brand) > 20 else brand


def _number(text: str) -> str:
    """A labelled value when it looks like a number or code."""
    return text if re.search(r"\d", text) and len(text) <= 40 and text.count(" ") <= 2 else ""


def _loose_gtin(document: Document) -> str:
    """The one trade item number in meta elements that belong to no scope."""
    named = (a for _, a in document.landmarks.meta if (a.get("itemprop") or "").startswith(("gtin", "ean", "isbn")))
    found = {gtin for a in named if (gtin := clean_gtin(a.get("content") or ""))}
    return found.pop() if len(found) == 1 else ""


def labelled_gtin(texts: Sequence[str]) -> str:
    """The one trade item number that the page's texts label as such; empty when they label several."""
    text = "\n".join(texts)
    if not any(label in text for label in _GTIN_LABELS):
        return ""
    found = {gtin for match in _LABELLED_GTIN.finditer(text) if (gtin := clean_gtin(match.group(1)))}
    return found.pop() if len(found) == 1 else ""


def names_variant(url: str, *identifiers: str) -> bool:
    """Whether a page's address names one of these identifiers, as a path part or a query value."""
    long = [i.lower() for i in identifiers if len(i) > 2]
    return bool(long) and not _named_in(url).isdisjoint(long)


@lru_cache(maxsize=64)
def _named_in(url: str) -> frozenset[str]:
    """The path parts and query values of an address, in lower case."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return frozenset()
    values = parse_qsl(parts.query + "&" + parts.fragment.partition("#")[2]) + parse_qsl(parts.fragment)
    return frozenset([*(value.lower() for _, value in values), *re.split(r"[/_.\-]", parts.path.lower())])


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
