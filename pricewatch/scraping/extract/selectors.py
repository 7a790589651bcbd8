"""What a site's own selectors find: prices by role, facts, and offer rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.dom import TEXT, Document, attribute, inside, path_of, squeeze, text_of
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.extract.numerals import Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.roles import role_of
from pricewatch.scraping.extract.tax import is_net

MAX_MATCHES = 20


def find(root: Document | LexborNode, selector: str) -> list[tuple[str, LexborNode]]:
    """The texts (or attributes, for `css@attribute`) that one hint finds, with their nodes.

    `@attribute` alone reads the attribute of the root itself, which is how an offer row names its seller.
    """
    css, _, wanted = selector.partition("@")
    if not css:
        nodes = [] if isinstance(root, Document) else [root]
    else:
        nodes = root.all(css) if isinstance(root, Document) else inside(root, css)
    found = [(attribute(n, wanted) if wanted else text_of(n), n) for n in nodes[:MAX_MATCHES]]
    return [(text, node) for text, node in found if text]


def first(root: Document | LexborNode, selectors: Iterable[str]) -> str:
    """The first text that any of the selectors finds; empty when none does."""
    return next((text for selector in selectors for text, _ in find(root, selector)), "")


def prices(document: Document, site: SiteContext) -> list[Candidate]:
    """Every price that the site's own selectors find, with the role they were written for."""
    found: list[Candidate] = []
    for role, selectors in site.hints.prices.items():
        hit = next((hits for s in selectors if (hits := find(document, s))), [])
        for text, node in hit[:1] if role in _SINGLE else hit:
            made = priced(text, role, path_of(node), site, document.language)
            if made:
                found.append(made)
    return found


def bid(document: Document, site: SiteContext) -> Candidate | None:
    """The running bid that the site's own selector finds."""
    return _told(document, site, site.hints.fields.bid, PriceRole.BID)


def only_bid(document: Document, site: SiteContext, found: Iterable[Candidate]) -> bool:
    """Whether a bid is running where the site's own price selectors, if it has any, find no price to buy at."""
    priced_by_hand = any(role in _SINGLE for role in site.hints.prices)
    return priced_by_hand and not any(c.role in _SINGLE for c in found) and bid(document, site) is not None


def shipping(document: Document, site: SiteContext) -> Candidate | None:
    """The delivery cost that the site's own selector finds."""
    return _told(document, site, site.hints.fields.shipping, PriceRole.SHIPPING)


def _told(document: Document, site: SiteContext, hints: tuple[str, ...], role: PriceRole) -> Candidate | None:
    text = first(document, hints) if hints else ""
    return priced(text, role, role.value, site, document.language) if text else None


_SINGLE = frozenset({PriceRole.REGULAR, PriceRole.SALE})


def priced(text: str, role: PriceRole, where: str, site: SiteContext, language: str = "") -> Candidate | None:
    """A candidate out of the text of a selector; None when it holds no amount above zero."""
    reading = parse_price(
        _joined(text), locale=site.locale or language, currency=site.currency or None, decimal=site.hints.decimal
    )
    amounts = reading.amounts_above_zero()
    if not amounts:
        return None
    return Candidate(Source.SELECTOR, role, amounts, reading.currency, text[:80], where)


def asked(root: LexborNode, selectors: Iterable[str], *, net: bool) -> str:
    """The text that selectors find in a row, narrowed to what a buyer pays: nothing struck out, no instalment, no unit.

    Empty where every amount in it is something else, such as a price for members or one without tax (unless `net`).
    """
    found = next((hits[0] for s in selectors if (hits := find(root, s))), None)
    if found is None:
        return ""
    text, node = found
    text = _not_struck(node) or text if inside(node, "del,s,strike") else text
    line = plain(text)
    money = [n for n in numerals(line) if is_plain_money(n)]
    open_ones = [n for n in money if _is_asked(line, money, n, net)]
    if len(open_ones) == len(money):
        return text
    return line[open_ones[0].start : open_ones[0].end] if open_ones else ""


def _is_asked(line: str, money: list[Numeral], number: Numeral, net: bool) -> bool:
    earlier = max((n.end for n in money if n.start < number.start), default=0)
    before, behind = line[earlier : number.start], line[number.end :]
    role, _ = role_of(before, behind, "", "", struck=False)
    return role in _ASKED and (net or not is_net(before, behind, ""))


def _not_struck(node: LexborNode) -> str:
    """The text of an element without what is struck out in it."""
    struck = {inner.mem_id for part in inside(node, "del,s,strike") for inner in part.traverse(include_text=True)}
    texts = (
        n.text_content or "" for n in node.traverse(include_text=True) if n.tag_id == TEXT and n.mem_id not in struck
    )
    return squeeze(" ".join(texts))


_ASKED = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
_IN_PIECES = re.compile(r"(\D*\d{1,3}(?: \d{3})*|\D*\d{4,}) (\d{2}(?: ?\D*)?)")


def _joined(text: str) -> str:
    """Put the decimals that stand in an element of their own behind the whole number: `1 049 99 zł`."""
    pieces = _IN_PIECES.fullmatch(text)
    return f"{pieces[1]}.{pieces[2]}" if pieces else text


def mistakes(hints: ReadHints) -> tuple[str, ...]:
    """Every selector of a site definition that is not CSS, in words (empty = all are)."""
    blank = LexborHTMLParser("<p></p>")
    wrong = []
    for selector in _all_selectors(hints):
        try:
            blank.css(selector.partition("@")[0] or "p")
        except SelectolaxError:
            wrong.append(f"{selector!r} is not a CSS selector")
    return tuple(wrong)


def _all_selectors(hints: ReadHints) -> list[str]:
    groups: list[Iterable[str]] = [*hints.prices.values(), hints.ignore]
    sections = [hints.fields.model_dump(), hints.offers.model_dump()]
    groups += [(value,) if isinstance(value, str) else value for section in sections for value in section.values()]
    return [selector for group in groups for selector in group if selector]
