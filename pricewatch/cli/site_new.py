"""`site new`: a definition that is written by looking at a site's pages, and learned from one known price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, Call, complete
from pricewatch.cli.learning import Apart, Asking, Files, Prices, Yes, amount, parsing, save, saved, scraping_settings
from pricewatch.cli.output import Column
from pricewatch.domain.errors import ConfigError, FetchError, UsageError
from pricewatch.domain.offer import SiteKind

if TYPE_CHECKING:
    from pricewatch.ports import Page
    from pricewatch.scraping.extract.hints import SiteContext
    from pricewatch.scraping.learn import Lesson
    from pricewatch.scraping.learn_site import Draft, Survey
    from pricewatch.scraping.site import SiteDefinition

Addresses = Annotated[list[str], options.argument("URL...", "Product pages of the site; two make it surer than one.")]
Name = Annotated[str, options.option("--name", env=False, metavar="NAME", help="What to call it. [default: its host]")]
Output = Annotated[
    str, options.option("--output", "-o", env=False, metavar="FILE", help="Where to. [default: scrapers/NAME.toml]")
]
Kind = Annotated[SiteKind | None, options.option("--kind", env=False, help="What it is. [default: as it looks]")]
CurrencyCode = Annotated[
    str,
    options.option("--currency", env=False, metavar="CODE", help="Of prices that show none. [default: as it looks]"),
]
Locale = Annotated[
    str, options.option("--locale", env=False, metavar="LOCALE", help="As in pl-PL. [default: as it looks]")
]
Private = Annotated[
    bool, options.option("--allow-private", env=False, help="It is on a network of our own, and may be read there.")
]


def site_new(
    call: Call,
    urls: Addresses,
    *,
    name: Name = "",
    price: Prices = None,
    file: Files = None,
    output: Output = "",
    kind: Kind = None,
    currency: CurrencyCode = "",
    locale: Locale = "",
    allow_private: Private = False,
    yes: Yes = False,
) -> int:
    """Write a site definition by looking at its pages; with one known price it learns where that stands."""
    from pricewatch.scraping.learn_site import domain_of, name_of
    from pricewatch.scraping.sources.look import looks_like_a_feed, named_like_a_feed

    site = _provisional(urls, name or name_of(domain_of(_first(urls))), currency, locale, allow_private=allow_private)
    target = _target(call, output, site.name)
    _tell_of_others(call, urls[0])
    asking = Asking(yes)
    if kind is SiteKind.FEED or (kind is None and named_like_a_feed(urls[0])):
        return _written_feed(call, asking, site, urls, file or [], target)
    pages, robots, sitemap = complete(_look(call, site, urls, file or []))
    if kind is None and looks_like_a_feed(pages[0]):
        return _written_feed(call, asking, site, urls, file or [], target)
    with parsing() as apart:
        seen, context = _survey(apart, pages, site, kind)
        if any(page.shell for page in seen):
            site, pages = _rendered(call, site, pages, saved=bool(file))
            seen, context = _survey(apart, pages, site, kind)
        _show(call, seen, context, robots, sitemap=sitemap, aside=target is None)
        context = replace(context, kind=kind or _ask_kind(asking, context.kind))
        known = [amount(text, context) for text in price or []] or _ask_price(asking, seen[0], context)
        lesson = _learn(apart, pages, known, context)
    if lesson.reason:
        return call.finish(f"nothing was written: {lesson.reason}", code=FAILED, next_step=_step_after(seen, known))
    draft = _draft(asking, site, seen, lesson, robots, sitemap=sitemap)
    return _written(call, draft, lesson, target)


def _first(urls: Sequence[str]) -> str:
    from pricewatch.scraping.urls import is_web_address

    wrong = next((url for url in urls if not is_web_address(url)), None)
    if wrong is not None:
        raise UsageError("this is no web address", where=wrong, hint="write it as https://…")
    return urls[0]


def _provisional(urls: Sequence[str], name: str, currency: str, locale: str, *, allow_private: bool) -> SiteDefinition:
    """The site as far as its addresses tell: enough to fetch its pages politely."""
    from pricewatch.located import build, parse
    from pricewatch.scraping.learn_site import domain_of, quoted
    from pricewatch.scraping.site import SiteDefinition

    lines = {"name": name, "locale": locale, "currency": currency}
    text = "".join(f"{key} = {quoted(value)}\n" for key, value in lines.items() if value)
    text += f"domains = [{quoted(domain_of(urls[0]))}]\nallow_private = {str(allow_private).lower()}\n"
    text += f"[crawl]\ntargets = [{', '.join(map(quoted, urls))}]\n"

    try:
        return build(SiteDefinition, parse(text, "the call"))
    except ConfigError as error:
        first = error.problems[0]
        hint = "give the pages of one site" if " is not on " in first.message else first.hint
        if first.message.startswith("`name`"):
            hint = "--name takes small letters, digits, '.', '_' and '-', as in my-shop"
        raise UsageError(first.message, hint=hint) from None


def _target(call: Call, output: str, name: str) -> Path | None:
    """Where the definition goes; None is stdout."""
    from pricewatch.config import load, scrapers_folder

    if output == "-":
        return None
    try:
        folder = scrapers_folder(load(call.config))
    except ConfigError:
        if call.config is not None:
            raise
        folder = Path("scrapers")
    target = Path(output) if output else folder / f"{name}.toml"
    if target.exists():
        hint = f"--name or --output chooses another; `pricewatch site repair {name}` changes it"
        raise UsageError("there is such a definition already", where=str(target), hint=hint)
    return target


def _tell_of_others(call: Call, url: str) -> None:
    """Say when a definition for the same site is there already, in the project or with pricewatch."""
    from pricewatch.config import load, load_sites, load_sites_around
    from pricewatch.scraping.site import site_for

    try:
        sites = load_sites(load(call.config)) if call.config else load_sites_around(Path.cwd())
    except ConfigError:
        return  # what is wrong in other files is no matter here
    known = site_for(sites.values(), url)
    if known is not None:
        call.out.say(f"note: there is a definition of this site already, {known.name}: `pricewatch site list --all`")


async def _look(
    call: Call, site: SiteDefinition, urls: Sequence[str], files: Sequence[Path]
) -> tuple[list[Page], str, bool]:
    """The pages, what robots.txt says, and whether it names a sitemap."""
    from pricewatch.bootstrap import SystemClock
    from pricewatch.ports import Target
    from pricewatch.scraping.client import HttpFetcher

    if files:
        return saved(urls, files), "", False
    fetcher = HttpFetcher(scraping_settings(call), {site.name: site}, SystemClock())
    async with fetcher.opened():
        pages = [await fetcher.fetch(Target(site.name, url)) for url in urls]
        try:
            named = await fetcher.sitemaps(urls[0], site)
        except FetchError:
            named = ()
    return pages, "robots.txt lets these pages be read.", bool(named)


def _rendered(
    call: Call, site: SiteDefinition, pages: Sequence[Page], *, saved: bool
) -> tuple[SiteDefinition, list[Page]]:
    """The site read in a browser, and its pages as their scripts leave them."""
    from pricewatch.scraping.browser import what_is_missing

    missing = what_is_missing(scraping_settings(call).browser)
    if saved or missing:
        hint = "save it from the browser once it is complete" if saved else missing
        words = 'nothing was written: the page is empty until its scripts have run; its site needs render = "auto"'
        raise UsageError(words, where=pages[0].final_url, hint=hint)
    call.out.say('note: the page is empty until its scripts have run; it is read in a browser (render = "auto")')
    site = site.model_copy(update={"render": "auto"})
    return site, complete(_render(call, site, pages))


async def _render(call: Call, site: SiteDefinition, pages: Sequence[Page]) -> list[Page]:
    from pricewatch.bootstrap import SystemClock
    from pricewatch.scraping.browser import Renderer
    from pricewatch.scraping.client import HttpFetcher

    settings = scraping_settings(call)
    fetcher = HttpFetcher(settings, {site.name: site}, SystemClock())
    renderer = Renderer(settings, fetcher)
    async with fetcher.opened(), renderer.opened():
        return [await renderer.render(page, site) for page in pages]


def _survey(
    apart: Apart, pages: Sequence[Page], site: SiteDefinition, kind: SiteKind | None
) -> tuple[list[Survey], SiteContext]:
    """What the pages say, and the site as it looks; a page that cannot be read at all ends the command."""
    from pricewatch.scraping.learn_site import surveys

    context = replace(site.context(), kind=kind or SiteKind.SHOP, seller="")
    seen: list[Survey] = apart(surveys, pages, context)
    first = seen[0]
    currency = site.currency or next((it.currency for it in seen if it.currency), "")
    locale = site.locale or next((it.locale for it in seen if it.locale), "")
    return seen, replace(context, kind=kind or first.kind, currency=currency, locale=locale)


_ROWS = (Column("seller"), Column("price", money=True), Column("shipping", money=True))


def _show(call: Call, seen: Sequence[Survey], context: SiteContext, robots: str, *, sitemap: bool, aside: bool) -> None:
    for page in seen:
        facts = _facts(page, context, robots, sitemap=sitemap)
        if aside:
            call.out.say("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
        else:
            call.out.record("page", facts)
        if page.rows and not aside:
            rows = [(row.seller, row.price, row.shipping) for row in page.rows]
            call.out.table("row", _ROWS, rows, title="Offers", aside=True, limit=10)


def _facts(page: Survey, context: SiteContext, robots: str, *, sitemap: bool) -> dict[str, object]:
    facts: dict[str, object] = {
        "url": page.address, "verdict": page.verdict.value, "message": page.message, "name": page.name,
        "gtin": page.gtin, "price": page.price, "was": page.was, "doubt": page.doubt, "stock": page.availability.value,
        "offers": len(page.rows) or None, "source": page.source, "kind": context.kind.value,
        "currency": context.currency, "locale": context.locale, "robots": robots, "sitemap": sitemap or None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in (None, "", "unknown")}


def _learn(apart: Apart, pages: Sequence[Page], known: Sequence[Decimal], context: SiteContext) -> Lesson:
    from pricewatch.scraping.learn import Example, learn

    if len(known) > len(pages):
        raise UsageError("there are more prices than pages", hint="give one --price for each address, in order")
    prices = [*known, *[None] * (len(pages) - len(known))]
    examples = [Example(page, price) for page, price in zip(pages, prices, strict=True)]
    lesson: Lesson = apart(learn, examples, context)
    return lesson


def _step_after(seen: Sequence[Survey], known: Sequence[Decimal]) -> str:
    if seen[0].verdict.value == "blocked":
        return f"save the page from your browser, then pricewatch site new {seen[0].address} --file PAGE.html"
    if seen[0].verdict.value == "product" and not known:
        return f"pricewatch site new {seen[0].address} --price PRICE"
    return f"pricewatch extract {seen[0].address} --explain"


# --- what reading cannot know ----------------------------------------------------------------------------------


def _ask_kind(asking: Asking, guess: SiteKind) -> SiteKind:
    return SiteKind(asking.text("What is it", guess.value, [kind.value for kind in SiteKind]))


def _ask_price(asking: Asking, page: Survey, context: SiteContext) -> list[Decimal]:
    """Let a person say whether the price is right; no answer leaves it to the reading."""
    if asking.yes:
        return []
    prices = [row.price for row in page.rows if row.price] if context.kind is not SiteKind.SHOP else []
    read = page.price or next(iter(prices), None)
    question = "What does a buyer pay now on the first page" + (", in one of its offers" if prices else "")
    answer = asking.text(question, read.text if read else "unknown")
    return [] if answer == "unknown" else [amount(answer, context)]


def _draft(
    asking: Asking, site: SiteDefinition, seen: Sequence[Survey], lesson: Lesson, robots: str, *, sitemap: bool
) -> Draft:
    from pricewatch.scraping.learn_site import Draft, country_of

    first = seen[0]
    locale = site.locale or first.locale
    draft = Draft(
        name=site.name,
        kind=lesson.kind,
        domain=site.domains[0],
        targets=tuple(target.url for target in site.crawl.targets),
        locale=locale,
        currency=site.currency or first.currency,
        sitemap=sitemap,
        allow_private=site.allow_private,
        render="auto" if site.render == "auto" else "",
        hints=lesson.hints,
        notes=lesson.notes,
        robots=robots,
    )
    return _with_terms(asking, draft, country_of(first.address, locale))


def _with_terms(asking: Asking, draft: Draft, country: str) -> Draft:
    """What no page and no file tells: the market, the tax, and whether the site may be read."""
    country = _country(asking, country)
    tax = asking.text("Are its prices gross or net of VAT", "gross", ("gross", "net", "unknown"))
    verdict = asking.text("Do its terms of use allow reading it", "unchecked",
                          ("unchecked", "allowed", "unclear", "forbidden"))  # fmt: skip
    note = asking.text("What does that rest on", "nobody has read its terms yet" if verdict == "unchecked" else "none")
    return replace(
        draft,
        country=country,
        tax=tax if tax != "unknown" else "",
        verdict=verdict,
        terms_note=f"{note[0].upper()}{note[1:]}." if note != "none" else "",
        looked=datetime.now(UTC).date(),
    )


def _country(asking: Asking, guess: str) -> str:
    for _ in range(3):
        answer = asking.text("Country that it sells to, two letters", guess or "none")
        if answer == "none":
            return ""
        if len(answer) == 2 and answer.isascii() and answer.isalpha():
            return answer.upper()
    raise UsageError("that is no country in two letters", hint="write it as PL, or none")


def _written_feed(
    call: Call, asking: Asking, site: SiteDefinition, urls: Sequence[str], files: Sequence[Path], target: Path | None
) -> int:
    """The definition of an address that is a file of offers."""
    from pricewatch.cli.site_feed import feed_of, notes_on
    from pricewatch.scraping.learn import How, Lesson
    from pricewatch.scraping.learn_site import Draft, country_of

    feed = feed_of(call, asking, site, urls, files)
    notes = tuple(notes_on(feed, site.name))
    draft = Draft(
        name=site.name, kind=SiteKind.FEED, domain=site.domains[0], targets=(), locale=site.locale,
        currency=feed.currency, seller=feed.seller, allow_private=site.allow_private, feed=feed,
    )  # fmt: skip
    draft = _with_terms(asking, draft, country_of(urls[0], site.locale))
    call.out.say(f"{feed.rows} rows that were looked at can be used")
    return _written(call, draft, Lesson(draft.hints, How.GENERIC, draft.kind, notes=notes), target)


def _written(call: Call, draft: Draft, lesson: Lesson, target: Path | None) -> int:
    from pricewatch.located import build, parse
    from pricewatch.scraping.learn_site import definition_text
    from pricewatch.scraping.site import SiteDefinition

    text = definition_text(draft)
    try:
        build(SiteDefinition, parse(text, "the new definition"))
    except ConfigError as error:
        raise UsageError(error.problems[0].message, hint="answer otherwise") from error
    if target is None:
        call.out.write(text.rstrip("\n"))
    else:
        save(target, text)
    for note in lesson.notes:
        call.out.say(f"note: {note}")
    learned = "the reader gets it right by itself" if lesson.how == "generic reading" else f"learned: {lesson.how}"
    where = f"{target} is written" if target else "the definition is above"
    step = f"read its terms, fill in [terms], then pricewatch site test {draft.name}"
    return call.finish(f"{where}; {learned}", next_step=step, how=str(lesson.how))
