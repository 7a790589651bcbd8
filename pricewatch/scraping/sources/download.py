"""A feed's file fetched to disk: in the host's turn, every redirect hop checked, bounded, and only if it changed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import aiohttp
import httpx

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.scraping.client import REDIRECTS, HttpFetcher, next_hop
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.urls import origin
from pricewatch.wire import Bounds, Reply, failure, too_large


async def download(
    fetcher: HttpFetcher,
    site: SiteDefinition,
    url: str,
    path: Path,
    *,
    headers: Mapping[str, str],
    secret: Mapping[str, str],
    bounds: Bounds,
    hops: int,
) -> Reply:
    """Fetch a file; the reply's own body is empty. `secret` headers go to the first address's origin only.

    Raises FetchError; a 304 is a reply like others.
    """
    home, seen = origin(url), {url}
    with path.open("wb") as file:
        for _ in range(hops + 1):
            sent = {**headers, **(secret if origin(url) == home else {})}
            reply = await fetcher.ask(url, site, partial(_to_file, url, sent, bounds, file))
            location = reply.headers.get("location", "")
            if reply.status not in REDIRECTS or not location:
                return _answered(reply, url)
            url = next_hop(url, location)
            if url in seen or not site.match(url):
                words = "it redirects in a circle" if url in seen else "it leads away from the site"
                hint = "correct the address, or add its host to domains"
                raise FetchError(words, kind=FetchErrorKind.REDIRECT, where=url, hint=hint)
            seen.add(url)
    raise FetchError(f"more than {hops} redirects", kind=FetchErrorKind.REDIRECT, where=url, hint="correct the address")


def _answered(reply: Reply, url: str) -> Reply:
    if reply.status in (200, 304):
        return reply
    refused = reply.status in (401, 403, 429)
    hint = "check the secrets of the source, and that they may read it" if refused else "correct the address"
    raise FetchError(
        f"the host answered {reply.status}",
        kind=FetchErrorKind.BLOCKED if reply.status == 429 else FetchErrorKind.HTTP_STATUS,
        where=url,
        hint=hint,
        status=reply.status,
    )


async def _to_file(
    url: str, headers: Mapping[str, str], bounds: Bounds, file: BinaryIO, client: httpx.AsyncClient
) -> Reply:
    """Write the body as it comes over the wire; a repeated request starts anew."""
    file.seek(0)
    file.truncate()
    size = 0
    try:
        async with asyncio.timeout(bounds.seconds):
            response = await client.send(client.build_request("GET", url, headers=dict(headers)), stream=True)
            try:
                stated = response.headers.get("content-length", "")
                if stated.isdecimal() and len(stated) < 20 and int(stated) > bounds.wire_bytes:
                    raise too_large(bounds.wire_bytes, url)
                async for chunk in response.aiter_raw():
                    size += len(chunk)
                    if size > bounds.wire_bytes:
                        raise too_large(bounds.wire_bytes, url)
                    file.write(chunk)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ssl.SSLError) as error:
        raise failure(error, url) from error
    found = {name.lower(): value for name, value in response.headers.items()}
    if "location" in response.extensions:
        found["location"] = response.extensions["location"]
    return Reply(url, response.status_code, found, b"")
