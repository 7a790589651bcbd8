"""Tills that read a price file from a folder and answer when they have: the newest answered file is what counts.

An answer is empty, or names items of its file that were refused. Anything else, such as a report that the file could
not be read, is no answer, and what stands in a file that got one counts as refused in these words.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from pricewatch.channels.feed import ANY_SIZE, FeedItem, shortened
from pricewatch.channels.fields import carried, field
from pricewatch.channels.offline.folders import Folder, folder_of
from pricewatch.channels.offline.settings import TillSettings
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.surroundings import Surroundings
from pricewatch.channels.xmlfeed import amount
from pricewatch.domain.errors import ChannelUnavailable, PublishingStopped
from pricewatch.domain.listing import Capabilities, Desired, Listing, PushResult, PushStatus, Refusal
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product, Sku

LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class _Taken:
    """What tills charge, the newest answered file over the older ones; `refused` is what they said no to in it, and
    `failed` what they left beside other files instead of an answer. `rows` is what stands in the files, by number.
    """

    number: int
    prices: Mapping[Sku, Money | None]
    refused: Mapping[Sku, str]
    failed: Mapping[int, str]
    rows: Mapping[int, Mapping[Sku, Money | None]]

    @property
    def newest(self) -> int:
        """The number of the newest file; 0 = there is none."""
        return max(self.rows, default=0)

    def charges(self) -> Mapping[Sku, Money | None]:
        """What tills charge, and without a price what waits for their first answer."""
        waiting = self.rows[self.newest] if self.newest > self.number else ()
        return {**dict.fromkeys(waiting), **self.prices}

    def settled(self, sku: Sku) -> bool:
        """Whether nothing else may come: every file that was written since the answered one asks for the same. One that
        is gone may have been read before it went.
        """
        later = range(self.number + 1, self.newest + 1)
        known = self.number and all(number in self.rows for number in later)
        return bool(known) and all(self.rows[number].get(sku) == self.prices.get(sku) for number in later)

    def refusal(self, sku: Sku) -> Refusal | None:
        """What was said of the price in the newest file, where that was not taken."""
        price = self.rows[self.newest].get(sku) if self.rows else None
        said = self.refused.get(sku) if self.number == self.newest else self.failed.get(self.newest)
        return Refusal(price, said) if price is not None and said else None


class Till(PlainChannel):
    """A price file as a channel; `remote_id` is the SKU. Every push is a whole file of its own."""

    def __init__(self, name: str, settings: TillSettings, around: Surroundings) -> None:
        can = Capabilities(
            role=settings.role,
            batch_size=ANY_SIZE,
            requests_per_minute=ANY_SIZE,
            currency=around.currency,
            late_apply=settings.late_apply,
            full_state=True,
            carries=carried(settings.columns.values()),
            answers="the till's answer",
        )
        super().__init__(name, can)
        self._settings = settings
        self._around = around
        before, _, after = settings.name.partition("{version}")
        self._numbered = re.compile(f"{re.escape(before)}(\\d{{1,15}}){re.escape(after)}")

    async def listings(self) -> AsyncIterator[Listing]:
        """Everything that tills have said that they took, and without a price what waits for their first answer."""
        async with self._folder() as folder:
            taken = await self._taken(folder)
        for sku, price in taken.charges().items():
            sure = price is not None and taken.settled(sku)
            yield Listing(self._name, sku, sku, price, answered=sure, refusal=taken.refusal(sku))

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """What tills charge for these, by their newest answer."""
        wanted = set(remote_ids)
        return [listing async for listing in self.listings() if listing.remote_id in wanted]

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Drop a file with these prices, unless the newest one says the same and nothing in it that is asked again was
        refused; files that were overtaken unread go.
        """
        products = self._around.assortment().products
        items = {desired.sku: self._item(desired, products) for desired in batch}
        content = self._content([item for item in items.values() if isinstance(item, FeedItem)])
        async with self._folder() as folder:
            newest = await self._drop(folder, content, [desired.sku for desired in batch if desired.again])
            taken = await self._taken(folder)
            await self._tidy(folder, newest, taken.number)
        refused = taken.refused if taken.number == newest else {}
        failed = taken.failed.get(newest, "")
        return [_result(desired, items[desired.sku], refused, failed) for desired in batch]

    async def _drop(self, folder: Folder, content: bytes, again: Sequence[Sku]) -> int:
        """Put a file with a number of its own there, unless the newest one says the same; the number."""
        names = await folder.names()
        files = self._files(names)
        newest = max(files, default=0)
        if newest and await folder.read(files[newest]) == content:
            taken = await self._taken(folder) if again else None
            if taken is None or not any(taken.refusal(sku) for sku in again):
                return newest
        self._ask_stop()
        number = max([newest, *self._answers(names)]) + 1
        await folder.put(self._settings.name.replace("{version}", str(number)), content)
        return number

    def _item(self, desired: Desired, products: Mapping[Sku, Product]) -> FeedItem | str:
        """What stands in the file, or why nothing does."""
        product, sku = products.get(desired.sku), desired.sku
        if product is None:
            return "not in the catalogue"
        if sku != shortened(sku, LONGEST_CELL) or sku != _letters(sku, self._settings.encoding):
            return f"its SKU cannot be written as {self._settings.encoding} on one line"
        return FeedItem(product, desired.price, desired.tax, desired.announcement, desired.terms, desired.delivery)

    def _content(self, items: Sequence[FeedItem]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self._settings.delimiter, lineterminator="\r\n")
        if self._settings.header:
            writer.writerow(self._settings.columns)
        for item in items:
            writer.writerow([self._cell(field(name, item)) for name in self._settings.columns.values()])
        return text.getvalue().encode(self._settings.encoding, "replace")

    def _cell(self, value: str | Money) -> str:
        if isinstance(value, Money):
            return value.text.replace(".", self._settings.decimal)
        return shortened(value, LONGEST_CELL)

    def _ask_stop(self) -> None:
        if self._around.stopped():
            raise PublishingStopped(
                f"publishing is stopped, no file was written for {self._name}",
                hint="look at `pricewatch status`, then `pricewatch resume`",
            )

    async def _tidy(self, folder: Folder, newest: int, taken: int) -> None:
        """Leave the newest file, the newest answered one, and some that were answered before."""
        names = await folder.names()
        files = self._files(names)
        answered = sorted((number for number, file in files.items() if self._answer(file) in names), reverse=True)
        kept = {newest, taken, *answered[: self._settings.keep]}
        for number, file in files.items():
            if number not in kept:
                await folder.remove(file)
                await folder.remove(self._answer(file))
        for number, answer in self._answers(names).items():
            if number not in files and number != newest:
                await folder.remove(answer)

    # --- reading ------------------------------------------------------------------------------------------------

    async def _taken(self, folder: Folder) -> _Taken:
        """Go through the answered files from the oldest to the newest."""
        names = await folder.names()
        found, failed, every = _Taken(0, {}, {}, {}, {}), dict[int, str](), dict[int, Mapping[Sku, Money | None]]()
        for number, file in sorted(self._files(names).items()):
            if self._answer(file) not in names:
                every[number] = await self._unanswered(folder, file)
                continue
            rows = every[number] = dict(self._rows(await folder.read(file), file))
            refused = _refused(await folder.read(self._answer(file)), self._settings.encoding, rows)
            if isinstance(refused, str):
                failed[number] = f"it answered {file} with {refused}"
                continue
            prices = {sku: found.prices.get(sku) if sku in refused else price for sku, price in rows.items()}
            found = _Taken(number, prices, refused, failed, every)
        return replace(found, failed=failed, rows=every)

    async def _unanswered(self, folder: Folder, file: str) -> Mapping[Sku, Money | None]:
        content = await folder.read(file)
        try:
            return dict(self._rows(content, file))
        except ChannelUnavailable:  # of other columns or broken: the next push puts another in its place
            return {}

    def _rows(self, content: bytes, file: str) -> Iterator[tuple[Sku, Money | None]]:
        names = list(self._settings.columns.values())
        at, price_at = names.index("sku"), names.index("price")
        text = io.StringIO(content.decode(self._settings.encoding), newline="")
        rows = csv.reader(text, delimiter=self._settings.delimiter)
        try:
            for number, row in enumerate(rows):
                if self._settings.header and not number:
                    continue
                if len(row) != len(names):
                    raise ValueError(f"line {number + 1} has {len(row)} columns instead of {len(names)}")
                yield row[at], amount(row[price_at].replace(self._settings.decimal, "."), self._currency)
        except (ValueError, csv.Error) as error:
            hint = "did the columns change? remove the old files, the next run writes a new one"
            raise ChannelUnavailable(f"{file} cannot be read back: {error}", where=self._name, hint=hint) from error

    def _files(self, names: frozenset[str]) -> Mapping[int, str]:
        found = ((self._numbered.fullmatch(name), name) for name in names)
        return {int(match[1]): name for match, name in found if match}

    def _answers(self, names: frozenset[str]) -> Mapping[int, str]:
        """All answers by number, also those whose file is gone: their numbers are used up."""
        before, _, after = self._settings.ack.partition("{name}")
        stems = (name[len(before) : len(name) - len(after)] for name in names)
        found = self._files(frozenset(stems)).items()
        return {number: self._answer(file) for number, file in found if self._answer(file) in names}

    def _answer(self, file: str) -> str:
        return self._settings.ack.replace("{name}", file)

    def _folder(self) -> AbstractAsyncContextManager[Folder]:
        return folder_of(self._name, self._settings, self._around.folder)


def _letters(text: str, encoding: str) -> str:
    return text.encode(encoding, "replace").decode(encoding)


def _refused(answer: bytes, encoding: str, rows: Mapping[Sku, object]) -> Mapping[Sku, str] | str:
    """The items of a file that a till said no to, by lines of `sku;reason`; or what it says instead, when a line names
    none of them.
    """
    try:
        text = answer.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = answer.decode(encoding, "replace")
    known = {sku.casefold(): sku for sku in rows}
    refused: dict[Sku, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        named, _, reason = line.partition(";")
        sku = named.strip() if named.strip() in rows else known.get(named.strip().casefold())
        if sku is None:
            return repr(shortened(line, 100))
        refused[sku] = reason.strip() or "refused without a reason"
    return refused


def _result(desired: Desired, item: FeedItem | str, refused: Mapping[Sku, str], failed: str) -> PushResult:
    if isinstance(item, str):
        return PushResult(desired.remote_id, PushStatus.REFUSED, f"left out of the file: {item}")
    if desired.sku in refused:
        return PushResult(desired.remote_id, PushStatus.REFUSED, refused[desired.sku])
    if failed:
        return PushResult(desired.remote_id, PushStatus.REFUSED, failed)
    return PushResult(desired.remote_id, PushStatus.ACCEPTED)
