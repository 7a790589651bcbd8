"""How long the markets take, a game each: `python -m benchmarks.simulate [MARKET …]`."""

from __future__ import annotations

import sys
import time

from pricewatch.simulate.catalogue import MARKETS
from pricewatch.simulate.run import Contender, Game, play

GAMES = {
    "S1": ("fixed", "thompson-arms", "thompson-tempered"),
    "S2": ("fixed", "pooled", "pooled-gated"),
    "S3": ("under-reset", "thompson-rank"),
    "S3b": ("under-reset", "thompson-rank"),
    "S4": ("fixed:5", "thompson-rank"),
    "S5": ("nash", "thompson-rank"),
    "S6": ("poisson", "cost-and-trials"),
}


def main() -> int:
    chosen = sys.argv[1:] or list(GAMES)
    unknown = [name for name in chosen if name not in GAMES]
    if unknown:
        print(f"no such market: {', '.join(unknown)}; there are: {', '.join(GAMES)}", file=sys.stderr)
        return 2
    for name in chosen:
        for strategy in GAMES[name]:
            level = MARKETS[name].levels[-1:] or (0.0,)
            start = time.process_time()
            score = play(Game(name, level[0], Contender(strategy), seed=1))
            print(f"{name:4} {strategy:18} {time.process_time() - start:7.2f} s CPU a seed   score {score.value:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
