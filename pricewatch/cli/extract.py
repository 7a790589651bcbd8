"""Read one page, or many, or a price text, and say what was found: `extract` and `parse-price`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, PARTLY, Call, command, complete
from pricewatch.cli.learning import scraping_settings
from pricewatch.cli.named import site_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Mode
from pricewatch.cli.text import json_line, plural
from pricewatch.domain.errors import PricewatchError, UsageError

if TYPE_CHECKING:
    from pricewatch.domain.offer import Observation
    from pricewatch.ports import Page
    from pricewatch.scraping.extract.hints import SiteContext
    from pricewatch.scraping.extract.reading import Reading
    from pricewatch.scraping.extract.records import Candidate

Source = Annotated[str | None, options.argument("[URL_OR_FILE]", "The page: an address, or a saved file.")]
Url = Annotated[str, options.option("--url", env=False, metavar="URL", help="The address that a saved file came from.")]
SiteOption = Annotated[
    str, options.option("--site", env=False, metavar="NAME", help="Read it with this site's definition.")
]
Explain = Annotated[
    bool, options.option("--explain", env=False, help="Show every price found, which won, and why the others lost.")
]
ReadingOption = Annotated[
    int | None,
    options.option("--reading", env=False, metavar="ID", help="The kept page that a reading of `explain` rests on."),
]
Batch = Annotated[
    Path | None,
    options.option("--batch", env=False, metavar="LIST", help='Read the pages of JSON lines {"file": …, "url": …}.'),
]
Texts = Annotated[
    list[str] | None,
    options.argument(
        "[TEXT]...", "Price texts, after -- if one begins with a dash; lines of standard input when none."
    ),
]
Locale = Annotated[str, options.option("--locale", env=False, metavar="LOCALE", help="How numbers are written: pl-PL.")]
CurrencyHint = Annotated[
    str, options.option("--currency", env=False, metavar="CODE", help="The currency of texts that do not say.")
]

_CANDIDATES = (
    Column("won"),
    Column("role"),
    Column("amount"),
    Column("currency"),
    Column("source"),
    Column("outcome", fold=True),
    Column("where", fold=True),
    Column("why", fold=True),
)
_OFFERS = (Column("seller"), Column("name", fold=True), Column("price"), Column("shipping"), Column("availability"))
_PRICES = (Column("amount"), Column("currency"), Column("ambiguous"), Column("readings"), Column("text", fold=True))


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "extract")(extract_command)
    command(app, "parse-price")(parse_price_command)


# --- extract ---------------------------------------------------------------------------------------------------


def extract_command(
    call: Call,
    source: Source = None,
    *,
    url: Url = "",
    site: SiteOption = "",
    explain: Explain = False,
    reading: ReadingOption = None,
    batch: Batch = None,
) -> int:
    """Read a page, live, saved or kept: what it is, its price, where on the page that stands, and what was rejected."""
    if sum(given is not None for given in (source, reading, batch)) != 1:
        raise UsageError("name one page, a --reading, or a list with --batch", hint="pricewatch extract FILE --url URL")
    if batch is not None:
        return _batch(call, batch, site)
    if reading is not None:
        return _kept(call, reading, site, explain=explain)
    context = _context(call, site)
    page = _live(call, source or "") if _is_address(source or "") else _saved(Path(source or ""), url)
    return _one(call, source or "", page, context, explain=explain)


def _kept(call: Call, number: int, site: str, *, explain: bool) -> int:
    """The page that a reading rests on, as it was kept: what was read from it then, and what is read now."""
    with opened(call) as app:
        stored = next((it for it in app.bench.store.sightings.current() if it.id == number), None)
        if stored is None:
            raise UsageError(
                f"there is no current reading {number}", hint="`pricewatch explain SKU` shows their numbers"
            )
        seen = stored.observation
        kept = app.bench.store.sightings.evidence(seen.evidence.page_hash)
        name = site or seen.offer.item.key.site
        context = app.sites[name].context() if name in app.sites else _context(call, name)
    if kept is None:
        hint = "[scraping] evidence_days says how long pages are kept"
        raise UsageError(f"the page of reading {number} is not kept", hint=hint)
    from pricewatch.scraping.learn_replay import as_page

    call.out.say(_then(seen))
    url = seen.offer.item.url or seen.target
    page = as_page(kept, url, url, seen.seen_at)
    return _one(call, seen.target or seen.offer.item.url, page, context, explain=explain)


def _then(seen: Observation) -> str:
    evidence = seen.evidence
    where = f" at {evidence.selector}" if evidence.selector else ""
    return f"read at {seen.seen_at:%Y-%m-%d %H:%M} UTC: {seen.offer.price or 'no price'} from {evidence.source}{where}"


def _one(call: Call, source: str, page: Page, context: SiteContext, *, explain: bool) -> int:
    from pricewatch.scraping.extract.page import read_page
    from pricewatch.scraping.extract.report import record

    reading = read_page(page, context)
    if call.out.mode is Mode.JSON:
        call.out.write(json_line({"file": source, "url": page.final_url, **record(reading)}))
        return OK
    _show(call, reading, explain=explain)
    return call.finish(_sentence(reading))


def _sentence(reading: Reading) -> str:
    if reading.price:
        stock = "stock unknown" if reading.availability.value == "unknown" else reading.availability.value
        offers = f", {plural(len(reading.rows), 'offer')}" if reading.rows else ""
        return f"{reading.price}, {stock.replace('_', ' ')}{offers}"
    if reading.ambiguous:
        return f"ambiguous: {' or '.join(reading.readings)} {reading.currency}".rstrip()
    return f"{reading.verdict.value}: {reading.message}" if reading.message else "no price to take"


def _show(call: Call, reading: Reading, *, explain: bool) -> None:
    from pricewatch.scraping.extract.report import record

    fields = record(reading)
    evidence, offers = fields.pop("evidence"), fields.pop("offers")
    shown = {name: value for name, value in {**fields, **evidence}.items() if name not in {"rejected", "notes"}}
    call.out.record("page", {name: value for name, value in shown.items() if value not in (None, [], "")})
    if offers:
        rows = [tuple(offer[column.name] for column in _OFFERS) for offer in offers]
        call.out.table("offer", _OFFERS, rows, title="Offers", aside=not explain, limit=30)
    if explain or call.out.mode is Mode.TABLE:
        found = [(True, c) for c in reading.agreeing] + [(False, c) for c in reading.rejected]
        rows = [(won, *_candidate(c, reading)) for won, c in found]
        call.out.table("candidate", _CANDIDATES, rows, title="Prices found")


def _candidate(found: Candidate, reading: Reading) -> tuple[str, ...]:
    from pricewatch.scraping.extract.explain import verdict_on

    amounts, why = " or ".join(map(str, found.amounts)), ", ".join(found.why)
    said = verdict_on(found, reading)
    return found.role.value, amounts, found.currency, found.source.value, said, found.where, why


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _saved(path: Path, url: str) -> Page:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read it: {error.strerror}", where=str(path), hint="name a file or an address"
        ) from error
    return _page(url, body)


def _page(url: str, body: bytes) -> Page:
    from pricewatch.ports import Page

    return Page(url, url, 200, {}, body, _now())


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _live(call: Call, url: str) -> Page:
    from pricewatch.bootstrap import SystemClock
    from pricewatch.ports import Target
    from pricewatch.scraping.client import HttpFetcher
    from pricewatch.scraping.site import site_for

    definitions = _definitions(call)
    fetcher = HttpFetcher(scraping_settings(call), definitions, SystemClock())
    site = site_for(definitions.values(), url)

    async def fetch() -> Page:
        try:
            return await fetcher.fetch(Target(site.name if site else "", url))
        finally:
            await fetcher.close()

    return complete(fetch())


def _context(call: Call, name: str) -> SiteContext:
    from pricewatch.scraping.extract.hints import SiteContext

    if not name:
        return SiteContext()
    context: SiteContext = site_named(_definitions(call), name).context()
    return context


def _definitions(call: Call) -> Any:
    """The project's site definitions; none outside a project."""
    from pricewatch.config import load, load_sites

    try:
        return load_sites(load(call.config))
    except PricewatchError:
        if call.config is not None:
            raise
        return {}


# --- extract --batch -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the list: a page to read, or what is wrong with the line."""

    file: str
    url: str
    path: Path | None = None
    error: str = ""


def _batch(call: Call, list_file: Path, site: str) -> int:
    try:
        text = list_file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"cannot read it: {error.strerror}", where=str(list_file), hint="name a file") from error
    context = _context(call, site)
    lines = [_line(raw, list_file.parent) for raw in text.splitlines() if raw.strip()]
    return complete(_read_all(call, lines, context))


def _line(raw: str, folder: Path) -> _Line:
    try:
        entry = json.loads(raw)
        file, url = entry["file"], entry.get("url") or ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return _Line("", "", error=f"the line is not a JSON object with a file: {error}"[:200])
    if not isinstance(file, str) or not isinstance(url, str) or not file:
        return _Line(str(file), str(url), error="file and url must be texts")
    return _Line(file, url, folder / file)


async def _read_all(call: Call, lines: list[_Line], context: SiteContext) -> int:
    """Read in all workers and print in order, holding only a few pages at a time."""
    import asyncio
    from collections import deque

    from pricewatch.scraping.pool import AHEAD, ParserPool

    failed = 0
    with ParserPool() as pool:
        waiting: deque[asyncio.Task[dict[str, Any]]] = deque()
        left: Iterator[_Line] = iter(lines)
        for line in left:
            waiting.append(asyncio.create_task(_read_one(pool, line, context)))
            if len(waiting) >= AHEAD * pool.workers:
                failed += _print(call, await waiting.popleft())
        while waiting:
            failed += _print(call, await waiting.popleft())
    if failed:
        call.out.say(f"{plural(failed, 'page')} of {len(lines)} could not be read")
    return PARTLY if failed else OK


async def _read_one(pool: Any, line: _Line, context: SiteContext) -> dict[str, Any]:
    from pricewatch.scraping.extract.report import page_record, unreadable

    named = {"file": line.file, "url": line.url}
    if line.path is None:
        return {**named, **unreadable(line.error)}
    try:
        page = _saved(line.path, line.url)
        return {**named, **await pool.run(page_record, page, context)}
    except PricewatchError as error:
        return {**named, **unreadable(error.message)}


def _print(call: Call, record: dict[str, Any]) -> int:
    call.out.write(json_line(record))
    return int("error" in record)


# --- parse-price -----------------------------------------------------------------------------------------------


def parse_price_command(call: Call, texts: Texts = None, *, locale: Locale = "", currency: CurrencyHint = "") -> int:
    """Read the amount and currency out of price texts; what can be read in two ways is called ambiguous."""
    from pricewatch.scraping.extract.price_text import PriceReading, parse_price

    if not texts and sys.stdin.isatty():
        raise UsageError("no text to read", hint='pricewatch parse-price "1 299,00 zł", or lines on standard input')
    _check_locale(locale)
    found = (parse_price(text, locale=locale, currency=currency) for text in texts or _lines(sys.stdin))
    if call.out.mode is Mode.JSON:
        for reading in found:
            call.out.write(json_line(_price(reading)))
        return OK

    def row(reading: PriceReading) -> tuple[Any, ...]:
        fields = _price(reading)
        return tuple(fields[column.name] for column in _PRICES)

    call.out.table("price", _PRICES, map(row, found))
    return OK


def _check_locale(locale: str) -> None:
    """Raise UsageError for a locale that says neither how numbers are written nor which currency is meant."""
    from pricewatch.scraping.extract.currencies import LANGUAGES, currency_of_locale, decimal_mark

    if locale and not decimal_mark(locale) and not currency_of_locale(locale):
        hint = f"a language, or a language and a country like pl-PL; the languages are {', '.join(LANGUAGES)}"
        raise UsageError(f"nothing is known of the locale {locale!r}", hint=hint)


def _lines(stream: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in stream)


def _price(reading: Any) -> dict[str, Any]:
    return {
        "text": reading.text,
        "amount": None if reading.amount is None else f"{reading.amount:f}",
        "currency": reading.currency or None,
        "ambiguous": reading.ambiguous,
        "readings": list(reading.readings),
    }
