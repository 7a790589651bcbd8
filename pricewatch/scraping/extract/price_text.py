"""Money out of any wording: one amount, or an honest "ambiguous" with every reading.

`1.226` alone is one or the other: only a known decimal separator, a locale, a currency or sibling prices settle
it. The amount is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pricewatch.domain.money import Currency
from pricewatch.scraping.extract.currencies import SIGNS, currency_of_locale, currency_of_sign, decimal_mark
from pricewatch.scraping.extract.numerals import Numeral, numerals, plain

MAX_TEXT = 400
MAX_AMOUNT = Decimal(10) ** 11
_NEW = tuple.__new__  # a NamedTuple's own constructor takes several times as long


class PriceReading(NamedTuple):
    """What a price text says: `amount` None when there is none, or when it is `ambiguous` (`readings` has them all).

    `currency` is an ISO 4217 code, or empty when neither the text nor a hint tells.
    """

    text: str
    amount: Decimal | None
    currency: str = ""
    ambiguous: bool = False
    readings: tuple[str, ...] = ()

    def amounts_above_zero(self) -> tuple[Decimal, ...]:
        """Every amount that the text can mean, zero left out: zero on a page is a placeholder, not a price."""
        return tuple(amount for reading in self.readings if 0 < (amount := Decimal(reading)) < MAX_AMOUNT)


_NUMBER_AND_SIGN = (
    r"([^\d\s.,]{0,5})[ \u00a0]?([0-9]{1,3}(?:([ \u00a0.,'’])[0-9]{3}(?:\%d[0-9]{3})*)?|[0-9]{4,15})"
    r"(?:([.,])(?:([0-9][0-9]?)|[-–—]{1,2}))?"
    r"[ \u00a0]?([^\d\s,./()%%*]{0,5})\.?(?: \*)?( ?[/(] ?[^\W\d].*)?"
)
_SIMPLE = re.compile(_NUMBER_AND_SIGN % 3)
_BEHIND_A_WORD = re.compile(
    r"(?:[^\W\d_]{2,12} (?=[Cc]en[ay]\b|[Pp]rice\b))?([^\W\d_]{2,12}):? " + _NUMBER_AND_SIGN % 4
)
_NO_LETTERS = frozenset("0123456789 .,$€£¥-")  # that texts begin with
_FREE = re.compile(
    r"^\W*(?:free|gratis|kostenlos|kostenfrei|zdarma|zadarmo|darmow\w+|za darmo|bezpłatn\w+|gratuit\w*|ingyenes|"
    r"бесплатно|безкоштовно|ilmainen|maksuton)\W*$",
    re.IGNORECASE,
)
_WAS = re.compile(
    r"\b(?:was|statt|instead of|było|zamiast|původně|van|stará cena|stara cena|uvp|rrp|msrp|list price)\W*$",
    re.IGNORECASE,
)
_FREE_ABOVE = re.compile(
    r"\b(?:free|darmow\w+|gratis|kostenlos|versandkostenfrei|zdarma)\b.*"
    r"\b(?:orders?|over|above|spend|ab|über|powyżej|od|boven|vanaf|nad)\W*$",
    re.IGNORECASE,
)
_FREE_WORD = re.compile(r"[fdgkvz](?:ree|armow|ratis|ostenlos|ersandkostenfrei|darma)", re.IGNORECASE)
_GROSZ = re.compile(r" ?(?:gr|grosz[ye]?)\b", re.IGNORECASE)  # of a Polish price, and grams elsewhere
SHORTEST_FREE = 7  # "free ab "
_DIGIT = re.compile("[0-9]")
_SPLIT_DECIMALS = re.compile(r"(?<=\d) +(?=[.,]\d{2}(?!\d))")  # "207 ,90", split over elements
_WHOLE_NUMBER = re.compile(r"\d+|\d{1,3}(?:[ .']\d{3})+")
_NO_DECIMALS = re.compile(r"[\d.,]+[.,] ?[-–—−]")  # "1.299,-"
_RANGE = re.compile(r" *(?:to|bis|do|à|a|až|tot|til|till|[-–—−]) *$", re.IGNORECASE)
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATE = re.compile(
    rf"(?<![\d.,])(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2{_YEAR}|\d\d?:\d\d(?::\d\d)?)(?![\d.,]*\d)"
)
_MINUS = frozenset("-–—−")
_AMOUNT_IN_FRONT = re.compile(r"\d\s*[^\d\s]{0,4}\s*$")
_LEFT_OPEN = re.compile(r" ?[-–—−]+\W*$")  # "12-"
_IN_BRACKETS = re.compile(r"\W*\([\d.,' ]+\)\W*")  # "(12,00)", as accountants write less than nothing
# Currencies that write no decimals in shops, whatever ISO 4217 says.
_WHOLE = frozenset(
    ["JPY", "KRW", "VND", "HUF", "IDR", "CLP", "ISK", "PYG", "UGX", "XOF", "XAF", "XPF", "IRR", "LBP", "COP", "TWD"]
)


def parse_price(
    text: str | None,
    *,
    locale: str | None = None,
    currency: str | None = None,
    decimal: str = "",
    siblings: Iterable[str] = (),
) -> PriceReading:
    """Read the price out of a text that is known to hold one; no text raises.

    `locale` as in `pl-PL`; `currency` an ISO code, a sign, or a text with one; `decimal` the separator of a site
    that is known; `siblings` other price texts of the same page, which show how it writes decimals.
    """
    if text and not decimal:
        reading = _simple(text, currency, locale)
        if reading:
            return reading
    written = text or ""
    line = plain(written[:MAX_TEXT])
    if not _DIGIT.search(line):
        return _worded(written, line, currency, locale)
    if " ," in line or " ." in line:
        line = _SPLIT_DECIMALS.sub("", line)
    if ":" in line or "/" in line or "-" in line or line.count(".") > 1:
        line = _DATE.sub(" ", line)
    numbers = [n for n in numerals(line) if not is_negative(line, n)]
    found = _chosen(line, numbers, decimal)
    code = _currency(found.codes if found else (), currency or "", locale or "")
    if found and not found.codes and _GROSZ.match(line, found.end):
        found = found._replace(hundredths=True) if code == "PLN" else None
    if found is None:
        return PriceReading(written, None, code)
    stated = code if found.codes or (currency and _hinted(currency)) else ""
    ends = _ends(line, numbers, found) if len(numbers) > 1 else ()
    amounts = _meant(line, found, decimal, stated, locale or "", siblings)
    for end in ends:
        amounts += tuple(a for a in _meant(line, end, decimal, stated, locale or "", siblings) if a not in amounts)
    if len(amounts) == 1:
        return _NEW(PriceReading, (written, amounts[0], code, False, (_digits(amounts[0]),)))
    return PriceReading(written, None, code, bool(amounts), tuple(map(_digits, sorted(amounts))))


def _worded(written: str, line: str, currency: str | None, locale: str | None) -> PriceReading:
    """A text without any digit: free, or no price."""
    code = _currency((), currency or "", locale or "")
    free = line != "" and _FREE.match(line) is not None
    return PriceReading(written, Decimal(0) if free else None, code, readings=("0",) if free else ())


def _meant(
    line: str, number: Numeral, decimal: str, code: str, locale: str, siblings: Iterable[str]
) -> tuple[Decimal, ...]:
    """The amounts that a number in a text can mean, by all that is known of how it was written."""
    amounts = amounts_of(number.digits, decimal)
    if len(amounts) > 1:
        place = number.start + line[number.start : number.end].find(number.digits)
        if _NO_DECIMALS.match(line, place):
            amounts = amounts[1:]
        elif style := decimal or settled_mark(number.digits, code, locale, siblings):
            amounts = (amounts[style not in number.digits],)
    return tuple(amount.scaleb(-2) for amount in amounts) if number.hundredths else amounts


def _simple(text: str, currency: str | None, locale: str | None) -> PriceReading | None:
    """Most prices are one number and a sign: read them at once; None where it takes a closer look."""
    match = _SIMPLE.fullmatch(text)
    if match is None:
        return _behind_a_word(text, currency, locale)
    before, whole, group, mark, rest, behind, more = match.groups()
    sign = before or behind
    codes = (SIGNS.get(sign) or currency_of_sign(sign)) if sign else ()
    if not codes and (sign or more):
        return _behind_a_word(text, currency, locale)
    if (before and behind) or (mark and mark == group):
        return None
    return _read(text, whole, group, mark, rest, codes, currency, locale)


def _behind_a_word(text: str, currency: str | None, locale: str | None) -> PriceReading | None:
    """The same where a word such as `Price:` stands in front, or one that belongs to the sign: `AU $59.95`."""
    match = None if text[0] in _NO_LETTERS else _BEHIND_A_WORD.fullmatch(text)
    if match is None:
        return None
    word, before, whole, group, mark, rest, behind, more = match.groups()
    if word.isupper() or currency_of_sign(word):
        if before:
            return None
        before = word if currency_of_sign(word) else ""
    sign = before or behind
    codes = currency_of_sign(sign) if sign else ()
    if (not codes and (sign or more)) or (before and behind) or (mark and mark == group):
        return None
    return _read(text, whole, group, mark, rest, codes, currency, locale)


def _read(
    text: str,
    whole: str,
    group: str | None,
    mark: str | None,
    rest: str | None,
    codes: tuple[str, ...],
    currency: str | None,
    locale: str | None,
) -> PriceReading | None:
    """The reading of one number whose parts are known; None where its only separator can mean two things."""
    if group:
        lone_mark = mark is None and group in ".," and whole.count(group) == 1
        if lone_mark and (not codes or locale or whole[0] == "0" or not _two_decimals(codes[0])):
            return None  # "1.226" is settled by more than its sign
        if whole[0] == "0" and not group.isascii():
            return None
        whole = whole.replace(group, "")
    digits = f"{whole}.{rest}" if rest else whole
    if currency or locale:
        code = codes[0] if len(codes) == 1 else _currency(codes, currency or "", locale or "")
    else:
        code = codes[0] if codes else ""
    return _NEW(PriceReading, (text, Decimal(digits), code, False, (digits,)))


def _digits(amount: Decimal) -> str:
    """An amount without an exponent."""
    text = str(amount)
    return text if "E" not in text else f"{amount:f}"


def is_negative(line: str, number: Numeral) -> bool:
    """Whether a minus stands at a number that joins it to nothing in front: what a text takes off is no price."""
    place = number.start - 1
    if place < 0 or line[place] not in _MINUS:
        return False
    front = line[:place]
    return not front or not (front[-1].isalnum() or front[-1] in _MINUS or _AMOUNT_IN_FRONT.search(front))


def _chosen(line: str, found: list[Numeral], decimal: str) -> Numeral | None:
    if decimal and decimal not in ".," and len(found) > 1 and decimal + found[1].digits in line:
        return Numeral(f"{found[0].digits}.{found[1].digits}", 0, len(line), found[0].sign, found[0].codes)
    signed = [n for n in found if n.codes]
    if len(line) > SHORTEST_FREE and signed and _FREE_WORD.search(line):
        signed = [n for n in signed if not (n.start > SHORTEST_FREE and _FREE_ABOVE.search(line, 0, n.start))]
    if not signed:
        return _bare(line, [n for n in found if not n.codes])
    first = signed[0]
    if len(signed) > 1 and first.start and _WAS.search(line[: first.start]):
        first = signed[1]
    place = found.index(first)
    earlier = found[place - 1] if place else None
    if not earlier or earlier.codes or not line[first.start].isdigit():
        return first
    if line[earlier.end : first.start] != " ":
        return first
    if _WHOLE_NUMBER.fullmatch(earlier.digits) and len(first.digits) == 2:  # "68 50 zł", split over elements
        return Numeral(f"{earlier.digits}.{first.digits}", earlier.start, first.end, first.sign, first.codes)
    return first if any(map(str.isalpha, line[: earlier.start])) else None  # "1 2 zł"


def _bare(line: str, found: list[Numeral]) -> Numeral | None:
    """The first number of a text without any sign; None where it is only a part of something else."""
    if not found or _IN_BRACKETS.fullmatch(line):
        return None
    first = found[0]
    if len(found) > 1 and line[first.end : found[1].start] == " ":  # "12,0 0"
        return None
    return None if _LEFT_OPEN.match(line, first.end) else first


def lone(line: str) -> Numeral | None:
    """The number that a `plain` text without any sign, known to be about a price, has to say; None for all but one."""
    if _DATE.search(line):
        return None
    numbers = [number for number in numerals(line) if not is_negative(line, number)]
    found = _bare(line, numbers)
    return None if found is None or _ends(line, numbers, found) else found


def _ends(line: str, found: list[Numeral], chosen: Numeral) -> tuple[Numeral, ...]:
    """The two ends of the range that a number is one of; nothing when it is of none."""
    return next(
        ((a, b) for a, b in pairwise(found) if chosen in (a, b) and _RANGE.fullmatch(line[a.end : b.start])), ()
    )


@lru_cache(maxsize=4096)
def _currency(codes: tuple[str, ...], hint: str, locale: str) -> str:
    hinted = _hinted(hint) if hint else ()
    home = currency_of_locale(locale) if locale else ""
    if not codes:
        return hinted[0] if hinted else home
    for code in (*hinted, home):
        if code and code in codes:
            return code
    return codes[0]


@lru_cache(maxsize=512)
def _hinted(hint: str) -> tuple[str, ...]:
    """The currencies a hint can mean: a code, a sign, or a text with a signed number or a lone sign."""
    whole = currency_of_sign(hint)
    if whole:
        return whole
    line = plain(hint[:MAX_TEXT])
    signed = next((n.codes for n in numerals(line) if n.codes), None)
    return signed or next((c for word in line.split() if (c := currency_of_sign(word))), ())


def amounts_of(digits: str, decimal: str = "") -> tuple[Decimal, ...]:
    """All amounts that written digits can mean: one, or (with the separator as decimal, with it as grouping).

    None at all where the separators stand as in no number: `12.5.20`.
    """
    if digits.isdigit():
        return (Decimal(digits),)
    if digits[0] in ".,":
        return (_leading(digits, decimal),)
    grouped = " " in digits.replace(". ", ".").replace(", ", ",") or "'" in digits
    body = digits.replace(" ", "").replace("'", "")
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return (_mixed(body),)
    mark = "." if points else ","
    whole, _, rest = body.rpartition(mark)
    if not whole:
        return (Decimal(body),)
    if points + commas > 1:
        return _grouped(body.split(mark))
    as_decimal = Decimal(f"{whole}.{rest}")
    if grouped or len(rest) != 3 or len(whole) > 3 or whole[0] == "0":
        return (as_decimal,)
    return as_decimal, Decimal(whole + rest)


def _grouped(pieces: list[str]) -> tuple[Decimal, ...]:
    """`1.234.567`, `1,00,000`, and `1.299.99` where one mark does both."""
    first, *middle, last = pieces
    if not first or len(first) > 3 or any(len(piece) not in (2, 3) for piece in middle):
        return ()
    if len(last) == 3:
        return (Decimal("".join(pieces)),)
    return (Decimal(first + "".join(middle) + "." + last),) if len(last) == 2 and len(middle[-1]) == 3 else ()


def _leading(digits: str, decimal: str) -> Decimal:
    """`.75`, `,89`, `..75,333`: a fraction, unless a known decimal separator comes later."""
    body = digits.lstrip(".,")
    if decimal and decimal in body:
        whole, _, rest = body.partition(decimal)
        return Decimal(re.sub(r"\D", "", whole) + "." + re.sub(r"\D", "", rest))
    return Decimal("0." + re.sub(r"\D", "", body))


def _mixed(body: str) -> Decimal:
    last = max(body.rfind("."), body.rfind(","))
    mark = body[last]
    whole = re.sub(r"\D", "", body[:last])
    return Decimal(whole + body[last + 1 :]) if body.count(mark) > 1 else Decimal(f"{whole}.{body[last + 1 :]}")


def settled_mark(digits: str, code: str, locale: str, siblings: Iterable[str] = ()) -> str:
    """The decimal separator that locale, currency and siblings agree on; empty when nothing settles it."""
    written = "." if "." in digits else ","
    other = "," if written == "." else "."
    if code in _WHOLE:
        return other
    votes = {decimal_mark(locale) if locale else "", other if code and _two_decimals(code) else ""} - {""}
    if len(votes) == 1:
        return votes.pop()
    return decimal_style(siblings)


@lru_cache(maxsize=256)
def _two_decimals(code: str) -> bool:
    return bool(code) and Currency.of(code).exponent <= 2


def decimal_style(texts: Iterable[str]) -> str:
    """The decimal separator that unmistakable prices use; empty when there is none or when they differ."""
    marks: set[str] = set()
    for text in texts:
        for numeral in numerals(plain(text[:MAX_TEXT])):
            last = re.search(r"[.,](?=\d{2}$)", numeral.digits)
            if last and (numeral.codes or len(marks) == 0):
                marks.add(last.group())
    return marks.pop() if len(marks) == 1 else ""
