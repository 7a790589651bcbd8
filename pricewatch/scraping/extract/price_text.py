"""Money out of any wording: one amount, or an honest "ambiguous" with every reading.

`1.226` alone is one or the other: only a known decimal separator, a locale, a currency or sibling prices settle
it. The amount is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pricewatch.domain.money import Currency
from pricewatch.scraping.extract.currencies import SIGNS, currency_of_locale, currency_of_sign, decimal_mark
from pricewatch.scraping.extract.numerals import Numeral, numerals, plain

MAX_TEXT = 400
MAX_AMOUNT = Decimal(10) ** 11


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


_SIMPLE = re.compile(
    r"(?:([^\W\d_]{2,12}):? )?([^\d\s.,]{0,5})[ \u00a0]?"
    r"(\d{1,3}(?:([ \u00a0.,'’])\d{3}(?:\4\d{3})*)?|\d{4,15})(?:([.,])(?:(\d\d?)|[-–—]{1,2}))?"
    r"[ \u00a0]?([^\d\s,./()%*]{0,5})\.?(?: \*)?"
)
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
_SPLIT_DECIMALS = re.compile(r"(?<=\d) +(?=[.,]\d{2}(?!\d))")  # "207 ,90", split over elements
_WHOLE_NUMBER = re.compile(r"\d+|\d{1,3}(?:[ .']\d{3})+")
_NO_DECIMALS = re.compile(r"[\d.,]+[.,] ?[-–—−]")  # "1.299,-"
_RANGE = re.compile(r" *(?:to|bis|do|à|a|až|tot|til|till|[-–—]) *$", re.IGNORECASE)
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
    if " ," in line or " ." in line:
        line = _SPLIT_DECIMALS.sub("", line)
    found = _chosen(line, list(numerals(line)), decimal)
    code = _currency(found.codes if found else (), currency or "", locale or "")
    if found is None:
        free = bool(_FREE.match(line))
        return PriceReading(written, Decimal(0) if free else None, code, readings=("0",) if free else ())
    amounts = amounts_of(found.digits, decimal)
    if len(amounts) > 1 and _NO_DECIMALS.match(line, found.start + line[found.start : found.end].find(found.digits)):
        amounts = amounts[1:]
    elif len(amounts) > 1:
        stated = code if found.codes or (currency and _hinted(currency)) else ""
        style = decimal or settled_mark(found.digits, stated, locale or "", siblings)
        amounts = (amounts[style not in found.digits],) if style else amounts
    if found.hundredths:
        amounts = tuple(amount.scaleb(-2) for amount in amounts)
    readings = tuple(f"{amount:f}" for amount in amounts)
    only = amounts[0] if len(amounts) == 1 else None
    return PriceReading(written, only, code, len(amounts) > 1, readings)


def _simple(text: str, currency: str | None, locale: str | None) -> PriceReading | None:
    """Most prices are one number and a sign: read them at once; None where it takes a closer look."""
    match = _SIMPLE.fullmatch(text)
    if match is None:
        return None
    word, before, whole, group, mark, rest, behind = match.groups()
    if word and (word.isupper() or currency_of_sign(word)):  # "AU $59.95", "Kč 5 290"
        if before:
            return None
        before = word if currency_of_sign(word) else ""
    sign = before or behind
    codes = SIGNS.get(sign) or currency_of_sign(sign) if sign else ()
    if (sign and not codes) or (before and behind) or (mark and mark == group):
        return None
    lone_mark = group and group in ".," and mark is None and whole.count(group) == 1
    if lone_mark and (not codes or locale or whole[0] == "0" or not _two_decimals(codes[0])):
        return None  # "1.226" is settled by more than its sign
    digits = whole.replace(group, "") if group else whole
    if rest:
        digits = f"{digits}.{rest}"
    code = codes[0] if len(codes) == 1 else _currency(codes, currency or "", locale or "")
    return PriceReading(text, Decimal(digits), code, False, (digits,))


def _chosen(line: str, found: list[Numeral], decimal: str) -> Numeral | None:
    if decimal and decimal not in ".," and len(found) > 1 and decimal + found[1].digits in line:
        return Numeral(f"{found[0].digits}.{found[1].digits}", 0, len(line), found[0].sign, found[0].codes)
    if len(found) == 1 and (not decimal or decimal in ".,") and not found[0].start:
        return found[0]
    signed = [n for n in found if n.codes and not _FREE_ABOVE.search(line[: n.start])]
    if not signed:
        return next((n for n in found if not n.codes), None)
    first = signed[1] if len(signed) > 1 and _WAS.search(line[: signed[0].start]) else signed[0]
    place = found.index(first)
    earlier = found[place - 1] if place else None
    if not earlier or earlier.codes or not line[first.start].isdigit():
        return first
    between = line[earlier.end : first.start]
    if (
        between == " " and _WHOLE_NUMBER.fullmatch(earlier.digits) and len(first.digits) == 2
    ):  # "68 50 zł", split over elements
        return Numeral(f"{earlier.digits}.{first.digits}", earlier.start, first.end, first.sign, first.codes)
    if _RANGE.fullmatch(between):
        return Numeral(earlier.digits, earlier.start, first.end, first.sign, first.codes)
    return first


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
    """All amounts that written digits can mean: one, or (with the separator as decimal, with it as grouping)."""
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
        return (Decimal(body.replace(mark, "") if len(rest) == 3 else whole.replace(mark, "") + "." + rest),)
    as_decimal = Decimal(f"{whole}.{rest}")
    if grouped or len(rest) != 3 or len(whole) > 3 or whole[0] == "0":
        return (as_decimal,)
    return as_decimal, Decimal(whole + rest)


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
