"""Offer rows and tiles that no site definition describes: prices that repeat in one pattern of markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import Availability, Condition, PriceRole
from pricewatch.scraping.extract.condition import condition_of, whole_line
from pricewatch.scraping.extract.dom import (
    Document,
    ancestors,
    attribute,
    ids,
    inside,
    joined,
    path_of,
    squeeze,
    text_of,
)
from pricewatch.scraping.extract.facts import sold_by
from pricewatch.scraping.extract.featured import is_featured, once_each
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.identifiers import alike
from pricewatch.scraping.extract.neighbours import holds_money
from pricewatch.scraping.extract.numerals import Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.offers import FREE, THRESHOLD, rating_of
from pricewatch.scraping.extract.price_text import amounts_of
from pricewatch.scraping.extract.records import Candidate, RowFacts, Source
from pricewatch.scraping.extract.roles import role_of
from pricewatch.scraping.extract.sellers import Sellers, cell_of
from pricewatch.scraping.extract.stock import MAX_PHRASE, availability_of, shown
from pricewatch.scraping.extract.unnamed import TO_SHOP, sellers_in
from pricewatch.scraping.extract.visible import Scan, Spot
from pricewatch.scraping.extract.zones import names_of

MAX_ROWS = 200
LONGEST_CONDITION = 40
LONGEST_SELLER = 40
MAX_CLIMB = 14
CLOSE = 4  # steps from a price up to the row that it alone stands in
_SHIPPING = (
    "[class*=shipping i],[class*=delivery i],[class*=versand i],[class*=dostaw i],[class*=doprav i],[class*=verzend i],"
    "[class*=postage i],[class*=freight i]"
)
_SHIPPING_WORDS = re.compile(
    r"shipping|delivery|postage|p&p|versand|lieferung|zustellung|dostaw|wysyłk|przesyłk|doprav|verzend|bezorg|poštovn|"
    r"livraison|frais de port|env[ií]o|spedizione|\bsped\.|consegna|entrega|portes\b|frakt|fragt|szállítás|toimitus|"
    r"livrare|dostava|доставк|送料|配送|運費|运费|배송",
    re.IGNORECASE,
)
_WITH_SHIPPING = (
    r"(?:price|preis|prijs|cena|prix|prezzo|precio|pris|ár)\b.{0,3}(?:\+|incl|inkl|z\b|s\b|mit\b|met\b|with|avec|con\b)"
)
_SHIPPING_COLUMN = re.compile(rf"^(?!.*{_WITH_SHIPPING}).*(?:{_SHIPPING_WORDS.pattern})", re.IGNORECASE)
_INCLUDED = (
    r"(?:incl|inkl|including|vč|včetně|compris|inclus)\w*\.? (?:(?:gastos|frais|spese) (?:de |di )?)?"
    r"(?:shipping|delivery|verzend|versand|liefer|doprav|livraison|port\b|env[ií]o|spedizione|frakt|fragt)|"
    r"(?:shipping|delivery|versand\w*|verzend\w*|dopravy?|livraison|port|env[ií]o|spedizione|frakt|fragt) "
    r"(?:incl|inkl|comp)|con env[ií]o\b|z (?:wysyłką|dostawą)|s dopravou"
)
_LANDED = re.compile(
    rf"{_INCLUDED}|total|gesamt|totaal|celkem|razem|łącznie",
    re.IGNORECASE,
)
_IS_INCLUDED = re.compile(_INCLUDED, re.IGNORECASE)
_LANDED_COLUMN = re.compile(rf"{_LANDED.pattern}|{_WITH_SHIPPING}", re.IGNORECASE)
_STOCK = (
    "[class*=avail i],[class*=stock i],[class*=lager i],[class*=dostepn i],[class*=delivery i],[class*=status i],"
    "[class*=sklad i],[class*=delivery-info i],[class*=dostupn i],[class*=voorraad i],[class*=levertijd i],"
    "[class*=verfueg i],[class*=verfüg i]"
)
_TITLED = "[title],[aria-label]"
_CONDITION = "[class*=condition i],[class*=zustand i],[class*=stan- i],[data-condition]"
_OFFER = re.compile(r"offer|angebot|oferta|aanbied|nabidk|(?:^|[ _-])ofert")
_CENTS = re.compile(r"[.,]\d\d$")
_SET_APART = re.compile(r" [·•|,/] ")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")
(_CELL,) = ids("td")
_PRICED = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM, PriceRole.OTHER_PRODUCT})


def offer_rows(document: Document, scan: Scan, scored: Sequence[Candidate | None], site: SiteContext) -> list[RowFacts]:
    """The rows of the pattern in which most different sellers stand beside prices; empty when none has two."""
    best: list[RowFacts] = []
    sellers = Sellers()
    for group in _patterns(scan, scored):
        holders = _holders(group)
        if len(holders) <= len(best) or not any(sellers.of(n) for n, _ in holders[:2]) or _tiled(holders, document):
            continue
        sold = [(node, candidate, seller) for node, candidate in holders if (seller := sellers.of(node))]
        several = len({seller for _, _, seller in sold}) >= 2 and len(sold) * 2 > len(holders)
        if several and len(sold) > len(best) and not _are_totals(holders):
            best = [_offer(node, candidate, seller, document, site) for node, candidate, seller in sold]
    best = best or _of_offers(scan, scored, document, site) or _unnamed(scan, scored, document, site)
    return once_each(best) or _only_one(document, scan, scored, site, sellers)


def _unnamed(scan: Scan, scored: Sequence[Candidate | None], document: Document, site: SiteContext) -> list[RowFacts]:
    """Rows that lead to a shop each, below the title; their markup names no seller."""
    for group in _patterns(scan, scored):
        holders = _holders(group) if group[0][0].order > scan.heading else []
        names = sellers_in([row for row, _ in holders])
        if names and not _tiled(holders, document):
            return [_offer(*holder, name, document, site) for holder, name in zip(holders, names, strict=True)]
    return []


def _of_offers(scan: Scan, scored: Sequence[Candidate | None], document: Document, site: SiteContext) -> list[RowFacts]:
    """Rows that are called offers, tell delivery or condition each, and open with a short name: that of the seller."""
    for group in _patterns(scan, scored):
        if not _OFFER.search(group[0][0].shape):
            continue
        holders = _holders(group)
        if not all(_is_an_offer(row) for row, _ in holders) or _tiled(holders, document):
            continue
        found = [(row, candidate, _opening(row)) for row, candidate in holders]
        if len({name for _, _, name in found if name}) == len(found) > 1:
            return [_offer(row, candidate, name, document, site) for row, candidate, name in found]
    return []


def _is_an_offer(row: LexborNode) -> bool:
    """Whether a row, or what holds it, is called an offer, and the row says how it is delivered or in what state."""
    called = any(_OFFER.search(names_of(step.attributes)) for step in (row, *ancestors(row, 1)))
    text = text_of(row, 600) if called else ""
    return _SHIPPING_WORDS.search(text) is not None or condition_of(text) is not Condition.UNKNOWN


def _opening(row: LexborNode) -> str:
    """The short name that a row opens with; empty where that is no name."""
    name = text_of(row, 300, " | ").partition(" | ")[0].strip()
    is_name = 2 <= len(name) <= LONGEST_SELLER and any(map(str.isalpha, name)) and not holds_money(plain(name))
    return name if is_name and whole_line(name) is Condition.UNKNOWN and not _SHIPPING_WORDS.search(name) else ""


def _only_one(
    document: Document, scan: Scan, scored: Sequence[Candidate | None], site: SiteContext, sellers: Sellers
) -> list[RowFacts]:
    """The one offer of a comparison page: a price below the title with its seller and the way to the shop."""
    looked_at: set[int] = set()
    for spot, price in zip(scan.spots, scored, strict=True):
        if not (price and price.role in _PRICED and price.codes and spot.order > scan.heading) or spot.zone.other:
            continue
        for step in ancestors(spot.node, CLOSE):
            if step.mem_id in looked_at:
                continue
            looked_at.add(step.mem_id)
            if TO_SHOP.search(text_of(step, 400).lower()) and (seller := sellers.of(step)):
                return [_offer(step, price, seller, document, site)]
    return []


def _are_totals(holders: list[tuple[LexborNode, Candidate]]) -> bool:
    """Whether these prices stand in the column of the totals."""
    pairs = [(candidate.text.strip(), cell_of(row, _LANDED_COLUMN)) for row, candidate in holders[:4]]
    return all(total and text in total for text, total in pairs)


def _tiled(holders: list[tuple[LexborNode, Candidate]], document: Document) -> bool:
    """Whether the rows are different items: most carry a long name of their own that is not the page's."""
    names = [_named(node)[0] for node, _ in holders[:12]]
    long = {name for name in names if len(name.split()) >= 3 and not alike(name, document.heading)}
    return len(long) > 1 and len(long) * 2 >= len(names)


def tiles(document: Document, scan: Scan, scored: Sequence[Candidate | None]) -> list[RowFacts]:
    """The items of a listing: the pattern with most names, each item with its link; most rows must have a name."""
    best: list[RowFacts] = []
    most = 1
    for group in _patterns(scan, scored):
        holders = _holders(group)
        if len(holders) <= most:
            continue
        rows = [(node, candidate, *_named(node)) for node, candidate in holders]
        names = {name for _, _, name, _ in rows if name}
        if len(names) > most and len(names) * 2 > len(rows):
            best, most = [_tile(*row, document) for row in rows if row[2] or row[3]], len(names)
    return best


def choices(document: Document) -> list[RowFacts]:
    """The options of a selection field that show a price each: the variants of one item."""
    rows: list[RowFacts] = []
    for option in document.options[:MAX_ROWS]:
        text = option.text()[:200]
        if not any(map(str.isdigit, text)):
            continue
        text = plain(squeeze(text))
        found = [n for n in numerals(text) if is_plain_money(n)]
        if len(found) != 1 or text[: found[0].start].rstrip().endswith(("+", "(+")):
            continue
        name = squeeze((text[: found[0].start] + " " + text[found[0].end :]).strip(" -–:,()+"))
        candidate = _candidate(found[0].digits, found[0].codes, text, path_of(option))
        if candidate and name:
            rows.append(RowFacts(price=candidate, name=name, where=candidate.where))
    return rows if len(rows) > 1 else []


_NO_CHOICE = re.compile(
    r"kurier|courier|paczk|odbiór|abhol|ophalen|pickup|zásilk|balík|odběr|\bpost\b|poczta|\b(?:dhl|dpd|ups|gls|"
    r"inpost)\b|"
    r"paypal|przelew|blik|überweisung|nachnahme|dobírk|ideal\b|gwaranc|garant|ochron|ubezp|versicher|verzeker|pojišt|"
    r"ship|deliver|dostaw|versand|liefer|verzend|bezorg|doprav|pay|zahl|płat|plat|betaal|warrant|insur|gift"
)


def radios(document: Document) -> list[RowFacts]:
    """The choices of a group of radio buttons that each show a price: the variants of one item."""
    groups: dict[str, list[RowFacts]] = {}
    buttons = document.radios[:MAX_ROWS]
    labels = {attribute(node, "for"): node for node in document.all("label[for]")[:MAX_ROWS]} if buttons else {}
    for button in buttons:
        group = attribute(button, "name")
        label = labels.get(attribute(button, "id")) or next((a for a in ancestors(button, 3) if a.tag == "label"), None)
        if label is None or not group or _NO_CHOICE.search(group.lower()):
            continue
        if row := _choice(label):
            groups.setdefault(group, []).append(row)
    best = max(groups.values(), key=len, default=[])
    return best if len({row.name for row in best}) > 1 else []


def _choice(label: LexborNode) -> RowFacts | None:
    """What one choice is called and costs; None for what comes on top, and for ways to deliver or to pay."""
    text = plain(text_of(label, 200))
    found = [n for n in numerals(text) if is_plain_money(n)]
    if len(found) != 1 or _NO_CHOICE.search(text.lower()) or text[: found[0].start].rstrip().endswith("+"):
        return None
    before, behind = text[: found[0].start], text[found[0].end :]
    if role_of(before, behind, "", "", struck=False)[0] is not PriceRole.REGULAR:
        return None
    name = squeeze(f"{before} {behind}".strip(" -–:,()+"))
    price = _candidate(found[0].digits, found[0].codes, text, path_of(label))
    return RowFacts(price=price, name=name, where=price.where) if price and name else None


def _candidate(digits: str, codes: tuple[str, ...], text: str, where: str) -> Candidate | None:
    amounts = tuple(a for a in amounts_of(digits) if a > 0)
    if not amounts:
        return None
    return Candidate(Source.VISIBLE, PriceRole.REGULAR, amounts, codes[0], text, where, codes=codes, digits=digits)


_TOLD = ("followed by", "comes on top", "taken off")
Group = list[tuple[Spot, Candidate]]


def _patterns(scan: Scan, scored: Sequence[Candidate | None]) -> list[Group]:
    """Priced spots that share a pattern of markup, two and more; the closest patterns first, then wider ones."""
    close: dict[str, Group] = {}
    wide: dict[str, Group] = {}
    loose: dict[str, Group] = {}
    for spot, candidate in zip(scan.spots, scored, strict=True):
        if candidate and _is_price(candidate):
            own, _, outer = spot.shape.partition(" | ")
            own = f"{own}{_column(spot.node)}"
            close.setdefault(own + "|" + outer.partition(" | ")[0], []).append((spot, candidate))
            wide.setdefault(own, []).append((spot, candidate))
            loose.setdefault(" ".join(own.split(" ")[:1]), []).append((spot, candidate))
    seen: set[tuple[int, int]] = set()
    groups: list[Group] = []
    for group in (*close.values(), *wide.values(), *loose.values()):
        mark = (len(group), id(group[0][0]))
        if len(group) >= 2 and mark not in seen:
            seen.add(mark)
            groups.append(group)
    return groups


def _is_price(candidate: Candidate) -> bool:
    """Whether an amount may be a row's price: no words make it what is taken off or comes on top."""
    if candidate.role is PriceRole.OTHER_PRODUCT and candidate.why[-1:] and candidate.why[-1].startswith(_TOLD):
        return False
    return candidate.role in _PRICED and bool(candidate.codes or "price markup" in candidate.why)


def _column(node: LexborNode) -> str:
    """Which column of a table an element stands in; empty outside of tables."""
    cell = next((step for step in (node, *ancestors(node, 2)) if step.tag_id == _CELL), None)
    count = 0
    while cell is not None:
        count += cell.tag_id == _CELL
        cell = cell.prev
    return f"[{count}]" if count else ""


def _holders(group: Group) -> list[tuple[LexborNode, Candidate]]:
    """For each spot the largest element that holds no other spot of its pattern."""
    chains = [_around(spot) for spot, _ in group[:MAX_ROWS]]
    inside_of = Counter(place for chain in chains for place in chain)
    holders = []
    for chain, (_, candidate) in zip(chains, group, strict=False):
        steps = list(chain)
        alone = next((n for n, place in enumerate(steps) if n and inside_of[place] > 1), len(steps))
        holders.append((chain[steps[alone - 1]], candidate))
    return holders


def _around(spot: Spot) -> dict[int, LexborNode]:
    """The element of a spot and those around it by their place, nearest first; a spot is of several patterns."""
    if not spot.around:
        spot.around = {node.mem_id: node for node in (spot.node, *ancestors(spot.node, MAX_CLIMB))}
    return spot.around


def _offer(row: LexborNode, price: Candidate, seller: str, document: Document, site: SiteContext) -> RowFacts:
    text = text_of(row, 1500, " | ")
    link = next((attribute(a, "href") for a in inside(row, "a[href]")[:1]), "") or (
        attribute(row, "href") if row.tag == "a" else ""
    )
    return RowFacts(
        price=price,
        seller=sold_by([seller]) or seller,
        shipping=_shipping(row, text, price),
        availability=_said(row, _STOCK, site),
        condition=_condition(row, text),
        url=joined(document.address, link)[:2000] if link else "",
        rating=rating_of(text) or next((r for n in inside(row, _TITLED)[:12] if (r := rating_of(_hint(n)))), None),
        currency=price.currency,
        where=path_of(row),
        featured=is_featured(row, text),
    )


def _condition(row: LexborNode, text: str) -> Condition:
    """The condition that an element called so names, or a text of the row that says nothing else."""
    named = condition_of(" ".join(text_of(n, 60) for n in inside(row, _CONDITION)[:2]))
    if named is not Condition.UNKNOWN:
        return named
    parts = [piece for part in text.split(" | ") for piece in _SET_APART.split(part)]
    short = [part for part in parts if len(part) <= LONGEST_CONDITION]
    bracketed = [words for part in short for words in _IN_BRACKETS.findall(part)]
    lines = (whole_line(part) for part in (*short, *bracketed))
    return next((found for found in lines if found is not Condition.UNKNOWN), Condition.UNKNOWN)


def _hint(node: LexborNode) -> str:
    return attribute(node, "title") or attribute(node, "aria-label")


def _shipping(row: LexborNode, text: str, price: Candidate) -> Decimal | None:
    """The delivery cost a row states as money or as free; None when it states neither, or only from some sum on."""
    stated = [text_of(node, 200) for node in inside(row, _SHIPPING)[:4]] or [cell_of(row, _SHIPPING_COLUMN)]
    parts = [part for part in text.split(" | ") if len(part) <= 90]
    stated += [part for part in parts if _SHIPPING_WORDS.search(part)][:3]
    for words in stated:
        found = _costs(plain(words))
        if not found:
            if FREE.search(words) or _IS_INCLUDED.search(words):
                return Decimal(0)
            continue
        if THRESHOLD.search(words):
            if FREE.search(words) and all(amounts_of(n.digits)[:1] <= (price.amount,) for n in found):
                return Decimal(0)  # free from a sum on that this price reaches
            continue
        costs = [amount for n in found for amount in amounts_of(n.digits)[:1]] or [price.amount]
        cost = next((c for c in costs if c < price.amount / 2), costs[0])  # the row's price may stand there, too
        if _LANDED.search(words):
            return cost - price.amount if cost >= price.amount else None
        return cost
    return _on_top([part for part in (cell_of(row, _LANDED_COLUMN), *filter(_LANDED.search, parts)) if part], price)


def _costs(words: str) -> list[Numeral]:
    """The amounts in words about delivery that may be its cost, the only number without a sign; no instalments."""
    found = list(numerals(words))
    money = [n for n in found if is_plain_money(n)] or [n for n in found if len(found) == 1 and _CENTS.search(n.digits)]
    return [n for n in money if role_of("", words[n.end :], "", "", struck=False)[0] is not PriceRole.INSTALMENT]


def _on_top(landed: Sequence[str], price: Candidate) -> Decimal | None:
    """What a total that a row states has on top of its price."""
    for words in landed:
        found = [n for n in numerals(plain(words)) if is_plain_money(n)]
        total = amounts_of(found[0].digits)[:1] if len(found) == 1 else ()
        if total and total[0] >= price.amount:
            return total[0] - price.amount
    return None


def _said(row: LexborNode, selector: str, site: SiteContext) -> Availability:
    for node in inside(row, selector)[:4]:
        found = availability_of(text_of(node, 120), site.hints.stock)
        if found is not Availability.UNKNOWN:
            return found
    lines = "\n".join(part.strip() for part in text_of(row, 1500, "|").split("|") if len(part) < MAX_PHRASE).lower()
    return shown(lines)[0]


def _named(row: LexborNode) -> tuple[str, str]:
    """The name of the item that a tile shows, and where its link leads."""
    name, link = "", ""
    for node in inside(row, "h2,h3,h4,[class*=title i],[class*=name i],a[href],img[alt]")[:12]:
        text = attribute(node, "alt") if node.tag == "img" else attribute(node, "title") or text_of(node, 200)
        if not name and len(text) >= 6 and not holds_money(plain(text)):
            name = text
        if not link and node.tag == "a":
            link = attribute(node, "href")
    if not link:
        link = next((attribute(a, "href") for a in inside(row, "a[href]")[:1]), "") or attribute(row, "href")
    return name, link


def _tile(row: LexborNode, price: Candidate, name: str, link: str, document: Document) -> RowFacts:
    return RowFacts(
        price=price,
        name=name,
        url=joined(document.address, link)[:2000] if link else "",
        currency=price.currency,
        where=path_of(row),
    )
