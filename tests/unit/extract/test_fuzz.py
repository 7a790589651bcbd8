"""Whatever a host sends, reading it ends with a verdict."""

from __future__ import annotations

import json
import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import run
from pricewatch.domain.offer import Verdict

PAGE = b"""<!doctype html><html lang="pl"><head><title>Kettle</title><meta property="og:price:amount" content="12.00">
<script type="application/ld+json">{"@type":"Product","name":"Kettle","offers":{"price":"12.00","priceCurrency":"PLN",
"availability":"https://schema.org/InStock"}}</script></head><body><h1>Kettle</h1><div itemscope
itemtype="https://schema.org/Product"><b itemprop="price">12,00 z\xc5\x82</b></div><select><option>A - 5,00 z\xc5\x82<option>B -
7,00 z\xc5\x82</select><ul><li class="offer"><i class="seller">Anna</i><b>5,00 z\xc5\x82</b><li class="offer"><i class="seller">Jan</i>
<b>6,00 z\xc5\x82</b></ul></body></html>"""
PIECES = [b"<div>", b"</div>", b"<b>", b"<!--", b"-->", b"<script>", b"&quot;", b"\x00", b"\xff\xfe", b"price", b"1.226 \xe2\x82\xac",
          b'{"@type":"Product","offers":', b"1e308", b"NaN", b"{}", b"]]>", b"<table><tr><td>", b"itemscope itemtype=Product "]  # fmt: skip


def verdict(extract, body: bytes) -> Verdict:
    found = extract(body)
    assert not found.message.startswith("reading failed"), found.message
    return found.verdict


@given(st.binary(max_size=400))
def test_bytes_end_as_a_verdict(extract, body: bytes) -> None:
    """Noise of any kind."""
    assert verdict(extract, body) in Verdict


@given(st.integers(0, len(PAGE)), st.integers(0, len(PAGE)), st.sampled_from(PIECES), st.integers(1, 40))
def test_damaged_pages_end_as_a_verdict(extract, start: int, stop: int, piece: bytes, times: int) -> None:
    """A good page cut anywhere, with anything put in."""
    assert verdict(extract, PAGE[:start] + piece * times + PAGE[stop:]) in Verdict


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["12.00", "1,226", "PLN", "InStock"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["@type", "@id", "@graph", "name", "offers", "price", "lowPrice", "priceCurrency", "availability", "hasVariant", "seller",
         "priceSpecification", "shippingDetails", "shippingRate", "value", "gtin", "sku", "url", "image", "brand", "itemCondition"]),
        inner, max_size=6),
    max_leaves=25,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["name", "offers", "hasVariant", "brand", "gtin13", "image", "mainEntity"]), VALUES, max_size=6
    )
)
@settings(max_examples=200)
def test_json_ld_of_any_shape_ends_as_a_verdict(extract, data: dict[str, object]) -> None:
    """Values of every type in every place."""
    block = json.dumps({"@type": "Product", **data})
    body = f'<title>x</title><script type="application/ld+json">{block}</script>'.encode("utf-8", "replace")
    assert verdict(extract, body) in Verdict


@pytest.mark.slow
@settings(max_examples=20_000)
@given(st.lists(st.sampled_from([*PIECES, *(PAGE[i : i + 60] for i in range(0, len(PAGE), 60))]), max_size=80))
def test_shuffled_pages_end_as_a_verdict(extract, pieces: list[bytes]) -> None:
    """Pieces of pages and of trouble in any order."""
    assert verdict(extract, b"".join(pieces)) in Verdict


@pytest.mark.slow
def test_a_share_of_the_damaged_pages_ends_as_a_verdict() -> None:
    """What `python -m benchmarks.fuzz` does a hundred thousand times; FUZZ_SEED repeats or varies a run."""
    seed = int(os.environ.get("FUZZ_SEED", "20260101"))
    sys.stdout.write(f"seed {seed}\n")
    troubles = [f"case {found.case}: {found.reason}" for found in run(3_000, seed=seed, limit=60.0)]
    assert troubles == [], f"seed {seed}"
