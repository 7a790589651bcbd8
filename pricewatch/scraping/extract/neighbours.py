"""What stands beside a text: the rest of a price torn over elements, and the words in front and behind."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.currencies import PLAIN_WORDS, SYMBOLS, WORLDWIDE
from pricewatch.scraping.extract.dom import TEXT, ids, squeeze
from pricewatch.scraping.extract.numerals import DIGITS, Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.words import any_of

MAX_TEXT = 400
MAX_WORDS = 120
SKIPPED = ids("script", "style", "noscript", "template", "textarea", "svg", "title")
(_HEADING,) = ids("h1")
(_CELL,) = ids("td")
_BOUNDS = ids("body", "html", "tr", "ul")
_OUTERMOST = ids("body", "main")
_CENTS = re.compile(r"\d[.,]\d\d(?!\d|\.|,\d| ?%)")  # no day of a month: "1.12."
_DIGIT = re.compile("[0-9]")
_NO_DIGIT = re.compile(r"\D")
_TAIL = re.compile(r"[.,]?\d{2}|[.,]\d?")
_OF_TAX = re.compile(
    r"\(?(?:excl|exkl|incl|inkl|netto|brutto|zzgl)\b|(?:ht|ttc)\b|(?:ex|inc|bez|s|vč|con|senza|sin)\.? (?:vat|btw|"
    r"dph|iva)\b|"
    r"\+ ?(?:vat|btw|iva|mwst)\b",
    re.IGNORECASE,
)
_PER_TIME = re.compile(
    r"(?:pro|per|par|al?|por|na|za|i) (?:monat|month|mois|mese?|miesiąc|měsíc|maand|månad|måned|woche|week|tydzień|"
    r"tag|day)\b|"
    r"miesięcznie|monatlich|monthly|měsíčně",
    re.IGNORECASE,
)
_GIVEN_BACK = re.compile(
    r"(?:after|with) (?:trade|cashback|rebate)|nach (?:cashback|eintausch)|po cashback", re.IGNORECASE
)
_FOR_WHOM = re.compile(
    r"(?:with|z|ze|mit|avec|con|met|s|dla|für|for|voor|pour) (?:\w{1,12} ){0,2}(?:card\b|kart\w*|carte\b|tarjeta|"
    r"members?\b|prime\b|klub\w*|club\w*|premium\b|smart!|\w*plus\b|kod\w*|code\b|kupon\w*|coupon)[^\d]*$",
    re.IGNORECASE,
)
_CARD = re.compile(r"\bcard\b|\bkart[ay]\b|\bcarte\b|\btarjeta\b|karte\b|\bmembers?\b|\bklub|\bclub", re.IGNORECASE)
_PAID_WITH = re.compile(
    r"visa|master|maestro|amex|american|paypal|gift|geschenk|podarunk|regalo|debit|size", re.IGNORECASE
)
_DECIMALS = re.compile(r"[.,]?\d\d")
_FRACTION = re.compile(r"\d{1,3}(?:[ .,]\d{3})* \d{2}")
_BROKEN = re.compile(r"(\d) ?([.,]) ?(\d{2})(?!\d)|(\d[.,]) (\d{3})(?!\d)")
_RAISED = re.compile(
    rf"(?<![\d.,])(\d{{1,3}}(?: ?\d{{3}})*) (\d{{2}})(?= ?(?:[{SYMBOLS}]|{any_of(PLAIN_WORDS)}(?!\w)))", re.IGNORECASE
)
_AMID = re.compile(rf"(\d{{1,3}}(?: ?\d{{3}})*) ?([{SYMBOLS}]) ?(\d{{2}})")
_SIGN = re.compile(rf"[{SYMBOLS}]")
_WORDS = re.compile(r"[^\W\d_]{4,}")
_HIDDEN = re.compile(r"display\s*:\s*none")
_DASH = re.compile(rf"[{DIGITS}][{DIGITS}.,'’ \u00a0\u202f]*+[-–—]")
_SHORT = [word for word in (*PLAIN_WORDS, *WORLDWIDE) if len(word) <= 6]
_WORD_BEHIND = re.compile(rf"\d(?<!\d\d)[\d.,'’ \u00a0\u202f]*+{any_of(_SHORT)}(?!\w)")
# The word in front, looked for in the text backwards: from digit to digit is quicker than from letter to letter.
_DROW_BEFORE = re.compile(rf"\d(?!\d)[ \u00a0.]*{any_of(word[::-1] for word in _SHORT)}(?![^\s.])")


def tells_money(text: str) -> bool:
    """Whether a text with digits has a sign, a word such as `zł` beside a number, or a dash for its decimals."""
    if ("$" in text if text.isascii() else _SIGN.search(text)) or _DASH.search(text):
        return True
    lowered = text.lower()
    if lowered == text.upper():  # no letters
        return False
    return _WORD_BEHIND.search(lowered) is not None or _DROW_BEFORE.search(lowered[::-1]) is not None


def goes_on(node: LexborNode, line: str, numeral: Numeral) -> bool:
    """Whether the decimals of a number at the end of a text stand in the next element."""
    if numeral.end != len(line) or not numeral.digits.isdigit():
        return False
    following = node.next
    if following is None or following.tag_id == TEXT:
        return False
    return bool(_TAIL.fullmatch((following.text(strip=True) or "").lstrip(SYMBOLS)[:6]))


def began_before(node: LexborNode, numeral: Numeral) -> bool:
    """Whether a text opens with the decimals of the number before: `14,<b>99 zł</b>`, `129<sup>,90 €</sup>`."""
    if numeral.start or not _DECIMALS.fullmatch(numeral.digits):
        return False
    earlier = node.prev or (node.parent.prev if node.parent is not None else None)
    if earlier is None:
        return False
    text = earlier.text_content if earlier.tag_id == TEXT else earlier.text(strip=True)
    return bool(re.search(r"\d[.,]?$", (text or "").strip()[-3:]))


def whole(node: LexborNode, line: str) -> tuple[LexborNode, str, list[Numeral]]:
    """The smallest element around a part of a price that holds it whole, sign included."""
    best = (node, line, list(numerals(line)))
    own = _NO_DIGIT.sub("", best[2][0].digits) if best[2] else ""
    holder: LexborNode | None = node
    for _ in range(4):
        if holder is None or holder.tag_id in _BOUNDS:
            break
        text = mended(plain(squeeze(holder.text(separator=" ")[:MAX_TEXT])))
        if len(text) > 60:
            break
        if amid := _AMID.fullmatch(text):  # "64 €90"
            text = f"{amid[1]}.{amid[3]} {amid[2]}"
        if _FRACTION.fullmatch(text):  # "19 99", whole and raised decimals without a sign
            text = ".".join(text.rsplit(" ", 1))
        found = list(numerals(text))
        if len(found) > 2:
            break
        coded = next((n for n in found if n.codes), None)
        if coded and own not in _NO_DIGIT.sub("", coded.digits):
            break  # another amount's sign
        if coded and not began_before(holder, coded):
            return (len(_WORDS.findall(text)) > 1 and _beside(node, line)) or (holder, text, found)
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
    while other is not None and other.tag_id == TEXT:
        if (other.text_content or "").strip():
            return None
        other = other.next if step > 0 else other.prev
    return other


def mended(text: str) -> str:
    """Join a number that elements have torn apart: `449 ,00 zł`, `12 . 48`, `667 49 zł`."""
    if " " not in text:
        return text
    if ". " in text or ", " in text or " ." in text or " ," in text:
        text = _BROKEN.sub(lambda m: "".join(filter(None, m.groups())), text)
    return _RAISED.sub(r"\1.\2", text)


def words_before(holder: LexborNode, title: str = "") -> str:
    """The words in front of an element, back to the amount before it or to the item's title, which holds any words."""
    pieces: list[str] = []
    node: LexborNode | None = holder
    for _ in range(3):
        if node is None or node.tag_id in _OUTERMOST:
            break
        if node.tag_id == _CELL and _in_a_table_of_columns(node):
            break
        sibling = node.prev
        while sibling is not None and len(pieces) < 4:
            if sibling.tag_id == _HEADING:  # a title holds any words
                return " ".join(reversed(pieces))
            text = _shown(sibling)
            if len(text) > MAX_WORDS or (title and title in text) or _CENTS.search(text) or holds_money(text):
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


def holds_money(text: str) -> bool:
    """Whether an amount with its sign stands in a `plain` text."""
    return bool(_DIGIT.search(text)) and tells_money(text) and any(is_plain_money(n) for n in numerals(text))


def _shown(node: LexborNode) -> str:
    """The words of an element, white space squeezed, cut off beyond what is of use; none of one that is hidden."""
    if node.tag_id in SKIPPED or (node.tag_id != TEXT and _is_hidden(node)):
        return ""
    text = node.text_content if node.tag_id == TEXT else node.text(separator=" ")
    return plain(squeeze((text or "")[: 20 * MAX_WORDS]))


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN.search(attributes.get("style") or "") is not None


def _sign_of(node: LexborNode) -> str:
    """What an element without text is called for those who cannot see it, where that is for whom a price is."""
    attributes = node.attributes
    if not attributes:
        return ""
    said = attributes.get("title") or attributes.get("alt") or attributes.get("aria-label") or ""
    return f"for {said[:30].lower()}" if _CARD.search(said) and not _PAID_WITH.search(said) else ""


def words_behind(holder: LexborNode) -> str:
    """The first short words behind an element."""
    sibling = holder.next
    if sibling is None and holder.parent is not None:  # the last of its element: "/mies." may stand behind that
        text = words_behind(holder.parent) if holder.tag_id == TEXT else ""
        about = (
            text.startswith("/")
            or _OF_TAX.match(text)
            or _PER_TIME.match(text)
            or _FOR_WHOM.match(text)
            or _GIVEN_BACK.match(text)
        )
        return text if about else ""
    while sibling is not None:
        text = squeeze(sibling.text(separator=" ")[:200]) if sibling.tag_id not in SKIPPED else ""
        text = text or (_sign_of(sibling) if sibling.tag_id != TEXT else "")
        if text:
            return plain(text) if len(text) <= 40 else ""
        sibling = sibling.next
    return ""
