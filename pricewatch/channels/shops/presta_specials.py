"""PrestaShop's specific prices: what other prices they make, and those of ours that announce a reduction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

from pricewatch.channels.form import PriceForm
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Currency, Money, TaxRate

DECIMALS = 6
GROSS = PriceForm(DECIMALS)
_ALWAYS = frozenset({"", "0000-00-00 00:00:00"})
_OURS = "2001-02-03 04:05:06"  # a specific price that holds from this moment on is one of ours


@dataclass(frozen=True, slots=True)
class Special:
    """A specific price of a product (combination 0 = all of them); `starts` and `ends` None = no limit.

    `fixed` is a net price that replaces the product's own, `share` a reduction in percent, `amount` one in money.
    """

    number: str
    combination: str
    starts: datetime | None
    ends: datetime | None
    fixed: Decimal | None
    share: Decimal
    amount: Decimal
    ours: bool = False

    def concerns(self, combination: str, now: datetime) -> bool:
        """Whether it holds for this combination now or later."""
        return self.combination in {"0", "", combination} and (self.ends is None or self.ends > now)

    @property
    def runs(self) -> bool:
        """Whether it has begun."""
        return self.starts is None or self.starts <= datetime.now(UTC)

    def price(self, full: Money, rate: TaxRate) -> Money | None:
        """The gross price that it makes of the full one; None when it cannot be meant."""
        gross = full.amount
        if self.fixed is not None:
            gross = self.fixed * (10_000 + rate.basis_points) / 10_000
        return GROSS.shown_text(f"{gross * (1 - self.share) - self.amount:f}", full.currency, rate)


def special_of(element: Element) -> Special:
    """A specific price as the shop writes it."""
    fixed = text_of(element, "price")
    reduction = decimal_of(text_of(element, "reduction"))
    percent = text_of(element, "reduction_type") == "percentage"
    return Special(
        number=text_of(element, "id"),
        combination=text_of(element, "id_product_attribute"),
        starts=_moment(text_of(element, "from")),
        ends=_moment(text_of(element, "to")),
        fixed=None if fixed.startswith("-") or not fixed else decimal_of(fixed),
        share=reduction if percent else Decimal(0),
        amount=Decimal(0) if percent else reduction,
        ours=text_of(element, "from") == _OURS,
    )


def reduction(desired: Desired, prior: Money) -> bytes:
    """A specific price that takes the difference off for everybody, from ever until it is deleted."""
    number, _, own = desired.remote_id.partition("/")
    off = prior.amount - desired.price.amount
    everybody = ("id_shop", "id_cart", "id_currency", "id_country", "id_group", "id_customer")
    fields = {
        "id_product": number,
        "id_product_attribute": own or "0",
        **dict.fromkeys(everybody, "0"),
        "price": "-1",
        "from_quantity": "1",
        "reduction": f"{off:.{DECIMALS}f}",
        "reduction_tax": "1",
        "reduction_type": "amount",
        "from": _OURS,
        "to": "0000-00-00 00:00:00",
    }
    root = Element("prestashop")
    special = SubElement(root, "specific_price")
    for name, text in fields.items():
        SubElement(special, name).text = text
    body: bytes = tostring(root, encoding="utf-8")
    return body


def _moment(text: str) -> datetime | None:
    """The shop's own local time, taken as UTC: a day more or less only makes us ask again."""
    try:
        return None if text in _ALWAYS else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def text_of(element: Element, name: str) -> str:
    """The text of a child; empty when it has none."""
    return (element.findtext(name) or "").strip()


def decimal_of(text: str) -> Decimal:
    """A stored amount; zero when it is none."""
    stored = GROSS.shown_text(text, Currency("STORED", DECIMALS), TaxRate(0))
    return stored.amount if stored is not None else Decimal(0)
