"""robots.txt by RFC 9309: what the text of one host lets us read, and what its absence means."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from protego import Protego

from pricewatch.scraping.urls import MAX_URL

MAX_BYTES = 500 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Robots:
    """One host's rules; `refused` says why nothing may be read when the file itself could not be."""

    rules: Protego | None = None
    refused: str = ""

    def allows(self, url: str, token: str) -> bool:
        """Say whether the crawler with this name may read the address."""
        if self.refused:
            return False
        return self.rules is None or bool(self.rules.can_fetch(url, token))

    def crawl_delay(self, token: str) -> float:
        """Seconds that the host asks to leave between requests; 0 when it does not say."""
        delay = self.rules.crawl_delay(token) if self.rules else None
        return 0.0 if delay is None or math.isnan(delay) else max(float(delay), 0.0)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The sitemaps that it names."""
        named: Iterable[str] = self.rules.sitemaps if self.rules else ()
        return tuple(dict.fromkeys(url for url in named if len(url) <= MAX_URL))


ALLOW_ALL = Robots()


def parse_robots(body: bytes) -> Robots:
    """Read the first 500 KiB of a robots.txt; a whole or cut byte order mark is dropped."""
    for byte in BYTE_ORDER_MARK:
        if body[:1] != bytes([byte]):
            break
        body = body[1:]
    return Robots(Protego.parse(body[:MAX_BYTES].decode("utf-8", "replace")))


def robots_of(status: int, body: bytes) -> Robots:
    """What an answer for /robots.txt means: 2xx is read, 4xx allows all, 429 and 5xx allow nothing for now."""
    if 200 <= status < 300:
        return parse_robots(body)
    if 400 <= status < 500 and status != 429:
        return ALLOW_ALL
    return Robots(refused=f"robots.txt answered {status}")
