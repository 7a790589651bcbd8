"""Shelf labels and posters as PDF; prices are vector text in an embedded font, barcodes are EAN-13 or EAN-8.

Needs the extra `print` (ReportLab, and a font that has all letters of our languages).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pymupdf_fonts
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.eanbc import Ean8BarcodeWidget, Ean13BarcodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A3, A4, A5, A6
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from stdnum import ean

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.paper.tags import STAGE, Tag, Tags

PLAIN, BOLD = "pricewatch", "pricewatch-bold"
PAGES = {"A3": A3, "A4": A4, "A5": A5, "A6": A6}
SMALLEST = (30.0, 20.0)  # millimetres: on less, no barcode can be read
NARROWEST, BARCODE = 19 * mm, 26 * mm  # an EAN-13: no narrower, and as wide as it gets on a small label
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Grid:
    """How labels lie on a page: as many of `width` × `height` millimetres as fit, centred; cut along thin lines."""

    width: float = 70.0
    height: float = 37.0
    page: str = "A4"

    @property
    def columns(self) -> int:
        """Labels side by side."""
        return int((PAGES[self.page][0] / mm + 0.5) // self.width)

    @property
    def rows(self) -> int:
        """Labels one below the other."""
        return int((PAGES[self.page][1] / mm + 0.5) // self.height)


def grid(size: str, page: str) -> Grid:
    """Read `70x37` (millimetres) and a page's name; raises UsageError for what cannot be printed."""
    if page not in PAGES:
        raise UsageError(f"there is no page {page!r}", hint=f"there are {', '.join(PAGES)}")
    width, _, height = size.lower().replace(",", ".").partition("x")
    try:
        made = Grid(float(width), float(height), page)
    except ValueError:
        raise UsageError(f"{size!r} is no size of a label", hint="write it in millimetres, as in 70x37") from None
    if not (made.width >= SMALLEST[0] and made.height >= SMALLEST[1] and made.columns >= 1 and made.rows >= 1):
        least = "x".join(f"{side:g}" for side in SMALLEST)
        raise UsageError(f"a label of {size} does not fit", hint=f"from {least} to a whole page of {page}")
    return made


def labels(tags: Tags, layout: Grid) -> bytes:
    """A PDF of shelf labels: name, price, price a unit, the reduction with its prior price, barcode, SKU, version."""
    canvas, out = _canvas(layout.page, "Labels")
    page_width, page_height = PAGES[layout.page]
    width, height = layout.width * mm, layout.height * mm
    left = (page_width - layout.columns * width) / 2
    top = page_height - (page_height - layout.rows * height) / 2
    for number, tag in enumerate(tags.tags):
        place = number % (layout.columns * layout.rows)
        if number and not place:
            canvas.showPage()
        row, column = divmod(place, layout.columns)
        _label(canvas, tag, tags.day, _Box(left + column * width, top - (row + 1) * height, width, height))
    canvas.save()
    return out.getvalue()


def posters(tags: Tags, page: str) -> bytes:
    """A PDF with one page a product: large price, the reduction in the words of the law, barcode."""
    if page not in PAGES:
        raise UsageError(f"there is no page {page!r}", hint=f"there are {', '.join(PAGES)}")
    canvas, out = _canvas(page, "Posters")
    for number, tag in enumerate(tags.tags):
        if number:
            canvas.showPage()
        _poster(canvas, tag, tags.day, _Box(0, 0, *PAGES[page]))
    canvas.save()
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle on the page, in points from its lower left corner."""

    x: float
    y: float
    width: float
    height: float


def _canvas(page: str, title: str) -> tuple[Canvas, io.BytesIO]:
    _fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAGES[page], invariant=1)
    canvas.setTitle(title)
    canvas.setCreator("pricewatch")
    return canvas, out


@cache
def _fonts() -> None:
    for name, font in ((PLAIN, "notos"), (BOLD, "notosbo")):
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(pymupdf_fonts.myfont(font))))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of text as it is set."""

    text: str
    font: str
    size: float

    @property
    def height(self) -> float:
        """From the top of this line to the top of the next."""
        return self.size * 1.15


_SCALES = tuple(number / 20 for number in range(20, 5, -1))


def _label(canvas: Canvas, tag: Tag, day: str, box: _Box) -> None:
    canvas.setLineWidth(0.2)
    canvas.setStrokeGray(0.7)
    canvas.rect(box.x, box.y, box.width, box.height)
    pad, size = 2 * mm, box.height / 10
    inner = _Box(box.x + pad, box.y + pad, box.width - 2 * pad, box.height - 2 * pad)
    bars = _bars(inner)
    drawn = _barcode(canvas, tag.gtin, bars)
    below = bars.height if drawn and bars.width > inner.width / 2 else 0.0
    beside = inner.width * (0.6 if drawn and not below else 1)

    def lines(scale: float) -> list[_Line]:
        unit = size * scale
        return [
            *_set(tag.name, PLAIN, unit, inner.width, most=2),
            *_set(tag.reduced, BOLD, unit * 0.8, inner.width, most=1),
            _fitted(tag.told, BOLD, unit * 2.6, beside),
            *(line for text in tag.terms for line in _set(text, PLAIN, unit * 0.62, beside, most=3)),
        ]

    foot = _Line(_foot(tag, day), PLAIN, size * 0.5)
    _draw(canvas, _filling(lines, inner.height - foot.height - below), inner.x, inner.y + inner.height)
    shown = _Line(_cut(foot.text, PLAIN, foot.size, beside), PLAIN, foot.size)
    _draw(canvas, [shown], inner.x, inner.y + foot.height + below)


def _bars(inner: _Box) -> _Box:
    """Where a label's barcode stands: beside the price, or below everything where it would be too narrow to read."""
    width = inner.width * 0.36
    if width >= NARROWEST:
        return _Box(inner.x + inner.width * 0.64, inner.y, width, inner.height * 0.4)
    width = min(inner.width, BARCODE)
    return _Box(inner.x + inner.width - width, inner.y, width, inner.height * 0.24)


def _poster(canvas: Canvas, tag: Tag, day: str, box: _Box) -> None:
    pad, size = box.width * 0.08, box.width / 14
    inner = _Box(box.x + pad, box.y + pad, box.width - 2 * pad, box.height - 2 * pad)
    wide = min(inner.width * 0.4, 60 * mm)
    bars = _Box(inner.x + inner.width - wide, inner.y, wide, wide * 0.55)
    _barcode(canvas, tag.gtin, bars)

    def lines(scale: float) -> list[_Line]:
        unit = size * scale
        return [
            *_set(tag.reduced, BOLD, unit, inner.width, most=1),
            *_set(tag.name, PLAIN, unit, inner.width, most=3),
            _fitted(tag.told, BOLD, unit * 5, inner.width),
            *(line for text in tag.terms for line in _set(text, PLAIN, unit * 0.55, inner.width, most=3)),
        ]

    _draw(canvas, _filling(lines, inner.height - bars.height), inner.x, inner.y + inner.height)
    foot = _Line(_cut(_foot(tag, day), PLAIN, size * 0.3, inner.width - wide), PLAIN, size * 0.3)
    _draw(canvas, [foot], inner.x, inner.y + foot.height)


def _foot(tag: Tag, day: str) -> str:
    return _printable(f"{tag.sku} · {day} · {tag.version}")


def _filling(lines: Callable[[float], list[_Line]], height: float) -> list[_Line]:
    """The lines as large as fit into a height: everything that has to be said is said, smaller if need be."""
    made = (lines(scale) for scale in _SCALES)
    return next((found for found in made if sum(line.height for line in found) <= height), lines(_SCALES[-1]))


def _set(text: str, font: str, size: float, width: float, *, most: int) -> list[_Line]:
    """Text broken into at most so many lines, the last one cut with an ellipsis."""
    broken = simpleSplit(_printable(text), font, size, width)
    shown = [_cut(line, font, size, width) for line in broken[:most]]
    if len(broken) > most:
        shown[-1] = _cut(f"{broken[most - 1]} {broken[most]}", font, size, width)
    return [_Line(line, font, size) for line in shown]


def _fitted(text: str, font: str, size: float, width: float) -> _Line:
    """One line as large as fits into a width: a price is never cut."""
    printed = _printable(text)
    wide = pdfmetrics.stringWidth(printed, font, size)
    return _Line(printed, font, size * min(1.0, width / wide) if wide else size)


def _draw(canvas: Canvas, lines: Sequence[_Line], x: float, top: float) -> None:
    canvas.setFillGray(0)
    for line in lines:
        top -= line.height
        canvas.setFont(line.font, line.size)
        canvas.drawString(x, top + line.size * 0.25, line.text)


def _cut(line: str, font: str, size: float, width: float) -> str:
    if pdfmetrics.stringWidth(line, font, size) <= width:
        return line
    while line and pdfmetrics.stringWidth(line + _ELLIPSIS, font, size) > width:
        line = line[:-1]
    return line.rstrip() + _ELLIPSIS


def legible(tags: Tags) -> Tags:
    """Set aside products whose name has letters that the font lacks: a label without its name misleads."""
    missing = {tag.sku: _unprintable(tag.name + tag.brand) for tag in tags.tags}
    hint = "`pricewatch print leaflet` writes a table for a program that has them"
    aside = [
        SetAside(STAGE, sku, f"the font has no letters for its name: {letters[:20]}", hint=hint)
        for sku, letters in missing.items()
        if letters
    ]
    shown = tuple(tag for tag in tags.tags if not missing[tag.sku])
    return replace(tags, tags=shown, set_aside=(*tags.set_aside, *aside))


def _unprintable(text: str) -> str:
    letters = _letters()
    return "".join(dict.fromkeys(char for char in text if char.isalnum() and ord(char) not in letters))


def _letters() -> Mapping[int, int]:
    _fonts()
    letters: Mapping[int, int] = pdfmetrics.getFont(PLAIN).face.charToGlyph
    return letters


def _printable(text: str) -> str:
    """Text on one line, without what the font has no sign for (emoji, controls)."""
    letters = _letters()
    return " ".join("".join(char if ord(char) in letters else " " for char in text).split())


def _barcode(canvas: Canvas, gtin: str, box: _Box) -> bool:
    """Draw an EAN in a box, quiet zones included, and say so; a GTIN that is none (or none for tills) is left out."""
    code = gtin.zfill(13) if len(gtin) == 12 else gtin
    if len(code) not in (8, 13) or not ean.is_valid(code):
        return False
    widget = (Ean8BarcodeWidget if len(code) == 8 else Ean13BarcodeWidget)(code)
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(right - left, top - bottom)
    drawing.add(widget)
    canvas.saveState()
    canvas.translate(box.x, box.y)
    canvas.scale(box.width / (right - left), box.height / (top - bottom))
    renderPDF.draw(drawing, canvas, -left, -bottom)
    canvas.restoreState()
    return True
