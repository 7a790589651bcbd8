"""`site new` for an address that is a feed: a definition with a [source], and questions about what it does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pricewatch.cli.call import Call, complete
from pricewatch.cli.learning import Asking, parsing, saved, scraping_settings
from pricewatch.cli.output import Column
from pricewatch.domain.errors import FetchError, MoneyError, UsageError

if TYPE_CHECKING:
    from pricewatch.scraping.learn_site import FeedDraft
    from pricewatch.scraping.site import SiteDefinition
    from pricewatch.scraping.sources.look import Look

NOTHING = "none"
_ASKED = {"price": "Which column is the price", "id": "Which column tells one item from all others"}
_COLUMNS = (Column("column"), Column("field"), Column("sample", fold=True))


def feed_of(call: Call, asking: Asking, site: SiteDefinition, urls: Sequence[str], files: Sequence[Path]) -> FeedDraft:
    """Look at the file and ask for what is missing; raises UsageError when it is no feed that can be read."""
    from pricewatch.scraping.learn_site import FeedDraft
    from pricewatch.scraping.scratch import scratch
    from pricewatch.scraping.urls import without_credentials

    if len(urls) > 1:
        raise UsageError("a feed is one address", hint="write one definition for each feed")
    with scratch() as folder:
        path = folder / "feed"
        _fetch(call, site, urls[0], files, path)
        draft = FeedDraft(without_credentials(urls[0]), user=urlsplit(urls[0]).username or "", currency=site.currency)
        seen = _looked(path, site, draft)
        _show(call, seen)
        draft = _with_columns(asking, draft, seen)
        if draft.columns:
            seen = _looked(path, site, draft)
        draft = _with_currency(asking, draft, seen, urls[0])
        seen = _looked(path, site, draft)
        if any("can be read in two ways" in trouble or "ambiguous" in trouble for trouble in seen.troubles):
            mark = asking.text("What stands before the decimals of its prices", NOTHING, (NOTHING, ".", ","))
            draft = replace(draft, decimal="" if mark == NOTHING else mark)
            seen = _looked(path, site, draft)
    _judge(seen)
    seller = site.name if "seller" in seen.fields else asking.text("Who sells where a row does not say", site.name)
    return replace(draft, seller="" if "seller" in seen.fields else seller, rows=f"{seen.usable} of {seen.looked}")


def _fetch(call: Call, site: SiteDefinition, url: str, files: Sequence[Path], path: Path) -> None:
    if files:
        path.write_bytes(saved([url], files)[0].body)
        return
    complete(_download(call, site, url, path))


async def _download(call: Call, site: SiteDefinition, url: str, path: Path) -> None:
    from pricewatch.bootstrap import SystemClock
    from pricewatch.scraping.client import HttpFetcher, basic
    from pricewatch.scraping.sources.download import download
    from pricewatch.scraping.sources.settings import FeedSettings
    from pricewatch.scraping.urls import without_credentials
    from pricewatch.wire import Bounds

    limits = FeedSettings(type="feed", url=without_credentials(url))
    settings = scraping_settings(call)
    parts = urlsplit(url)
    secret = {"authorization": basic(parts.username, parts.password)} if parts.username else {}
    fetcher = HttpFetcher(settings, {site.name: site}, SystemClock())
    bounds = Bounds(limits.timeout, limits.max_download_bytes, limits.max_bytes)
    headers, hops = {"accept": "*/*", "accept-encoding": "gzip"}, settings.max_redirects
    try:
        await download(fetcher, site, limits.url, path, headers=headers, secret=secret, bounds=bounds, hops=hops)
    except FetchError as error:
        if error.status == 401:
            error.hint = "write name and password into the address: https://NAME:PASSWORD@…; only the name is kept"
        raise


def _looked(path: Path, site: SiteDefinition, draft: FeedDraft) -> Look:
    from pricewatch.domain.offer import Condition
    from pricewatch.scraping.sources.look import look
    from pricewatch.scraping.sources.reading import Terms
    from pricewatch.scraping.sources.rows import Layout
    from pricewatch.scraping.sources.unpack import Limits

    terms = Terms(
        "feed", draft.columns, draft.decimal, "auto", Condition.UNKNOWN, site.name, draft.currency, site.locale,
        datetime.now(UTC),
    )  # fmt: skip
    with parsing() as apart:
        found: Look = apart(look, path, Layout(columns=draft.columns), terms, Limits())
    if found.unread:
        raise UsageError(f"nothing was written: {found.unread}", hint="give a product page, or the address of a feed")
    return found


def _show(call: Call, seen: Look) -> None:
    fields = {column: field for field, column in seen.fields.items()}
    rows = [(name, fields.get(name, ""), sample) for name, sample in seen.columns.items()]
    call.out.table("column", _COLUMNS, rows, title="Columns", aside=True)


def _with_columns(asking: Asking, draft: FeedDraft, seen: Look) -> FeedDraft:
    mapped = {field: asking.text(_ASKED[field], NOTHING, (NOTHING, *seen.columns)) for field in seen.missing}
    unknown = [field for field, column in mapped.items() if column == NOTHING]
    if unknown:
        words = "no column is known to be the price" if "price" in unknown else "no column tells its items apart"
        names = ", ".join(list(seen.columns)[:12]) or "there are no columns"
        raise UsageError(f"nothing was written: {words}", hint=f"its columns are: {names}; answer without --yes")
    return replace(draft, columns=mapped)


def _with_currency(asking: Asking, draft: FeedDraft, seen: Look, url: str) -> FeedDraft:
    """The currency of prices that are written without one: as the host's country has it, unless told otherwise."""
    from pricewatch.domain.money import Currency
    from pricewatch.scraping.extract.currencies import currency_of_host

    if draft.currency or "currency" in seen.fields or seen.currencies:
        return draft
    for _ in range(3):
        answer = asking.text(
            "Currency of its prices, as in PLN", currency_of_host(urlsplit(url).hostname or "") or NOTHING
        )
        try:
            return replace(draft, currency=Currency.of(answer.upper()).code)
        except MoneyError:
            if asking.yes:
                break
    raise UsageError("nothing was written: its prices have no currency", hint="say which with --currency")


def _judge(seen: Look) -> None:
    if not seen.usable:
        why = "; ".join(seen.troubles) or "it has no rows"
        raise UsageError(f"nothing was written: none of its first {seen.looked} rows can be used: {why}",
                         hint="correct the file, or map its columns by hand")  # fmt: skip


def notes_on(draft: FeedDraft, name: str) -> list[str]:
    """What a person still has to do about a feed."""
    from pricewatch.scraping.learn_site import password_name

    notes = [f"put the password into {password_name(name)}; it is not written down"] if draft.user else []
    query = urlsplit(draft.url).query.lower()
    if any(word in query for word in ("key=", "token=", "hash=", "secret=", "password=")):
        notes.append('its address has a secret in it: write {token} there instead, and token = { env = "NAME" }')
    return notes
