"""Line charts as one HTML file that needs nothing else: steps in SVG, safe with any text from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pricewatch.domain.errors import UsageError

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 860, 240, 70, 24, 12
COLOURS = ("#1b6ca8", "#c1440e", "#2e7d32", "#6a1b9a", "#8d6e00", "#00695c")
RIVALS = "#9e9e9e"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}}
table{{border-collapse:collapse;margin:1rem 0}}
th,td{{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #ddd}}
th:first-child,td:first-child{{text-align:left}}
svg{{width:100%;height:auto}}text{{font:12px system-ui,sans-serif;fill:#555}}
h2{{font-size:1.05rem;margin:2rem 0 .3rem}}.key span{{margin-right:1.2rem;white-space:nowrap}}</style></head><body>
<h1>{title}</h1><p>{lead}</p>{body}</body></html>
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name and a value (None = unknown) for each step."""

    name: str
    values: Sequence[float | None]
    colour: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same steps; `first` and `last` are what stands under the ends of the axis. A `curve` is drawn from
    point to point, what happens in time as steps.
    """

    title: str
    lines: Sequence[Line]
    first: str
    last: str
    curve: bool = False


def page(title: str, lead: str, header: Sequence[str], rows: Sequence[Sequence[str]], charts: Sequence[Chart]) -> str:
    """A whole page: a table, and a chart under each heading."""
    table = _table(header, rows)
    return _PAGE.format(title=escape(title), lead=escape(lead), body=table + "".join(map(_section, charts)))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _section(chart: Chart) -> str:
    key = "".join(f'<span><b style="color:{line.colour}">▬</b> {escape(line.name)}</span>' for line in chart.lines)
    return f'<h2>{escape(chart.title)}</h2><div class="key">{key}</div>{svg(chart)}'


def svg(chart: Chart) -> str:
    """One chart: prices stay until they change, so lines are steps."""
    known = [value for line in chart.lines for value in line.values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    margin = (high - low) * 0.06 or max(abs(high) * 0.02, 0.01)
    low, high = low - margin if low < 0 or low > margin else 0.0, high + margin
    paths = "".join(
        f'<path d="{_path(line.values, low, high, chart.curve)}" fill="none" stroke="{line.colour}" stroke-width="2"/>'
        for line in chart.lines
    )
    words = escape(f"{chart.title}, {chart.first} to {chart.last}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{_axes(chart, low, high)}{paths}</svg>'


def _axes(chart: Chart, low: float, high: float) -> str:
    marks = []
    for part in range(5):
        value = low + (high - low) * part / 4
        y = _y(value, low, high)
        marks.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#eee"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,.2f}</text>')
    marks.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(chart.first)}</text>')
    marks.append(f'<text x="{WIDTH}" y="{HEIGHT - 6}" text-anchor="end">{escape(chart.last)}</text>')
    return "".join(marks)


def _path(values: Sequence[float | None], low: float, high: float, curve: bool) -> str:
    return " ".join(_moves(values, low, high, curve))


def _moves(values: Sequence[float | None], low: float, high: float, curve: bool) -> Iterator[str]:
    wide = (WIDTH - LEFT) / max(len(values) - curve, 1)
    drawing = False
    for step, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x, y = round(LEFT + step * wide, 1), _y(value, low, high)
        yield f"{'L' if drawing else 'M'}{x} {y}" + ("" if curve else f" H{round(x + wide, 1)}")
        drawing = True


def _y(value: float, low: float, high: float) -> float:
    return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def writable(file: Path | None) -> None:
    """Say before the work begins that a page cannot be written; raises UsageError."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise UsageError("cannot write a page there", where=str(file), hint="name a file in a folder that exists")


def save_page(file: Path, text: str) -> None:
    """Write a page; raises UsageError where that cannot be done."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"cannot write it: {error.strerror}", where=str(file), hint="name another file") from error
