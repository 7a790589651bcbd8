"""What `site new` and `site repair` share: saved pages, prices as people write them, questions, and files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pricewatch.cli import options
from pricewatch.cli.call import Call, complete
from pricewatch.cli.text import clean, plural
from pricewatch.domain.errors import PricewatchError, UsageError

if TYPE_CHECKING:
    from pricewatch.ports import Page
    from pricewatch.scraping.extract.hints import SiteContext
    from pricewatch.scraping.settings import ScrapingSettings

Apart = Callable[..., Any]
LEARNING_TIME = 60.0  # seconds: a page is read once for every selector that is tried

Prices = Annotated[
    list[str] | None,
    options.option("--price", env=False, metavar="PRICE", help="What a buyer pays now, one for each page that has it."),
]
Files = Annotated[
    list[Path] | None,
    options.option("--file", env=False, metavar="FILE", help="A saved page to read instead, one for each address."),
]
Yes = Annotated[bool, options.option("--yes", "-y", env=False, help="Ask nothing: take the defaults, and do it.")]


class Asking:
    """Asks on stderr and reads an answer from stdin; an empty one takes the default, as --yes does for all."""

    def __init__(self, yes: bool) -> None:
        self.yes = yes

    def text(self, question: str, default: str, choices: Sequence[str] = ()) -> str:
        """One answer, out of the choices when there are any."""
        if self.yes:
            return default
        words = f" ({', '.join(choices)})" if choices else ""
        for _ in range(3):
            answer = self._answer(f"{question}{words} [{default}]: ") or default
            if not choices or answer in choices:
                return answer
        raise UsageError(f"{question}: none of {', '.join(choices)} was answered", hint="--yes takes the defaults")

    def agrees(self, question: str) -> bool:
        """A yes, which has to be said."""
        return self.yes or self._answer(f"{question} [y/N]: ").lower() in {"y", "yes", "t", "tak", "j", "ja"}

    def _answer(self, words: str) -> str:
        sys.stderr.write(clean(words) + " ")
        sys.stderr.flush()
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            sys.stderr.write("\n")
            raise UsageError("nobody is there to answer", hint="--yes takes the defaults")
        return line.strip()


def saved(urls: Sequence[str], files: Sequence[Path]) -> list[Page]:
    """Saved pages with the addresses that they came from."""
    from pricewatch.ports import Page

    if len(files) != len(urls):
        raise UsageError(
            f"{plural(len(urls), 'address', 'addresses')}, but {plural(len(files), 'file')}",
            hint="give one --file for each address, in the same order",
        )
    now = datetime.now(UTC)
    return [Page(url, url, 200, {}, _bytes(file), now) for url, file in zip(urls, files, strict=True)]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read it: {error.strerror}", where=str(file), hint="name a saved page") from error


@contextmanager
def parsing() -> Iterator[Apart]:
    """Do what looks into pages in a parsing process: hostile ones keep a parser busy for minutes."""
    from pricewatch.scraping.pool import ParserPool

    with ParserPool(1, LEARNING_TIME) as pool:
        yield lambda function, *given: complete(pool.run(function, *given))


def apart(function: Callable[..., Any], *given: Any) -> Any:
    """Do one thing in a parsing process."""
    with parsing() as run:
        return run(function, *given)


def amount(text: str, context: SiteContext) -> Decimal:
    """The amount that a person wrote; raises UsageError when it is none, or may be two."""
    from pricewatch.scraping.extract.price_text import parse_price

    reading = parse_price(text, locale=context.locale or None, currency=context.currency or None)
    if reading.amount is None or reading.amount <= 0:
        meant = " or ".join(reading.readings)
        raise UsageError(
            f"{text!r} can be read as {meant}" if meant else f"{text!r} is no price", hint="write it as 129.00"
        )
    return reading.amount


def save(target: Path, text: str) -> None:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(target)


def scraping_settings(call: Call) -> ScrapingSettings:
    """The project's way of reading; the usual one outside a project."""
    from pricewatch.config import load
    from pricewatch.scraping.settings import ScrapingSettings

    try:
        return load(call.config).scraping
    except PricewatchError:
        if call.config is not None:
            raise
        return ScrapingSettings()
