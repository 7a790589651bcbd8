"""Labelled pairs made up for tests: offers of one product in other words, and of its neighbours in the same series."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

BRANDS = ("Boren", "Ovio", "Zorn", "Kelvar", "Mirado", "Tessel")
KINDS = ("drill", "saw", "router", "monitor", "keyboard", "headset")


def _rows(count: int, seed: int) -> Iterator[dict[str, str]]:
    """Rows of a file of pairs; about one in three is the same product."""
    dice = random.Random(seed)
    for number in range(count):
        brand, kind = dice.choice(BRANDS), dice.choice(KINDS)
        model = f"{dice.choice('abcdefgh')}{dice.choice('xyz')}{dice.randrange(100, 999)}"
        same = dice.random() < 0.35
        other = model if same else f"{model[:2]}{dice.randrange(100, 999)}"
        watt = dice.choice((400, 600, 800))
        extra = dice.choice(("professional", "home", "with cable", "2026"))
        price = dice.randrange(50, 900)
        yield {
            "left_title": f"{brand} {kind} {model} {watt} w",
            "right_title": f"{kind} {brand} {other} {extra}",
            "left_brand": brand,
            "left_price": str(price),
            "right_price": f"{price * dice.uniform(0.9, 1.1):.2f}",
            "left_id": f"l{seed}-{number}",
            "right_id": f"r{seed}-{number}",
            "label": str(int(same)),
        }


@pytest.fixture(name="made_up_pairs")
def made_up_pairs() -> Callable[[int, int], Iterator[dict[str, str]]]:
    """Give `count, seed` → rows of a file of labelled pairs."""
    return _rows
