"""Candidates at scale: offers a second against 100,000 products, recall@10, memory; titles are made up.

`python -m benchmarks.matching [PRODUCTS] [OFFERS]`: the offers looked up stand for a million of their kind;
with `--candidates-million` a million are looked up in truth.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from array import array
from itertools import accumulate

from pricewatch.matching.candidates import TitleIndex

MILLION = "--candidates-million"
BATCH = 10_000
STEMS = ("bor", "ven", "kal", "mir", "tes", "zor", "lum", "dak", "rin", "pol", "gar", "sel", "nov", "hex", "tra", "wik")
COMMON = ("do", "for", "z", "with", "czarny", "black", "biały", "schwarz", "pro", "set", "nowy", "2024", "mini", "plus")


def main() -> int:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, asked = (*numbers, *(100_000, 1_000_000 if MILLION in sys.argv else 30_000)[len(numbers) :])
    dice = random.Random(11)
    words = ["".join(dice.choices(STEMS, k=dice.randint(1, 4))) for _ in range(30_000)]
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(words))))
    products = [_title(dice, words, weights) for _ in range(count)]
    chosen = array("l", (dice.randrange(count) for _ in range(asked)))
    started = time.process_time()
    index = TitleIndex(products)
    built, making, hits = time.process_time(), 0.0, 0
    for start in range(0, asked, BATCH):
        began = time.process_time()
        rows = chosen[start : start + BATCH]
        offers = [_offer(dice, products[row], words) for row in rows]
        making += time.process_time() - began
        found = index.nearest_of(offers, 10)
        hits += sum(any(near.row == row for near in nearest) for row, nearest in zip(rows, found, strict=True))
    spent = time.process_time() - built - making
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"index of {count} titles: {built - started:.1f} s")
    print(f"lookups: {asked / spent:.0f} offers/s, a million in {1e6 / asked * spent / 60:.1f} min (promised: under 6)")
    print(f"recall@10: {hits / asked:.4f}; memory at most {memory:.0f} MB (promised: under 1024 MB)")
    return int(1e6 / asked * spent + built - started > 360 or memory > 1024)


def _title(dice: random.Random, words: list[str], weights: list[float]) -> str:
    model = f"{dice.choice('abcdefghk')}{dice.choice('xyz')}-{dice.randrange(100, 99999)}"
    return " ".join([*dice.choices(words, cum_weights=weights, k=dice.randint(3, 8)), *dice.sample(COMMON, k=2), model])


def _offer(dice: random.Random, title: str, words: list[str]) -> str:
    """Other order, a third of the words gone, two strange ones, and the model number in half of the cases."""
    kept = title.split()
    model = kept.pop()
    kept = dice.sample(kept, k=max(3, len(kept) * 2 // 3)) + dice.sample(words, k=2)
    return " ".join([*kept, model.replace("-", "")] if dice.random() < 0.5 else kept)


if __name__ == "__main__":
    sys.exit(main())
