"""What costs something only once it is picked is not the price of the page as it opens."""

from __future__ import annotations

import pytest

BESIDE = (
    "<input type=radio name=v id=a-1><label for=a-1>S 99,00 €</label>"
    "<input type=radio name=v id=a-2 checked><label for=a-2>L 129,00 €</label>"
)
OWN = "<div>129,00 €</div>"


def page(inside: str) -> str:
    return f"<html lang=de><title>Aroma 500 - Shop</title><h1>Aroma 500</h1>{inside}<button>In den Warenkorb</button>"


@pytest.mark.parametrize(
    "inside",
    [
        OWN + "<select><option selected>S</option><option>L 99,00 €</option></select>",
        "<select><option>Bitte wählen</option><option>S 99,00 €</option></select>" + OWN,
        "<select><option>S 99,00 €</option><option selected>L 129,00 €</option></select>",
        "<select><option>S 129,00 €</option><option>L 99,00 €</option></select>",
        "<label><input type=radio name=v>S 99,00 €</label><label><input type=radio name=v checked>L 129,00 €</label>",
        BESIDE,
        "<label><input type=checkbox>Kanne <b>39,00 €</b></label>" + OWN,
    ],
)
def test_only_what_is_picked_counts(read, inside) -> None:
    """Options, radio buttons and boxes, in front of the price, behind it, or instead of it."""
    assert read(page(inside)).price.text == "129.00"


@pytest.mark.parametrize(
    "inside",
    [
        "<select><option>Bitte wählen</option><option>S 99,00 €</option><option>L 129,00 €</option></select>",
        "<label><input type=radio name=v>S 99,00 €</label><label><input type=radio name=v>L 129,00 €</label>",
        "<label><input type=checkbox>Kanne 39,00 €</label>",
    ],
)
def test_where_nothing_is_picked_there_is_no_price(read, inside) -> None:
    """Any of the choices would be a guess."""
    assert read(page(inside)).price is None


def test_structured_data_says_which_choice_is_meant(read, json_ld) -> None:
    """A script may pick one after the page has opened; the data of the page knows it."""
    data = json_ld('{"@type": "Product", "name": "Aroma 500", "offers": {"price": "99.00", "priceCurrency": "EUR"}}')
    choices = "<label><input type=radio name=v>S 99,00 €</label><label><input type=radio name=v>L 129,00 €</label>"
    assert read(page(data + choices)).price.text == "99.00"
