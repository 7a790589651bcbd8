"""Prices for people who read mail or set a leaflet: fixed at the moment of sending, each with its link and day."""

from __future__ import annotations

import csv
import io
from html import escape
from urllib.parse import urlsplit

from pricewatch.channels.tablefile import cell
from pricewatch.paper.tags import Tag, Tags

COLUMNS = (
    "sku", "gtin", "brand", "name", "price", "currency", "told", "unit_price", "reduced", "prior_price", "loyalty",
    "coupon", "url", "image_url", "version", "day",
)  # fmt: skip


def leaflet(tags: Tags) -> str:
    """A table for whoever sets a leaflet: CSV, one line a product, texts ready to print."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for tag in tags.tags:
        writer.writerow([cell(value) for value in _fields(tag, tags.day)])
    return text.getvalue()


def _fields(tag: Tag, day: str) -> tuple[str, ...]:
    return (
        tag.sku, tag.gtin, tag.brand, tag.name, tag.price.text, tag.price.currency.code, tag.told, tag.unit,
        tag.reduced, tag.prior, tag.loyalty, tag.coupon, tag.url, tag.image_url, str(tag.version), day,
    )  # fmt: skip


def newsletter_text(tags: Tags) -> str:
    """The plain part of a letter."""
    blocks = []
    for tag in tags.tags:
        lines = [tag.name, " · ".join(filter(None, (tag.told, tag.reduced))), *tag.terms, _link(tag.url)]
        blocks.append("\n".join(" ".join(line.split()) for line in lines if line))
    return "\n\n".join([*blocks, tags.words.as_of.format(day=tags.day)]) + "\n"


def newsletter_html(tags: Tags) -> str:
    """The snippet for the HTML part: a table with styles of its own, as mail programs want it; nothing is loaded but
    the product's pictures.
    """
    rows = "\n".join(_row(tag) for tag in tags.tags)
    day = escape(tags.words.as_of.format(day=tags.day))
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" '
        'style="border-collapse:collapse;width:100%;font-family:Arial,Helvetica,sans-serif">\n'
        f"{rows}\n"
        f'<tr><td colspan="2" style="padding:8px;font-size:12px;color:#555555">{day}</td></tr>\n</table>\n'
    )


def _row(tag: Tag) -> str:
    link, image = _link(tag.url), _link(tag.image_url)
    name = escape(tag.name)
    title = f'<a href="{escape(link)}" style="color:#0b57d0">{name}</a>' if link else name
    picture = f'<img src="{escape(image)}" alt="" width="96" style="display:block">' if image else ""
    reduced = f' <span style="color:#b3261e">{escape(tag.reduced)}</span>' if tag.reduced else ""
    more = "".join(f'<div style="font-size:13px;color:#555555">{escape(text)}</div>' for text in tag.terms)
    price = f'<strong style="font-size:20px">{escape(tag.told)}</strong>{reduced}'
    return (
        f'<tr data-sku="{escape(tag.sku)}" data-version="{tag.version}">'
        f'<td style="padding:8px;width:96px;vertical-align:top">{picture}</td>'
        '<td style="padding:8px;vertical-align:top;word-break:break-word;overflow-wrap:anywhere">'
        f"<div>{title}</div><div>{price}</div>{more}</td></tr>"
    )


def _link(url: str) -> str:
    """A web address, or nothing: a script in a catalogue's column must not reach a reader."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""
