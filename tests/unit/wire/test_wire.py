"""HTTP hygiene: bounded decoding, waiting times, and nothing secret in a log."""

from __future__ import annotations

import contextlib
import gzip
import logging
import random
import socket
import subprocess
import sys
import zlib
from datetime import UTC, datetime, timedelta

import brotli
import httpx
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.pacing import backoff, retry_after
from pricewatch.redaction import RedactingFilter, quiet_logs, redact
from pricewatch.wire import Bounds, decode, exchange, open_client

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
MEGABYTE = 1_000_000


def raw_deflate(data: bytes) -> bytes:
    pack = zlib.compressobj(wbits=-15)
    return pack.compress(data) + pack.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def kind_of(body: bytes, encoding: str, limit: int = MEGABYTE) -> FetchErrorKind:
    with pytest.raises(FetchError) as caught:
        decode(body, encoding, limit)
    return caught.value.kind


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(max_size=5_000))
def test_what_was_packed_comes_out_again(name, data):
    """Every encoding gives back exactly what went in."""
    assert decode(PACKERS[name](data), name, MEGABYTE) == data


def test_deflate_comes_with_and_without_its_wrapper():
    """Both things that servers call deflate are read."""
    assert decode(raw_deflate(b"page" * 99), "deflate", MEGABYTE) == b"page" * 99


def test_streams_in_a_row_are_one_body():
    """Several gzip members or zstd frames count together."""
    assert decode(gzip.compress(b"one") + gzip.compress(b"two"), "gzip", MEGABYTE) == b"onetwo"
    assert decode(zstandard.compress(b"one") + zstandard.compress(b"two"), "zstd", MEGABYTE) == b"onetwo"


def test_encodings_on_top_of_each_other_are_undone_backwards():
    """`gzip, br` was packed with gzip first."""
    assert decode(brotli.compress(gzip.compress(b"page")), "gzip, br", MEGABYTE) == b"page"


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_identity_is_bounded_too(encoding):
    """An unpacked body passes as it is, up to the limit."""
    assert decode(b"x" * 10, encoding, 10) == b"x" * 10
    assert kind_of(b"x" * 11, encoding, 10) is FetchErrorKind.TOO_LARGE


@pytest.mark.parametrize("name", PACKERS)
def test_the_limit_counts_bytes_after_decompression(name):
    """A body of exactly the limit passes, one byte more does not."""
    assert len(decode(PACKERS[name](bytes(70_000)), name, 70_000)) == 70_000
    assert kind_of(PACKERS[name](bytes(70_001)), name, 70_000) is FetchErrorKind.TOO_LARGE


@pytest.mark.parametrize("name", PACKERS)
def test_a_cut_stream_is_not_half_a_page(name):
    """Whatever is missing at the end, the rest is not handed over."""
    packed = PACKERS[name](bytes(range(256)) * 20)
    assert kind_of(packed[:-1], name) is FetchErrorKind.DECODING
    assert kind_of(packed[: len(packed) // 2], name) is FetchErrorKind.DECODING


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(min_size=1, max_size=300))
def test_garbage_is_a_decoding_error_or_a_page_and_nothing_else(name, data):
    """No bytes make the decoder raise anything but FetchError, or pass its limit."""
    with contextlib.suppress(FetchError):
        assert len(decode(data, name, 10_000)) <= 10_000


@pytest.mark.parametrize("encoding", ["compress", "gzip, gzip, gzip, gzip", "gzip;q=1"])
def test_unknown_or_piled_up_encodings_are_refused(encoding):
    """What cannot be undone is not guessed at."""
    assert kind_of(gzip.compress(b"x"), encoding) is FetchErrorKind.DECODING


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 14 Mar 2026 12:01:00 GMT", 60.0),
        ("Sat, 14 Mar 2026 11:00:00 GMT", 0.0),
        ("99999999999", 365 * 86_400.0),
        ("", None),
        (None, None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("٣", None),
        ("Sat, 99 Xxx 2026", None),
        ("9" * 5_000, 365 * 86_400.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """Both forms of RFC 9110 are read; anything else says nothing."""
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_raises(text):
    """A hostile header is no reason to stop."""
    assert (retry_after(text, NOW) or 0) >= 0


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))
def test_backoff_draws_between_nothing_and_the_doubling_cap(when):
    """Full jitter: never above base × 2^attempt, never above the cap."""
    chance = random.Random(when.timestamp())
    for attempt in range(80):
        assert 0 <= backoff(attempt, base=0.5, cap=30, chance=chance) <= min(30, 0.5 * 2**attempt)


@pytest.mark.parametrize(
    "text",
    [
        "GET https://me:hunter2@shop.example/api",
        "https://hunter2@shop.example/api/products",
        "https://shop.example/api?ws_key=hunter2&display=full",
        "https://shop.example/?a=1&access_token=hunter2",
        "https://shop.example/?consumer_secret=hunter2&consumer_key=x",
        "https://shop.example/?api_key=hunter2",
        "https://shop.example/?password=hunter2#top",
        "Authorization: Bearer hunter2",
        "{'authorization': 'Basic hunter2'}",
        "headers=[(b'Authorization', b'Basic hunter2')]",
        "x-api-key: hunter2",
        "Set-Cookie: session=hunter2; Path=/",
        "sent Bearer hunter2hunter2 to the host",
    ],
)
def test_credentials_are_hidden(text):
    """However they are written, keys and passwords do not survive."""
    assert "hunter2" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text", ["https://shop.example/p?page=2&monkey=1", "mail me@shop.example", "12:30 a@b", "keyboard=x"]
)
def test_the_rest_stays_readable(text):
    """What is no secret is left alone."""
    assert redact(text) == text


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text):
    """Hiding is stable."""
    assert redact(redact(text)) == redact(text)


def test_log_records_pass_redacted(caplog):
    """Message, arguments and traceback are all covered."""
    logger = logging.getLogger("test.wire")
    logger.addFilter(RedactingFilter())
    with caplog.at_level(logging.WARNING, "test.wire"):
        try:
            raise ValueError("https://me:hunter2@shop.example/")
        except ValueError:
            logger.warning("asking %s failed", "https://shop.example/?ws_key=hunter2", exc_info=True)
    assert "hunter2" not in caplog.text
    assert "asking https://shop.example/?ws_key=*** failed" in caplog.text


def test_http_libraries_are_quiet():
    """Their INFO lines carry whole addresses, so they are off, however often this is asked."""
    quiet_logs()
    quiet_logs()
    for name in ("httpx", "httpcore", "aiohttp"):
        logger = logging.getLogger(name)
        assert logger.getEffectiveLevel() >= logging.WARNING
        assert sum(isinstance(f, RedactingFilter) for f in logger.filters) == 1


@pytest.mark.anyio
async def test_an_exchange_keeps_location_out_of_the_client_s_hands():
    """A redirect is an answer like any other, even to what is no address."""

    def moved(_: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "javascript:x"}, stream=httpx.ByteStream(b"moved"))

    transport = httpx.MockTransport(moved)
    async with open_client(user_agent="t", transport=transport) as client:
        reply = await exchange(client, client.build_request("GET", "https://shop.example/"), Bounds())
    assert (reply.status, reply.headers["location"], reply.body) == (302, "javascript:x", b"moved")


@pytest.mark.anyio
async def test_errors_name_the_address_without_its_secrets():
    """What the transport raises is sorted, and says where without saying the password."""

    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to https://me:hunter2@shop.example")

    async with open_client(user_agent="t", transport=httpx.MockTransport(broken)) as client:
        with pytest.raises(FetchError) as caught:
            await exchange(
                client, client.build_request("GET", "https://me:hunter2@shop.example/?key=hunter2"), Bounds()
            )
    assert caught.value.kind is FetchErrorKind.CONNECTION
    assert "hunter2" not in str(caught.value)
    assert "shop.example" in caught.value.where


@pytest.mark.anyio
async def test_a_closed_port_is_told_without_the_transports_own_notes():
    """Nobody who asked over plain http has to wonder about `ssl:default`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with open_client(user_agent="t") as client:
        with pytest.raises(FetchError, match=f"127.0.0.1:{port}") as caught:
            await exchange(client, client.build_request("GET", f"http://127.0.0.1:{port}/"), Bounds())
    assert "ssl" not in caught.value.message


def test_a_retry_date_without_zone_is_utc():
    """Old servers write dates without a zone; HTTP means GMT."""
    when = (NOW + timedelta(minutes=2)).strftime("%a, %d %b %Y %H:%M:%S")
    assert retry_after(when, NOW) == 120.0


BOMB = """
import resource, sys
from pricewatch.domain.errors import FetchError
from pricewatch.wire import decode

bomb = open(sys.argv[2], "rb").read()
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(bomb, sys.argv[1], 20 * 1024 * 1024)
except FetchError as error:
    print(error.kind, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in kilobytes on Linux only")
@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_of_half_a_gigabyte_needs_less_than_50_megabytes(name, tmp_path):
    """The decoder stops at its limit, and never holds much more than that."""
    pack = {
        "gzip": lambda: zlib.compressobj(9, wbits=31),
        "deflate": lambda: zlib.compressobj(9),
        "br": lambda: brotli.Compressor(quality=5),
        "zstd": lambda: zstandard.ZstdCompressor().compressobj(),
    }[name]()
    feed = pack.process if name == "br" else pack.compress
    end = pack.finish if name == "br" else pack.flush
    file = tmp_path / "bomb"
    file.write_bytes(b"".join([*(feed(bytes(1024 * 1024)) for _ in range(512)), end()]))
    shown = subprocess.run([sys.executable, "-c", BOMB, name, file], capture_output=True, text=True, check=True).stdout
    kind, kilobytes = shown.split()
    assert kind == "too_large"
    assert int(kilobytes) < 50 * 1024


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
