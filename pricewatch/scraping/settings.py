"""The [scraping] section: how politely and how long pages are read, and what is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pricewatch.located import LocalPath, Section

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(/[0-9A-Za-z.+-]+)?$", max_length=64)]
Contact = Annotated[str, StringConstraints(pattern=r"^[ -~]*$", max_length=200)]


class BrowserSettings(Section):
    """The browser for sites whose definition says `render`: a Chromium of this machine, within limits."""

    path: LocalPath | None = None
    """Path of Chromium; without it the one that is found on this machine is used."""

    sandbox: bool = True
    """False switches Chromium's own sandbox off; only for containers in which it cannot work."""

    pages: int = Field(default=2, ge=1, le=16)
    """Pages that are rendered at the same time."""

    timeout: float = Field(default=30.0, gt=0, le=300)
    """Seconds that rendering one page may take."""

    settle: float = Field(default=3.0, ge=0, le=60)
    """Seconds that a loaded page is given to become quiet."""

    requests: int = Field(default=150, ge=1, le=2_000)
    """Requests that one page may make."""

    max_bytes: int = Field(default=30 * 1024 * 1024, ge=100_000, le=500_000_000)
    """Bytes that one page may fetch, on the wire."""

    max_memory: int = Field(default=1_500_000_000, ge=200_000_000)
    """Bytes of memory of all browser processes together; with more the browser is ended and started anew."""


class ScrapingSettings(Section):
    """How competitors' pages are read: identified, within robots.txt, at one polite rate a host."""

    user_agent: Token = "pricewatch"
    """Name, and version if you like, that the crawler gives; robots.txt rules are looked up by the name."""

    contact: Contact = ""
    """Address or mail where a site's owner reaches you; sent with every request, so fill it in."""

    delay: float = Field(default=2.0, ge=0, le=3_600)
    """Seconds between the starts of two requests to one host."""

    concurrency: int = Field(default=1, ge=1, le=16)
    """Requests to one host at the same time."""

    max_connections: int = Field(default=32, ge=1, le=512)
    """Requests to all hosts together at the same time."""

    strained_delay: float = Field(default=0.5, ge=0, le=60)
    """Seconds that the delay of a host in trouble counts as at least, before it is multiplied; default 0.5."""

    respect_robots: bool = True
    """Read robots.txt and keep to it; only a site definition can make an exception, for a site you may read."""

    robots_hours: float = Field(default=24.0, gt=0, le=24)
    """Hours that a robots.txt is remembered; RFC 9309 allows at most 24."""

    crawl_delay_cap: float = Field(default=30.0, ge=0, le=86_400)
    """Seconds; a longer Crawl-delay in robots.txt is shortened to this."""

    connect_timeout: float = Field(default=10.0, gt=0, le=120)
    """Seconds to connect."""

    read_timeout: float = Field(default=15.0, gt=0, le=300)
    """Seconds to wait for the next piece of an answer."""

    total_timeout: float = Field(default=45.0, gt=0, le=600)
    """Seconds that one request may take altogether, however steadily it drips."""

    parse_timeout: float = Field(default=10.0, gt=0, le=120)
    """Seconds that reading one page may take before its worker is stopped and the page counts as unreadable."""

    deadline: float = Field(default=14_400.0, gt=0)
    """Seconds that one crawl of one site may take; what is left then is set aside and stays due."""

    max_download_bytes: int = Field(default=10 * 1024 * 1024, ge=10_000, le=200_000_000)
    """Bytes that one page may have on the wire."""

    max_page_bytes: int = Field(default=20 * 1024 * 1024, ge=10_000, le=500_000_000)
    """Bytes that one page may have after decompression."""

    max_redirects: int = Field(default=5, ge=0, le=20)
    """Redirects followed for one page; every hop is checked like the first address."""

    retries: int = Field(default=2, ge=0, le=5)
    """How often a page is asked for again after a connection error, 429 or 5xx."""

    retry_delay: float = Field(default=2.0, gt=0, le=300)
    """Seconds; the waiting time before the first retry is drawn between 0 and this, and doubles each time."""

    retry_delay_cap: float = Field(default=60.0, gt=0, le=3_600)
    """Seconds; the longest drawn waiting time, and the longest Retry-After waited for within a crawl."""

    retry_budget: int = Field(default=20, ge=0, le=100)
    """Per cent of a host's requests that may be retries."""

    block_limit: int = Field(default=3, ge=1, le=100)
    """Refusals in a row (403, 429, challenge pages) after which a host is paused."""

    block_pause: float = Field(default=3_600.0, ge=0, le=604_800)
    """Seconds that a host which refuses us is left alone."""

    daily_budget: int = Field(default=0, ge=0, le=10_000_000)
    """Requests that one host gets a day (UTC) at most, spent where it is worth most; 0 is no limit."""

    workers: int = Field(default=0, ge=0, le=256)
    """Processes that parse pages; 0 is one for each processor core."""

    revisit: float = Field(default=21_600.0, ge=0, le=31_536_000)
    """Seconds between two readings of a page on average; a site definition may say otherwise. Pages that change often
    or matter (key items, close rivals, prices that swing) are read more often, the others less, with as many readings
    in all; `pricewatch scrape --dry-run` shows when and why.
    """

    shortest_revisit: float = Field(default=900.0, ge=0, le=31_536_000)
    """Seconds that lie at least between two readings of a page, however often it changes."""

    longest_revisit: float = Field(default=86_400.0, gt=0, le=31_536_000)
    """Seconds after which every page is read again, however seldom it changes, unless `revisit` or `daily_budget` ask
    for more.
    """

    evidence_days: int = Field(default=30, ge=0, le=3_650)
    """Days that the compressed source of pages that gave a price is kept; 0 keeps none."""

    browser: BrowserSettings = BrowserSettings()
    """The browser for sites whose definition says `render`."""

    @property
    def robots_token(self) -> str:
        """The name that robots.txt rules are looked up by."""
        return self.user_agent.partition("/")[0]

    @property
    def identity(self) -> str:
        """The User-Agent header."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent
