"""Matching of products that nothing was learned about: `python -m benchmarks.match_unseen TRAIN.csv VALID.csv`.

The files have the columns of `match evaluate` and `left_cluster`, `right_cluster`: which product each record is. One
product in five is kept out of training and of the choice of the threshold. Reported are pairs that touch none of them,
and pairs that touch one, thinned so that all parts have the share of true pairs that the files have.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

from pricewatch.matching.evaluate import Evaluation, evaluate
from pricewatch.matching.records import read_pairs

Row = Mapping[str, str]
HELD = 5  # one product in so many is kept out


def main() -> int:
    train, valid = (_rows(Path(name)) for name in sys.argv[1:3])
    share = sum(row["label"] == "1" for row in valid) / len(valid)
    learn, known = (_thinned([row for row in rows if not _unseen(row)], share) for rows in (train, valid))
    new = _thinned([row for row in (*train, *valid) if _unseen(row)], share)
    print(f"learned from {len(learn)} of {len(train)} pairs")
    for name, check, test in (("seen", known[::2], known[1::2]), ("half-seen", known, new)):
        print(f"{name}: {_words(evaluate(read_pairs([learn, check, test])[0]))}", flush=True)
    return 0


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _unseen(row: Row) -> bool:
    """Whether a product of a pair is kept out of training."""
    return any(crc32(row[name].encode()) % HELD == 0 for name in ("left_cluster", "right_cluster"))


def _thinned(rows: Sequence[Row], share: float) -> list[Row]:
    """As many of the rows as have this share of true pairs; the order stays."""
    true, false = ([row for row in rows if row["label"] == label] for label in "10")
    kept = min(len(true) / share, len(false) / (1 - share))
    dice = random.Random(7)
    chosen = dice.sample(true, round(kept * share)) + dice.sample(false, round(kept * (1 - share)))
    names = {id(row) for row in chosen}
    return [row for row in rows if id(row) in names]


def _words(found: Evaluation) -> str:
    return (
        f"F1 {100 * found.f1:.1f} (precision {100 * found.precision:.1f}, recall {100 * found.recall:.1f}), average "
        f"precision {found.average_precision:.3f}, calibration error {found.calibration_error:.3f}, {found.pairs} pairs"
    )


if __name__ == "__main__":
    sys.exit(main())
