"""PrestaShop's stock_availables: the pieces of a product or of one of its combinations, whole objects as all there."""

from __future__ import annotations

from copy import deepcopy
from xml.etree.ElementTree import Element, tostring

from pricewatch.channels.shops.presta_specials import text_of

SHELVES, SHELF = "stock_availables", "stock_available"


def shelf_of(shelf: Element) -> tuple[str, str]:
    """Product and combination, which is "0" for a product without any."""
    return text_of(shelf, "id_product"), text_of(shelf, "id_product_attribute") or "0"


def pieces_of(shelf: Element | None) -> int | None:
    """The pieces on a shelf; None where there is none, or it says something else."""
    text = text_of(shelf, "quantity") if shelf is not None else ""
    return int(text) if text.removeprefix("-").isdecimal() else None


def unfillable(shelf: Element | None) -> str:
    """Why nothing may be put on a shelf; empty = it may."""
    if shelf is None:
        return "the shop has no stock_available of it"
    if text_of(shelf, "depends_on_stock") == "1":
        return "the shop's advanced stock management counts its pieces"
    return ""


def filled(shelf: Element, pieces: int) -> bytes:
    """The body that puts so many pieces on a shelf and leaves the rest of it as it is."""
    changed = deepcopy(shelf)
    quantity = changed.find("quantity")
    if quantity is not None:
        quantity.text = str(pieces)
    root = Element("prestashop")
    root.append(changed)
    body: bytes = tostring(root, encoding="utf-8")
    return body
