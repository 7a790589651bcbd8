"""The fetcher against a real server: identity, errors by kind, bounds, retries, conditional requests."""

from __future__ import annotations

import asyncio
import gc
import gzip
import warnings
import zlib
from typing import Any

import brotli
import pytest
import zstandard

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Target

pytestmark = pytest.mark.anyio


async def fails(fetcher: Any, url: str, **target: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(Target("shop", url, **target))
    return caught.value


async def test_says_who_it_is_and_whom_to_write_to(lab):
    """Every request carries the name and the contact."""
    async with lab.serve({"/p": lab.Answer()}) as server:
        await lab.fetcher().fetch(Target("shop", server.url("/p")))
    assert [r.headers["user-agent"] for r in server.log] == ["pricewatch/9 (+https://ours.example/bot)"] * 2


async def test_hands_over_the_decoded_body_and_lower_case_headers(lab):
    """A page is its decoded bytes, its status, its final address and its headers."""
    for name, pack in {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }.items():
        body = "<p>1 299,00 zł</p>".encode()
        async with lab.serve(
            {"/p": lab.Answer(body=pack(body), headers={"Content-Encoding": name, "ETag": '"1"'})}
        ) as server:
            page = await lab.fetcher().fetch(Target("shop", server.url("/p")))
        assert (page.body, page.status, page.final_url, page.headers["etag"]) == (body, 200, server.url("/p"), '"1"')


async def test_asks_only_for_changes_of_a_page_that_was_read_well(lab):
    """ETag and Last-Modified come back to the host, and 304 is a page that did not change."""
    seen = {"etag": '"7"', "last_modified": "Sat, 22 Nov 2025 10:00:00 GMT"}
    async with lab.serve(
        {"/p": lambda r: lab.Answer(304 if r.headers.get("if-none-match") == '"7"' else 200, b"")}
    ) as server:
        good = await lab.fetcher().fetch(Target("shop", server.url("/p"), verdict=Verdict.PRODUCT, **seen))
        unread = await lab.fetcher().fetch(Target("shop", server.url("/p"), verdict=Verdict.BLOCKED, **seen))
    assert (good.not_modified, unread.not_modified) == (True, False)
    assert server.asked("/p")[0].headers["if-modified-since"] == seen["last_modified"]


async def test_a_page_that_is_gone_is_a_page(lab):
    """404 and 403 are answers for the extractor to judge, not errors."""
    async with lab.serve({"/p": lab.Answer(403, b"no")}) as server:
        f = lab.fetcher()
        assert (await f.fetch(Target("shop", server.url("/nowhere")))).status == 404
        assert (await f.fetch(Target("shop", server.url("/p")))).status == 403


async def test_asks_again_after_a_passing_error(lab):
    """A 500 and a dropped connection are asked again; then the page is there."""
    answers = [lab.Answer(500), lab.Answer(raw=b"HTT"), lab.Answer(body=b"ok")]
    async with lab.serve({"/p": lambda r: answers.pop(0)}) as server:
        page = await lab.fetcher().fetch(Target("shop", server.url("/p")))
    assert (page.body, len(server.asked("/p"))) == (b"ok", 3)


async def test_gives_up_when_the_retries_are_used(lab):
    """A lasting 500 is an error of its own kind after the configured retries."""
    async with lab.serve({"/p": lab.Answer(502)}) as server:
        error = await fails(lab.fetcher(retries=1), server.url("/p"))
    assert (error.kind, error.status, len(server.asked("/p"))) == (FetchErrorKind.HTTP_STATUS, 502, 2)


async def test_keeps_to_the_retry_budget_of_a_host(lab):
    """Once a host has had its share of retries, pages are asked for once only."""
    async with lab.serve({f"/{n}": lab.Answer(500) for n in range(6)}) as server:
        f = lab.fetcher(retries=5, retry_budget=1, concurrency=1)
        for n in range(6):
            await fails(f, server.url(f"/{n}"))
    assert sum(len(server.asked(f"/{n}")) for n in range(6)) == 6 + 3


async def test_does_not_ask_twice_for_a_page_that_took_too_long(lab):
    """Timeouts are not retried: the host is slow enough."""

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with lab.serve({"/p": lab.Answer(write=silent)}) as server:
        error = await fails(lab.fetcher(read_timeout=0.5), server.url("/p"))
    assert (error.kind, len(server.asked("/p"))) == (FetchErrorKind.TIMEOUT, 1)


async def test_a_dripping_server_meets_the_total_deadline(lab):
    """Bytes that come steadily but for ever end at the deadline, though no single read is late."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with lab.serve({"/p": lab.Answer(write=drip)}) as server:
        error = await fails(lab.fetcher(total_timeout=0.5, read_timeout=5), server.url("/p"))
    assert error.kind is FetchErrorKind.TIMEOUT


async def test_a_body_that_stops_short_is_no_page(lab):
    """A connection that closes before the stated length, or in the middle of a chunk, is a connection error."""
    cut = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf"
    chunk = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf"
    async with lab.serve({"/cut": lab.Answer(raw=cut), "/chunk": lab.Answer(raw=chunk)}) as server:
        kinds = [(await fails(lab.fetcher(retries=0), server.url(path))).kind for path in ("/cut", "/chunk")]
    assert kinds == [FetchErrorKind.CONNECTION] * 2


async def test_an_answer_longer_than_it_says_is_no_page(lab):
    """A body that goes on after its Content-Length is an error: one of the two is a lie."""
    long = b"HTTP/1.1 200 X\r\nContent-Length: 4\r\nConnection: close\r\n\r\npagetail"
    async with lab.serve({"/p": lab.Answer(raw=long)}) as server:
        assert (await fails(lab.fetcher(retries=0), server.url("/p"))).kind is FetchErrorKind.CONNECTION


async def test_an_answer_that_is_no_http_is_a_connection_error(lab):
    """Garbage in place of a status line has a kind like everything else."""
    async with lab.serve({"/p": lab.Answer(raw=b"\x00\xff\x00 SSH-2.0\r\n\r\n")}) as server:
        assert (await fails(lab.fetcher(retries=0), server.url("/p"))).kind is FetchErrorKind.CONNECTION


async def test_a_compressed_stream_that_is_broken_or_cut_is_a_decoding_error(lab):
    """A lying Content-Encoding never becomes half a page."""
    whole = gzip.compress(b"x" * 5_000)
    for body in (whole[:-9], b"not gzip at all"):
        async with lab.serve({"/p": lab.Answer(body=body, headers={"content-encoding": "gzip"})}) as server:
            assert (await fails(lab.fetcher(), server.url("/p"))).kind is FetchErrorKind.DECODING


async def test_too_many_bytes_are_refused_stated_or_not(lab):
    """The wire limit holds for an honest Content-Length and for a stream without one."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\n\r\n")
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with lab.serve({"/stated": lab.Answer(body=b"x" * 20_000), "/endless": lab.Answer(write=endless)}) as server:
        f = lab.fetcher(max_download_bytes=10_000)
        kinds = [(await fails(f, server.url(path))).kind for path in ("/stated", "/endless")]
    assert kinds == [FetchErrorKind.TOO_LARGE] * 2


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_decompression_bomb_is_refused(lab, encoding):
    """A small answer that grows without end stops at the page limit."""
    async with lab.serve({"/p": lab.Answer(body=bomb(encoding), headers={"content-encoding": encoding})}) as server:
        error = await fails(lab.fetcher(max_page_bytes=1_000_000), server.url("/p"))
    assert error.kind is FetchErrorKind.TOO_LARGE


def bomb(encoding: str, size: int = 50_000_000) -> bytes:
    zeros = bytes(size)
    if encoding == "br":
        return brotli.compress(zeros, quality=5)
    if encoding == "zstd":
        return zstandard.compress(zeros)
    if encoding == "gzip, gzip":
        return gzip.compress(gzip.compress(zeros))
    return zlib.compress(zeros) if encoding == "deflate" else gzip.compress(zeros)


async def test_binary_comes_through_as_it_is(lab):
    """What a page is, is not for the fetcher to say."""
    noise = bytes(range(256)) * 40
    async with lab.serve({"/p": lab.Answer(body=noise, headers={"content-type": "image/png"})}) as server:
        assert (await lab.fetcher().fetch(Target("shop", server.url("/p")))).body == noise


async def test_credentials_in_an_address_are_sent_and_never_shown(lab):
    """`user:password@` becomes a header, and no part of the page, its address or an error repeats it."""
    async with lab.serve({"/p": lab.Answer(), "/bad": lab.Answer(500)}) as server:
        address = server.url("/p").replace("//", "//me:geheim@")
        page = await lab.fetcher().fetch(Target("shop", address))
        error = await fails(lab.fetcher(retries=0), address.replace("/p", "/bad"))
    assert server.asked("/p")[0].headers["authorization"] == "Basic bWU6Z2VoZWlt"
    assert "geheim" not in f"{page.final_url} {error} {error.where}"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "127.0.0.1/x", "http://", "http://a b/"])
async def test_what_is_no_web_address_is_never_asked_for(lab, url):
    """Other schemes and broken addresses are refused before anything is opened."""
    assert (await fails(lab.fetcher(), url)).kind is FetchErrorKind.ADDRESS


async def test_a_host_that_keeps_refusing_is_left_alone(lab):
    """After three refusals in a row the host is asked nothing more, and the error says so."""
    async with lab.serve({f"/{n}": lab.Answer(403) for n in range(9)}) as server:
        f = lab.fetcher(block_limit=3, block_pause=500)
        for n in range(3):
            await f.fetch(Target("shop", server.url(f"/{n}")))
        error = await fails(f, server.url("/5"))
    assert (error.kind, len(server.asked("/5"))) == (FetchErrorKind.PAUSED, 0)
    assert error.retry_after is not None
    assert 400 < error.retry_after <= 500
    assert f.paused(server.url("/7")) > 400


async def test_a_host_that_never_answers_is_left_alone_too(lab):
    """A dead host does not cost the timeout of every page it has."""
    async with lab.serve() as server:
        dead = server.url("/p")
    f = lab.fetcher(block_limit=2, retries=0)
    kinds = [(await fails(f, dead)).kind for _ in range(3)]
    assert kinds == [FetchErrorKind.CONNECTION, FetchErrorKind.CONNECTION, FetchErrorKind.PAUSED]


async def test_connections_are_closed_by_the_last_who_leaves(lab):
    """A fetcher serves one event loop after another: nothing of the first stays open."""
    async with lab.serve({"/p": lab.Answer()}) as server:
        f = lab.fetcher()
        await f.fetch(Target("shop", server.url("/p")))
        page = await asyncio.to_thread(lambda: asyncio.run(f.fetch(Target("shop", server.url("/p")))))
    assert page.status == 200


async def test_all_connections_are_let_go_of_when_the_work_is_cancelled_at_its_end(lab):
    """A cancellation that comes while the first connections close must not keep the others open."""
    fetcher = lab.fetcher()

    async def work() -> None:
        async with fetcher.opened():
            task = asyncio.current_task()
            assert task is not None
            task.cancel()  # arrives at the next await: inside the closing

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(warning.message) for warning in told] == []
