"""Numbers with a currency sign beside them, found in any text; what their separators mean is read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pricewatch.scraping.extract.currencies import CODES, PLAIN_WORDS, SYMBOLS, currency_of_sign

_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u2002\u2003\u2005\u2006\u2008\u200a\u205f\u3000\t\n\r"), " ")
_MARKS = dict.fromkeys(map(ord, "’‘ʼ′´`＇"), "'") | dict.fromkeys((0xFF0C, 0x066C), ",")
_MARKS |= dict.fromkeys((0xFF0E, 0x066B), ".")
_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069\ufeff\u00ad"), "")
_DIGITS = {base + i: str(i) for base in (0x0660, 0x06F0, 0xFF10) for i in range(10)}
_PLAIN = {**_SPACES, **_MARKS, **_NOTHING, **_DIGITS}
DIGITS = "0-9\u0660-\u0669\u06f0-\u06f9\uff10-\uff19"  # those that `plain` knows; much quicker to look for than \d
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile(r"(?<=\d)[.,]?([⁰¹²³⁴⁵⁶⁷⁸⁹]{2})")
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_UNCLEAN = re.compile(f"[{''.join(map(re.escape, map(chr, _PLAIN)))}{_SUPERSCRIPTS}]")

# It opens with one set of characters, so that all others are passed over at once.
_NUMBER = re.compile(
    r"[.,\d](?:(?<=\d)\d{0,2}(?:[ ']\d{3})+(?!\d)(?:[.,] ?\d{1,2}(?!\d))?"
    r"|(?:(?<=\d)\d*|[.,]*\d+)(?:[.,]\d+)*(?:[.,] \d{2}(?!\d))?)"
)
_BACKWARDS = re.compile(r"[^\s\d:;|()<>\[\]+*]+")  # the word in front of a number, from its end to its start
_AFTER = re.compile(r"(?:[.,] ?[-–—−_]{1,2}|[-–—−]{1,2}(?! ?\d))? ?([^\s\d;,|()*+<>\[\]]+)")
_LAND = re.compile(r"\b(US|CA|CAN|AU|NZ|HK|SG|NT|MX|AR|R|C|A|S) *$")
_HUNDREDTHS = {"p": "GBP", "¢": "USD", "ct": "EUR", "cent": "EUR", "cents": "EUR"}
_SUBUNIT = re.compile(
    r" ?(?:(?:en|i|und|and|et) )?(\d{1,2}) ?(?:groszy|grosze|gr|cents?|ct|hal|h|kop|коп|p|c)\b\.?", re.IGNORECASE
)
_GROUPED = re.compile(r"\d{1,3}(?:[ .']\d{3})+")
_TAIL = re.compile(r" ?(\d{2})(?![\d.,]\d|\d| ?[%x×])")
_E = frozenset("eE")
_EXPONENT = re.compile(r"[eE][+-]?\d+")
_NOT_MONEY = re.compile(r"/\d| ?(?:%|[x×](?!\w)|mm\b|cm\b|kg\b|ml\b|GB\b)")
_SYMBOLS = frozenset(SYMBOLS)
MAX_DIGITS = 24


class Numeral(NamedTuple):
    """One number: its digits and separators as written, its span with the sign, and what the sign can mean."""

    digits: str
    start: int
    end: int
    sign: str = ""
    codes: tuple[str, ...] = ()
    hundredths: bool = False


def plain(text: str) -> str:
    """Bring digits, spaces, raised decimals and apostrophes of any script to their ASCII forms."""
    if (text.isascii() and text.isprintable() and "`" not in text) or not _UNCLEAN.search(text):
        return text
    text = _RAISED.sub(lambda m: "." + m.group(1).translate(_SUPERSCRIPT), text)
    return text.translate(_PLAIN)


def numerals(text: str) -> Iterator[Numeral]:
    """Find every number that can be an amount in `plain` text, in order."""
    taken = 0
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        digits = match.group()
        if start < taken or end - start > MAX_DIGITS or not digits.isascii():
            continue
        if start and text[start - 1] == "/" and text[start - 2].isdigit():
            continue
        # "1,23E+03": what a program wrote, and no price
        if text[end : end + 1] in _E and (exponent := _EXPONENT.match(text, end)):
            taken = exponent.end()
            continue
        numeral = _numeral(text, digits, start, end)
        if numeral:
            taken = numeral.end
            yield numeral


def _numeral(text: str, digits: str, start: int, end: int) -> Numeral | None:
    sign, codes, first = _sign_before(text, start)
    after, after_codes, stop = _sign_after(text, end)
    if not codes and not after_codes and _NOT_MONEY.match(text, end):
        return None
    if after and not after_codes:
        return Numeral(digits, start, stop, after, (_HUNDREDTHS[after],), hundredths=True)
    weak = len(codes) > 1 and len(after_codes) == 1
    if after_codes and (not codes or weak or (_is_a_word(sign) and not _is_a_word(after))):
        sign, codes, first = after, after_codes, min(first, start)
    if not codes:
        return _made(digits, start, end, "", ())
    if digits.isdigit() or _GROUPED.fullmatch(digits):
        digits, stop = _with_decimals_behind(text, digits, start, end, stop, first)
    return _made(digits, first, stop, sign, codes)


def _made(digits: str, start: int, end: int, sign: str, codes: tuple[str, ...]) -> Numeral:
    """A numeral of whole units; made without its slow constructor, as pages are full of numbers."""
    return tuple.__new__(Numeral, (digits, start, end, sign, codes, False))


def _is_a_word(sign: str) -> bool:
    """Whether a sign is letters that may as well be a word of the text: `Nu`, `Re`, `L`."""
    known = sign in CODES or sign.casefold().rstrip(".") in PLAIN_WORDS
    return not known and not any(c in SYMBOLS for c in sign)


def _sign_before(text: str, start: int) -> tuple[str, tuple[str, ...], int]:
    if not start:
        return "", (), 0
    base = max(0, start - 14)
    front = text[base:start].rstrip(" :")
    found = _BACKWARDS.match(front[::-1])
    if not found:
        return "", (), start
    place = base + len(front) - found.end()
    token = text[place : base + len(front)]
    codes = currency_of_sign(token)
    if codes:
        if token == "$" and (land := _LAND.search(text, base, place)):
            return land.group(1) + "$", currency_of_sign(land.group(1) + "$"), land.start()
        return token, codes, place
    if token[-1] in SYMBOLS:
        code = token[:-1].upper()
        known = (code,) if code in CODES else currency_of_sign(token[-1])
        return (code if code in CODES else token[-1]), known, place if code in CODES else start - 1
    return "", (), start


def _sign_after(text: str, end: int) -> tuple[str, tuple[str, ...], int]:
    found = _AFTER.match(text, end) if end < len(text) else None
    if not found:
        return "", (), end
    token, stop = found.group(1), found.end()
    codes = currency_of_sign(token)
    if not codes:
        token = token[0] if token[0] in SYMBOLS else token.partition("/")[0].rstrip(".!?")
        stop = found.start(1) + len(token)
        codes = currency_of_sign(token)
    if codes and found.start(1) > end and token[-1] in SYMBOLS and text[stop : stop + 1].isdigit():
        return "", (), end  # "50 $2.00": the sign belongs to the next number
    if not codes and token.lower() in _HUNDREDTHS:
        return token.lower(), (), stop
    return (token, codes, stop) if codes else ("", (), end)


def _with_decimals_behind(text: str, digits: str, start: int, end: int, stop: int, first: int) -> tuple[str, int]:
    """Join the decimals of `35€ 99`, `79 zł 99 gr`, `€ 68 50`, but not the next number of a list."""
    sub = _SUBUNIT.match(text, stop)
    if sub and stop > end:
        return f"{digits}.{sub.group(1).zfill(2)}", sub.end()
    tail = _TAIL.match(text, stop)
    if not tail or _sign_after(text, tail.end())[2] > tail.end():
        return digits, stop
    attached = first < start or not text[end : end + 1].isspace()
    if tail.end() == len(text) or (attached and stop > end):
        return f"{digits}.{tail.group(1)}", tail.end()
    return digits, stop


def is_plain_money(numeral: Numeral) -> bool:
    """Whether the sign means money even in running text, where `L`, `Re` or `MT` would be anything."""
    sign = numeral.sign
    return bool(numeral.codes) and (
        not _SYMBOLS.isdisjoint(sign) or sign in CODES or sign.casefold().rstrip(".") in PLAIN_WORDS
    )
