"""The names that conditions and formulas may use, and the type of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The types of the expression language."""

    MONEY = "an amount"
    PERCENT = "a percentage"
    NUMBER = "a number"
    TEXT = "a text"
    PATH = "a category"
    TAGS = "tags"
    TRUTH = "true or false"


@dataclass(frozen=True, slots=True)
class Field:
    """A name: its type, what it means, and whether it needs the rule's landscape."""

    kind: Kind
    meaning: str
    market: bool = False


FIELDS = {
    "sku": Field(Kind.TEXT, "our SKU"),
    "name": Field(Kind.TEXT, "our product name"),
    "brand": Field(Kind.TEXT, "brand"),
    "category": Field(Kind.PATH, "category path; `in` also finds everything below it"),
    "supplier": Field(Kind.TEXT, "supplier"),
    "tags": Field(Kind.TAGS, "tags; `'sale' in tags`"),
    "kvi": Field(Kind.TRUTH, "whether the product shapes the price image"),
    "stock": Field(Kind.NUMBER, "our pieces in stock"),
    "cost": Field(Kind.MONEY, "our net cost"),
    "current": Field(Kind.MONEY, "our gross price in force"),
    "floor": Field(Kind.MONEY, "the product's explicit floor, gross"),
    "ceiling": Field(Kind.MONEY, "the product's explicit ceiling, gross"),
    "rrp": Field(Kind.MONEY, "recommended price, gross"),
    "map": Field(Kind.MONEY, "minimum advertised price, gross"),
    "prior": Field(
        Kind.MONEY, "lowest price of the 30 days before today, or before the start of a running reduction, gross"
    ),
    "optimal": Field(Kind.MONEY, "the price that the demand model asks for, gross"),
    "profit": Field(Kind.MONEY, "net price in force minus cost"),
    "vat": Field(Kind.PERCENT, "VAT rate"),
    "margin": Field(Kind.PERCENT, "profit as a share of the net price in force"),
    "markup": Field(Kind.PERCENT, "profit as a share of the cost"),
    "changes_today": Field(Kind.NUMBER, "price changes in the current calendar day"),
    "days_unchanged": Field(Kind.NUMBER, "whole days since we last changed the price"),
    "velocity": Field(Kind.NUMBER, "pieces sold a day, over the last 28 days"),
    "days_of_stock": Field(Kind.NUMBER, "how long our stock lasts at that velocity; 9999 where nothing is sold"),
    "streak": Field(Kind.NUMBER, "last price changes within 7 days that went the same way; negative = down"),
    "on_promotion": Field(Kind.TRUTH, "whether our price in force is an announced reduction"),
    "group": Field(Kind.TEXT, "price group"),
    "currency": Field(Kind.TEXT, "the group's currency code"),
    "date": Field(Kind.TEXT, "today in the group's time zone, as 2026-11-27"),
    "weekday": Field(Kind.TEXT, "mon, tue, wed, thu, fri, sat or sun in the group's time zone"),
    "hour": Field(Kind.NUMBER, "hour of the day, 0 to 23, in the group's time zone"),
    "month": Field(Kind.NUMBER, "month, 1 to 12, in the group's time zone"),
    "day": Field(Kind.NUMBER, "day of the month in the group's time zone"),
    "offers": Field(Kind.NUMBER, "offers that count", market=True),
    "lowest": Field(Kind.MONEY, "lowest counting offer", market=True),
    "second_lowest": Field(Kind.MONEY, "second lowest counting offer", market=True),
    "median": Field(Kind.MONEY, "lower median of the counting offers", market=True),
    "average": Field(Kind.MONEY, "mean of the counting offers, halves up", market=True),
    "highest": Field(Kind.MONEY, "highest counting offer", market=True),
    "buy_box": Field(Kind.MONEY, "the offer that the marketplace shows first, if it counts", market=True),
    "trend": Field(Kind.PERCENT, "how far the counting offers moved within a week", market=True),
    "rank": Field(Kind.NUMBER, "1 + how many counting offers are below our price in force", market=True),
    "gap": Field(Kind.PERCENT, "our price in force above (+) or below (-) the lowest offer", market=True),
}

OURS = frozenset({"current", "profit", "margin", "markup", "rank", "gap"})  # what is seen through our own price
CUSTOM = "custom."
FUNCTIONS = {
    "min": "the lowest of several amounts, numbers or percentages",
    "max": "the highest of several amounts, numbers or percentages",
    "known": "whether a field has a value",
    "number": "a text read as a number",
    "amount": "a text read as an amount of the group's currency",
    "days_since": "whole days from a date in a text (2026-11-27) to today",
    "contains": "whether a text contains another, whatever the case",
    "starts_with": "whether a text starts with another, whatever the case",
}
