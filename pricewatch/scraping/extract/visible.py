"""The prices that a visitor sees: every amount in the text, in page order, with what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.currencies import PLAIN_WORDS, SIGNS, SYMBOLS
from pricewatch.scraping.extract.dom import Document, ids, squeeze
from pricewatch.scraping.extract.numerals import Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.zones import Zone, Zones, marks_of, names_of

MAX_SPOTS = 200
MAX_TEXT = 400
MAX_TEXTS = 1_000_000
NEAR = (40, 140)  # texts in front of the heading, and from it on, in which money is looked for
FURTHER = 500  # texts from the heading on that are collected
_TEXT = 2
_SKIP_TAGS = ("script", "style", "noscript", "template", "textarea", "svg", "title")
_NUMBERS = re.compile(r"\d+")
_DIGIT_OR_SIGN = re.compile(rf"[\d{SYMBOLS}]")
_DIGIT = re.compile(r"\d")
_CENTS = re.compile(r"\d[.,]\d\d(?!\d|[.,]\d| ?%)")
_NO_DIGIT = re.compile(r"\D")
HAS_SIGN = re.compile(rf"[{SYMBOLS}]")
_NUMBER_RUN = re.compile(r"\d[\d.,'’ \u00a0\u202f]*")
_WORD_BEHIND = re.compile(r"[-–—]|([^\W\d_]{1,4})(?!\w)")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_TAIL = re.compile(r"[.,]?\d{2}|[.,]\d?")
_BUY = re.compile(
    r"^\W*(?:add to (?:your )?(?:cart|basket|bag|trolley|order)|buy(?: it)?(?: now)?\W*$|order now|do koszyka|"
    r"kup teraz|dodaj do koszyka|kup\W*$|(?:in den|zum) (?:waren|einkaufs)korb|jetzt kaufen|"
    r"in (?:mijn |je )?winkelwagen|toevoegen aan winkelwagen|(?:přidat |vložit )?do košík|koupit|"
    r"legg i handlekurv|läg i|ajouter au panier|acheter|añadir a|comprar|aggiungi al carrello|"
    r"acquista|adicionar ao carrinho|"
    r"köp|kjøp|lisää|kosárba|adaugă în coș|в корзину|купить|lisa ostukorvi|"
    r"pievienot|dodaj u košaricu|הוסף|加入購物車|カートに入れる)",
    re.MULTILINE,
)


_SKIPPED = ids(*_SKIP_TAGS)
(_HEADING,) = ids("h1")
(_INPUT,) = ids("input")
(_CELL,) = ids("td")


@dataclass(slots=True)
class Spot:
    """One place in the text where money stands; `order` counts texts from the top of the page.

    `before` and `behind` are the words around the number, `outer` those behind its element; `shape` is the pattern
    of markup it stands in: its element and the names around it, numbers left out.
    """

    node: LexborNode
    text: str
    numeral: Numeral
    order: int
    before: str
    behind: str
    zone: Zone
    outer: str = ""
    shape: str = ""


@dataclass(slots=True)
class Scan:
    """One walk over the page: its texts, the money in them, and where the item's heading stands (-1: nowhere).

    `whole` is false when only the neighbourhood of the heading was visited.
    """

    spots: list[Spot] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    heading: int = -1
    whole: bool = True

    def window(self, before: int, behind: int, longest: int) -> str:
        """The short texts around the heading, one a line, in lower case."""
        start = max(self.heading, 0)
        near = self.texts[max(0, start - before) : start + behind]
        return "\n".join(text for text in near if 1 < len(text) <= longest).lower()

    def offers_to_buy(self, before: int, behind: int) -> bool:
        """Whether a button to buy stands around the heading."""
        return bool(_BUY.search(self.window(before, behind, 40)))


class Walker:
    """Walks the body once; most texts are passed over after one look for a digit or a sign."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._zones = Zones(document)
        self._seen: set[tuple[int, int]] = set()
        self._marked: dict[int, bool] = {}
        self._shapes: dict[tuple[str, int], str] = {}
        self._scan = Scan()

    def walk(self) -> Scan:
        """Visit all text in page order."""
        body = self._document.tree.body
        if body is not None:
            self._visit(body.traverse(include_text=True, skip_empty=True))
        return self._scan

    def near(self) -> Scan:
        """Visit only the text around the heading: what is further away can hardly be the price."""
        heading = self._document.main_heading
        if heading is None:
            return self.walk()
        self._scan.whole = False
        self._visit(_in_front(heading, NEAR[0]))
        self._visit(_from_here(heading), NEAR[1], FURTHER)
        return self._scan

    def _visit(self, nodes: Iterable[LexborNode], money: int = MAX_TEXTS, limit: int = MAX_TEXTS) -> None:
        """Collect up to `limit` texts, and look for money in the first of them."""
        scan, heading = self._scan, self._document.main_heading
        heading_id, heading_tag = (heading.mem_id, heading.tag_id) if heading is not None else (0, -1)
        texts, interesting = scan.texts, _DIGIT_OR_SIGN.search
        skip, last, richest = False, len(texts) + limit, len(texts) + money
        for node in nodes:
            tag = node.tag_id
            if tag != _TEXT:
                skip = tag in _SKIPPED
                if tag == _INPUT and (label := _button(node)):
                    texts.append(label)
                if tag == heading_tag and scan.heading < 0 and node.mem_id == heading_id:
                    scan.heading = len(texts)
            elif skip:
                skip = False
            else:
                text = (node.text_content or "").strip()
                texts.append(text)
                if len(texts) > richest:
                    if len(texts) >= last:
                        return
                elif interesting(text):
                    if len(text) <= MAX_TEXT and len(scan.spots) < MAX_SPOTS:
                        self._text(node, text)
                elif len(text) <= 6 and text.casefold() in SIGNS:
                    self._text(node, text)

    def _text(self, node: LexborNode, text: str) -> None:
        scan = self._scan
        if not _DIGIT.search(text):
            if len(text) <= 6:
                scan.spots.extend(self._joined(node, plain(text)))
        elif HAS_SIGN.search(text) or _has_word_sign(text):
            scan.spots.extend(self._spots(node, plain(text)))
        elif len(text) <= 24 and not _LETTERS.search(text) and self._in_price_markup(node.parent):
            scan.spots.extend(self._joined(node, plain(text), bare=True))

    def _in_price_markup(self, node: LexborNode | None) -> bool:
        for _ in range(3):
            if node is None:
                return False
            place = node.mem_id
            marked = self._marked.get(place)
            if marked is None:
                attributes = node.attributes
                marked = self._marked[place] = bool(attributes) and marks_of(names_of(attributes)).price
            if marked:
                return True
            node = node.parent
        return False

    def _spots(self, node: LexborNode, line: str) -> list[Spot]:
        """The money in a text that has digits and a sign."""
        money = [n for n in numerals(line) if is_plain_money(n)]
        parent = node.parent
        if parent is None:
            return []
        if money:
            if _began_before(node, money[0]):
                return self._joined(parent, line)
            return (
                self._joined(node, line) if _goes_on(node, line, money[-1]) else self._made(parent, line, money, node)
            )
        if len(line) <= 24 and not _LETTERS.search(line):
            return self._joined(node, line, bare=self._in_price_markup(parent))
        return []

    def _joined(self, node: LexborNode, line: str, *, bare: bool = False) -> list[Spot]:
        """The money that a text is only a part of; `bare` takes a number without any sign as well."""
        parent = node.parent
        if parent is None:
            return []
        holder, line, found = _whole(parent, line)
        money = [n for n in found if is_plain_money(n)] or (found[:1] if bare else [])
        return self._made(holder, line, money)

    def _made(self, holder: LexborNode, line: str, money: list[Numeral], start: LexborNode | None = None) -> list[Spot]:
        made: list[Spot] = []
        if not money:
            return made
        zone = self._zones.of(holder)
        shape = self._shape(holder.tag or "", zone)
        earlier = 0
        for numeral in money[:4]:
            key = (holder.mem_id, numeral.start)
            if key in self._seen:
                continue
            self._seen.add(key)
            before, behind = line[earlier : numeral.start], line[numeral.end :]
            outer = "" if zone.other or zone.struck or behind.strip() else _words_behind(start or holder)
            if not zone.other and not earlier and len(before.strip()) < 3:
                before = f"{_words_before(start or holder)} {before}"
            made.append(Spot(holder, line, numeral, len(self._scan.texts), before, behind, zone, outer, shape))
            earlier = numeral.end
        return made

    def _shape(self, tag: str, zone: Zone) -> str:
        key = (tag, id(zone))
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _NUMBERS.sub("#", f"{tag}|{zone.near}|{zone.other}")
        return shape


def _button(node: LexborNode) -> str:
    """What an input element that is a button says."""
    attributes = node.attributes
    kind = (attributes.get("type") or "").lower()
    shown = kind in {"submit", "button", "image"} or (not kind and "cart" in (attributes.get("id") or ""))
    return (attributes.get("value") or attributes.get("alt") or "").strip()[:MAX_TEXT] if shown else ""


def _in_front(node: LexborNode, count: int) -> list[LexborNode]:
    """The nodes in front of an element in page order, back to some `count` of texts."""
    pieces: list[list[LexborNode]] = []
    holder: LexborNode | None = node
    while holder is not None and count > 0:
        sibling = holder.prev
        while sibling is not None and count > 0:
            nodes = list(sibling.traverse(include_text=True, skip_empty=True))[-6 * count :]
            pieces.append(nodes)
            count -= sum(node.tag_id == _TEXT for node in nodes)
            sibling = sibling.prev
        holder = holder.parent
    return [node for nodes in reversed(pieces) for node in nodes]


def _from_here(node: LexborNode) -> Iterator[LexborNode]:
    """The nodes from an element on, in page order."""
    yield from node.traverse(include_text=True, skip_empty=True)
    holder: LexborNode | None = node
    while holder is not None:
        sibling = holder.next
        while sibling is not None:
            yield from sibling.traverse(include_text=True, skip_empty=True)
            sibling = sibling.next
        holder = holder.parent


def _has_word_sign(text: str) -> bool:
    """Whether a short word beside a number is a currency (`zł`, `EUR`), or a dash stands for its decimals."""
    for number in _NUMBER_RUN.finditer(text):
        behind = _WORD_BEHIND.match(text, number.end())
        if behind and (behind[1] is None or behind[1].lower() in PLAIN_WORDS):
            return True
        start = number.start()
        before = text[max(0, start - 6) : start].rstrip(" \u00a0.").rpartition(" ")[2]
        if before and before.lower() in PLAIN_WORDS:
            return True
    return False


def _goes_on(node: LexborNode, line: str, numeral: Numeral) -> bool:
    """Whether the decimals of a number at the end of a text stand in the next element."""
    if numeral.end != len(line) or not numeral.digits.isdigit():
        return False
    following = node.next
    if following is None or following.tag_id == _TEXT:
        return False
    return bool(_TAIL.fullmatch((following.text(strip=True) or "")[:6]))


def _began_before(node: LexborNode, numeral: Numeral) -> bool:
    """Whether two digits at the start of a text are the decimals of a number in the text before: `14,<b>99 zł</b>`."""
    if numeral.start or len(numeral.digits) != 2 or not numeral.digits.isdigit():
        return False
    earlier = node.prev or (node.parent.prev if node.parent is not None else None)
    if earlier is None:
        return False
    text = earlier.text_content if earlier.tag_id == _TEXT else earlier.text(strip=True)
    return bool(re.search(r"\d[.,]?$", (text or "").strip()[-3:]))


def _whole(node: LexborNode, line: str) -> tuple[LexborNode, str, list[Numeral]]:
    """The smallest element around a part of a price that holds it whole, sign included."""
    best = (node, line, list(numerals(line)))
    own = _NO_DIGIT.sub("", best[2][0].digits) if best[2] else ""
    holder: LexborNode | None = node
    for _ in range(4):
        if holder is None or holder.tag in {"body", "html", "tr", "ul"}:
            break
        text = mended(plain(squeeze(holder.text(separator=" ")[:MAX_TEXT])))
        if len(text) > 60:
            break
        if _FRACTION.fullmatch(text):  # "19 99", whole and raised decimals without a sign
            text = ".".join(text.rsplit(" ", 1))
        found = list(numerals(text))
        if len(found) > 2:
            break
        coded = next((n for n in found if n.codes), None)
        if coded and own not in _NO_DIGIT.sub("", coded.digits):
            break  # another amount's sign
        if coded and not _began_before(holder, coded):
            return holder, text, found
        if len(found) == 1 and found[0].digits != (best[2][0].digits if best[2] else ""):
            best = (holder, text, found)
        holder = holder.parent
    return _beside(node, line) or best


def _beside(node: LexborNode, line: str) -> tuple[LexborNode, str, list[Numeral]] | None:
    """The number in the element before or behind one that holds the sign alone, or the other way round."""
    for sibling, first in ((_sibling(node, -1), True), (_sibling(node, 1), False)):
        if sibling is None:
            continue
        other = mended(plain(squeeze(sibling.text(separator=" ")[:80])))
        if not other or len(other) > 14:
            continue
        behind = _sibling(sibling, 1)
        if not first and behind is not None and re.fullmatch(r"\d{2}", decimals := behind.text(strip=True)[:4]):
            other = f"{other} {decimals}"
        text = f"{other} {line}" if first else f"{line} {other}"
        found = list(numerals(text))
        if len(found) == 1 and found[0].codes:
            return sibling, text, found
    return None


def _sibling(node: LexborNode, step: int) -> LexborNode | None:
    other = node.next if step > 0 else node.prev
    while other is not None and other.tag_id == _TEXT:
        if (other.text_content or "").strip():
            return None
        other = other.next if step > 0 else other.prev
    return other


_FRACTION = re.compile(r"\d{1,3}(?:[ .,]\d{3})* \d{2}")
_BROKEN = re.compile(r"(\d) ?([.,]) ?(\d{2})(?!\d)|(\d[.,]) (\d{3})(?!\d)")
_RAISED = re.compile(rf"(?<![\d.,])(\d{{1,3}}(?: ?\d{{3}})*) (\d{{2}})(?= ?(?:[{SYMBOLS}]|zł|Kč|EUR|PLN|CZK))")


def mended(text: str) -> str:
    """Join a number that elements have torn apart: `449 ,00 zł`, `12 . 48`, `667 49 zł`."""
    return _RAISED.sub(r"\1.\2", _BROKEN.sub(lambda m: "".join(filter(None, m.groups())), text))


def _words_before(holder: LexborNode) -> str:
    """The words in front of an element, back to the amount before it: what stands beyond belongs to that one."""
    pieces: list[str] = []
    node: LexborNode | None = holder
    for _ in range(3):
        if node is None or node.tag in {"body", "main"}:
            break
        if node.tag_id == _CELL and _in_a_table_of_columns(node):
            break
        sibling = node.prev
        while sibling is not None and len(pieces) < 4:
            if sibling.tag_id == _HEADING:  # a title holds any words
                return " ".join(reversed(pieces))
            text = plain(squeeze(sibling.text(separator=" "))) if sibling.tag_id not in _SKIPPED else ""
            if len(text) > 120 or _CENTS.search(text) or _holds_money(text):
                return " ".join(reversed(pieces))
            if text:
                pieces.append(text)
            sibling = sibling.prev
        if pieces:
            break
        node = node.parent
    return " ".join(reversed(pieces))


def _in_a_table_of_columns(cell: LexborNode) -> bool:
    """Whether a cell has more than one neighbour: then the one in front of it is no label."""
    neighbours = cell.parent.iter() if cell.parent is not None else ()
    return sum(1 for node in neighbours if node.tag_id == _CELL) > 2


def _holds_money(text: str) -> bool:
    return bool(_DIGIT.search(text)) and any(is_plain_money(n) for n in numerals(text))


def _words_behind(holder: LexborNode) -> str:
    """The first short words behind an element."""
    sibling = holder.next
    while sibling is not None:
        text = squeeze(sibling.text(separator=" ")[:200]) if sibling.tag_id not in _SKIPPED else ""
        if text:
            return plain(text) if len(text) <= 40 else ""
        sibling = sibling.next
    return ""
