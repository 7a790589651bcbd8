"""What API sources share: JSON answers within bounds, one target a product of ours, and sightings from findings."""

from __future__ import annotations

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from pricewatch.domain.errors import ConfigError, FetchError, FetchErrorKind, MoneyError, SetAside
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Observation, Verdict
from pricewatch.domain.product import Product
from pricewatch.pacing import retry_after
from pricewatch.ports import Finding, KeptPage, Lead, Sighting, Target
from pricewatch.scraping.sighting import EARLY, contradiction, failed, fault, left_over
from pricewatch.scraping.sources.base import STAGE, Surroundings
from pricewatch.wire import Bounds, Reply, exchange

STOPPING = frozenset({FetchErrorKind.BLOCKED, FetchErrorKind.PAUSED})
FAR = timedelta(days=365)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an API: its status, the JSON object, and the hash and bytes of the body, for evidence."""

    status: int
    value: Json
    page_hash: str
    body: bytes


@dataclass(slots=True)
class Found:
    """What an API says of one target; `whole` False = there is more than was read, so that nothing is gone by it.

    `gone` = the API says that there is no such thing; `unusable` counts what it said that cannot be used, by reason.
    """

    findings: list[Finding] = field(default_factory=list)
    whole: bool = True
    gone: bool = False
    unusable: Counter[str] = field(default_factory=Counter)


class Api:
    """Asks a JSON API in its host's turn; numbers come as they are written, never as floats."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._kept: dict[str, KeptPage] = {}

    async def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; raises FetchError for 429, server errors, and what is no JSON object."""
        settings = self._around.settings
        bounds = Bounds(settings.total_timeout, settings.max_download_bytes, settings.max_page_bytes)
        send = partial(_send, method, url, params, {"accept": "application/json", **(headers or {})}, form, bounds)
        reply = await self._around.fetcher.ask(url, self._around.site, send, robots=False)
        if reply.status == 429 or reply.status >= 500:
            raise self._busy(reply, url)
        return Answer(reply.status, _object(reply, url), hashlib.sha256(reply.body).hexdigest(), reply.body)

    def keep(self, answer: Answer) -> str:
        """Keep an answer as evidence until it is taken; returns its hash."""
        if self._around.settings.evidence_days:
            self._kept[answer.page_hash] = KeptPage(answer.page_hash, answer.body, "application/json")
        return answer.page_hash

    def taken(self) -> Mapping[str, KeptPage]:
        """What was kept since this was asked last, by hash."""
        kept, self._kept = self._kept, {}
        return kept

    def _busy(self, reply: Reply, url: str) -> FetchError:
        limited = reply.status == 429
        return FetchError(
            "the API's limit of requests is reached" if limited else f"the API answered {reply.status}",
            kind=FetchErrorKind.BLOCKED if limited else FetchErrorKind.HTTP_STATUS,
            where=url,
            hint="it is tried again later; raise crawl.delay or crawl.revisit"
            if limited
            else "it is tried again later",
            status=reply.status,
            retry_after=retry_after(reply.headers.get("retry-after"), self._around.clock.now()),
        )


async def _send(
    method: str,
    url: str,
    params: Mapping[str, str] | None,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None,
    bounds: Bounds,
    client: httpx.AsyncClient,
) -> Reply:
    request = client.build_request(method, url, params=params, headers=dict(headers), data=form)
    return await exchange(client, request, bounds)


def _same(text: str) -> str:
    return text


def _object(reply: Reply, url: str) -> Json:
    try:
        value = json.loads(reply.body, parse_float=_same, parse_constant=_same) if reply.body else {}
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    words = "the API's answer is no JSON object" if reply.status < 400 else f"the API answered {reply.status}"
    raise unreadable(words, url)


def unreadable(words: str, url: str) -> FetchError:
    """The error for an answer that is not what the API's documentation says."""
    return FetchError(words, kind=FetchErrorKind.DECODING, where=url, hint="check source.endpoint")


class ApiSource(ABC):
    """A source with one target for each product of ours that it can be asked for, read `batch` targets at a time."""

    batch = 1

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._api = Api(around)

    @abstractmethod
    def search_address(self, product: Product) -> str:
        """The target's address for a product; empty when the API can't be asked for it."""

    @abstractmethod
    async def read(self, targets: Sequence[Target]) -> Sequence[Found]:
        """Ask for some targets; one answer for each, in their order. Raises FetchError."""

    @abstractmethod
    def is_search(self, url: str) -> bool:
        """Say whether a target asks for a product, rather than being one page."""

    def close(self) -> None:  # noqa: B027 some sources have nothing to let go of
        """There is nothing to let go of."""

    async def discover(self) -> Sequence[Target | SetAside]:
        """The fixed targets, and one for each product; products that the API can't be asked for are counted."""
        site = self._around.site
        fixed = [Target(site.name, entry.url, entry.sku or None) for entry in site.crawl.targets]
        products = self._around.assortment().products.values()
        urls = [self.search_address(product) for product in products]
        found = [Target(site.name, url) for url in dict.fromkeys(filter(None, urls))]
        most = site.crawl.max_targets
        aside = []
        if nameless := urls.count(""):
            reason = f"{nameless:,} of {len(urls):,} products cannot be asked for: no GTIN, no brand and part number"
            aside.append(SetAside(STAGE, site.name, reason, hint="complete the catalogue"))
        if len(found) > most:
            aside.append(SetAside(STAGE, site.name, f"only {most:,} products are asked for", hint="crawl.max_targets"))
        return (*fixed, *found[:most], *aside)

    async def crawl(self, targets: Sequence[Target], ends: float) -> AsyncIterator[Sighting]:
        """Read targets batch by batch; once the API's limit is reached the rest stays due."""
        wanted = {self.search_address(product) for product in self._around.assortment().products.values()}
        asked = []
        for target in targets:
            if self.is_search(target.url) and target.url not in wanted:
                if target.verdict is not Verdict.GONE:  # no product of ours asks for it any more
                    yield self._gone(target)
            else:
                asked.append(target)
        for start in range(0, len(asked), self.batch):
            some = asked[start : start + self.batch]
            if time.monotonic() > ends:
                yield _left(some[0], len(asked) - start, "the crawl ran out of time", "raise scraping.deadline")
                return
            try:
                found = await self.read(some)
            except (FetchError, ConfigError) as error:
                trouble = _as_fetch_error(error, some[0].url)
                for target in some:
                    yield failed(target, trouble, self._around.clock.now(), revisit=self._around.revisit)
                rest = len(asked) - start - len(some)
                if rest and (trouble.kind in STOPPING or isinstance(error, ConfigError)):
                    yield _left(asked[start + len(some)], rest, trouble.message, trouble.hint)
                    return
                continue
            kept = self._api.taken()
            for target, each in zip(some, found, strict=True):
                yield self._sighting(target, each, kept)

    async def search(self, address: str) -> Sequence[Lead] | SetAside:
        """Ask for a product: the pages of its offers."""
        try:
            found = (await self.read([Target(self._around.site.name, address)]))[0]
            self._api.taken()
        except (FetchError, ConfigError) as error:
            trouble = _as_fetch_error(error, address)
            return SetAside(STAGE, address, trouble.message, hint=trouble.hint)
        leads = {finding.offer.url: finding.offer.item.title for finding in found.findings}
        return tuple(Lead(url, title) for url, title in leads.items() if url)

    def _sighting(self, target: Target, found: Found, kept: Mapping[str, KeptPage]) -> Sighting:
        if found.gone:
            return self._gone(target)
        now = self._around.clock.now()
        reasons = Counter(found.unusable)
        observations = []
        for finding in found.findings:
            if reason := fault(finding):
                reasons[reason] += 1
            else:
                observations.append(
                    Observation(finding.offer, now, finding.evidence, target.url, contradiction(finding))
                )
        verdict = Verdict.PRODUCT if found.whole and not reasons else Verdict.LISTING
        updated = replace(
            target,
            seen_at=now,
            due_at=now + timedelta(seconds=self._around.revisit * EARLY),
            verdict=verdict,
            failures=0,
            message="",
        )
        words = "; ".join(f"{times} × {reason}" for reason, times in reasons.most_common(3))
        aside = SetAside(STAGE, target.url, f"offers not used: {words}") if words else None
        hashes = {observation.evidence.page_hash for observation in observations}
        pages = tuple(kept[page_hash] for page_hash in hashes & kept.keys())
        return Sighting(updated, verdict, tuple(observations), aside, pages=pages)

    def _gone(self, target: Target) -> Sighting:
        now = self._around.clock.now()
        return Sighting(replace(target, seen_at=now, due_at=now + FAR, verdict=Verdict.GONE), Verdict.GONE)


def _left(target: Target, count: int, reason: str, hint: str) -> Sighting:
    more = f" ({count:,} targets were left, they stay due)" if count > 1 else ""
    return left_over(target, f"{reason}{more}", hint)


def _as_fetch_error(error: FetchError | ConfigError, url: str) -> FetchError:
    if isinstance(error, FetchError):
        return error
    problem = error.problems[0]
    words = f"{problem.file} {problem.message}".strip()
    return FetchError(words, kind=FetchErrorKind.ADDRESS, where=url, hint=problem.hint)


# --- values of unknown shape -----------------------------------------------------------------------------------


def text_of(value: Json, *keys: str, limit: int = 500) -> str:
    """A text or number below nested keys; empty when there is none."""
    inner: Any = value
    for key in keys:
        inner = inner.get(key) if isinstance(inner, dict) else None
    return str(inner).strip()[:limit] if isinstance(inner, (str, int)) and not isinstance(inner, bool) else ""


def whole_of(value: Json, *keys: str) -> int | None:
    """A whole number that is not below zero."""
    text = text_of(value, *keys, limit=20)
    return int(text) if text.isascii() and text.isdecimal() else None


def objects_of(value: Json, key: str, url: str) -> Iterator[Json]:
    """The objects of a list, none when it is not there; raises FetchError for anything else."""
    found = value.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise unreadable(f"the API's answer has no list of objects in {key!r}", url)
    return iter(found)


def money_of(amount: str, currency: str) -> Money | None:
    """An amount as APIs write it, a plain decimal; None when it is none."""
    try:
        return Money.parse(amount, currency) if amount and currency else None
    except MoneyError:
        return None
