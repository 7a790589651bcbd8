"""Train the model that comes with pricewatch: `python -m benchmarks.match_training [MARKETS]`."""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks.match_training.pairs import markets
from pricewatch.matching.adapt import Replay
from pricewatch.matching.model import SHIPPED, MatchModel
from pricewatch.matching.score import in_context, pooled, train, view_of

NAME = "shipped-2026.1"
REPLAYED = 4_000  # pairs that come along, so that answers add to them


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    started = time.process_time()
    found = list(markets(count, seed=7))
    labels = np.array([label for one in found for label in one.labels], dtype=np.int64)
    seen = pooled([view_of(one) for one in found])
    rows = np.arange(len(seen))
    check = rows[len(rows) * 3 // 4 :]
    judge = train(seen, labels, rows[: len(rows) * 3 // 4], check, by_heart=False)
    notes = {
        "markets": count,
        "pairs": len(seen),
        "true": int(labels.sum()),
        "seconds": round(time.process_time() - started),
    }
    joined, scores = judge.alone(seen)
    replay = Replay.sampled(in_context(joined, scores, seen), labels, REPLAYED)
    MatchModel.of(judge, replay, NAME, notes).save(SHIPPED)
    print(notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
