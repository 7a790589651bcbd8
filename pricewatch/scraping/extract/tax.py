"""Net or gross: which amounts are stated without tax, by their words, their markup and their ratio to others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

_VAT = (
    r"(?:\d+(?:[.,]\d)? ?% ?)?(?:mwst|ust|vat|tax(?:es)?|btw|dph|ddv|pdv|áfa|iva|tva|moms|podatku(?: vat)?|gst|alv|"
    r"kdv|pvm|pvn|ндс|пдв|ддс|φπα|φ\.π\.α)"
)
_NET_BEHIND = re.compile(
    rf"^\W*(?:netto\b|net\b|(?:excl|exkl|exc|ex|excluding|exclusive|exclusief|ohne|zzgl|bez|w/?o|without|sin|sem|senza|sans|"
    rf"\+|plus|esclus[ao]|escl|hors|utan|uden|eks|ekskl|ilman|fără|brez|be|без|χωρίς)\.?(?: of)?\W{{0,2}}{_VAT}\b|"
    rf"ht\b|hors taxes?|"
    rf"{_VAT} (?:excl|excluded|extra|nicht enthalten|escl)|\+ ?{_VAT}\b)"
)
_NET_BEFORE = re.compile(
    rf"(?:\bnetto(?:preis)?|\bnet(?: price)?|(?:excl|exkl|exc|ex|excluding|exclusief|ohne|bez|w/o|without|hors|"
    rf"sin|sem|senza|fără|brez|be|exkl|ekskl|uden|ilman|без|χωρίς)\.? {_VAT}|\bhors taxes?|\bht)\W*$"
)
_GROSS_BEHIND = re.compile(
    rf"^\W*(?:brutto\b|gross\b|ttc\b|(?:incl|inkl|inc|including|inclusief)\b|"
    rf"(?:mit|vč|včetně|s|z|with)\.? {_VAT}\b|{_VAT} (?:inc|ink|compris))"
)
_NET_MARKUP = re.compile(
    r"(?:^|[-_ :])(?:net|netto|nett|excl|ex)[-_]?(?:price|preis|prijs|cena|value|amount|tax|vat|btw)?(?=[-_ ]|$)|"
    r"(?:price|preis|prijs|cena)[-_]?(?:net|netto|excl|ex(?:cluding)?[-_]?(?:tax|vat|btw)|without[-_]?(?:tax|vat))|"
    r"netprice|excluding-?tax|excl-?(?:tax|vat|btw)|without-?(?:vat|tax|dph)|bez-?dph|no-?tax"
)
_PER_CENT = "5 6 7 7.7 8 8.1 9 10 12 13 13.5 15 16 17 18 19 20 21 22 23 24 25 25.5 27"
_RATES = tuple(1 + Decimal(rate) / 100 for rate in _PER_CENT.split())
_NEAR, _ROUNDING = Decimal("0.0006"), Decimal("0.02")


def is_net(before: str, behind: str, markup: str) -> bool:
    """Whether the words around a number, or the names of its elements, say that tax comes on top."""
    if _GROSS_BEHIND.search(behind[:40].lower()):
        return False
    return bool(
        _NET_BEHIND.search(behind[:40].lower()) or _NET_BEFORE.search(before[-40:].lower()) or _by_markup(markup)
    )


@lru_cache(maxsize=8192)
def _by_markup(markup: str) -> bool:
    return _NET_MARKUP.search(markup) is not None


def taxed(net: Decimal, amounts: Iterable[Decimal]) -> bool:
    """Whether one of the amounts is this one with value added tax, at a rate that some country has."""
    return any(
        net < gross < 2 * net and any(abs(net * rate - gross) <= max(_ROUNDING, gross * _NEAR) for rate in _RATES)
        for gross in amounts
    )
