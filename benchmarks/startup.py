"""CPU time of the command line's start: `pricewatch --help`, beside the bare interpreter."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

RUNS = 7
LINES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "pricewatch --help": [sys.executable, "-m", "pricewatch", "--help"],
    "pricewatch plan --help": [sys.executable, "-m", "pricewatch", "plan", "--help"],
}


def cpu(command: list[str]) -> float:
    """Milliseconds of CPU, user and system, that a process and its children took."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def main() -> int:
    for name, command in LINES.items():
        cpu(command)  # byte-compiles what is not compiled yet
        taken = [cpu(command) for _ in range(RUNS)]
        print(f"{name:24} {statistics.median(taken):6.0f} ms CPU median, {min(taken):.0f} at best, of {RUNS}")
    print("promised: pricewatch --help under 250 ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
