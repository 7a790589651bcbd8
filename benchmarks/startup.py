"""CPU and wall time of the command line's start, beside the bare interpreter: help, a mistake, and the plan of one
product of a shop of 1,000.

Modules are compiled beforehand, as an installation has them: `PYTHONDONTWRITEBYTECODE` would count the compiler.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.scale import Shop, made
from pricewatch.store.columns import to_micros

RUNS = 7
PROGRAM = [sys.executable, "-m", "pricewatch"]
LINES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "pricewatch --help": [*PROGRAM, "--help"],
    "pricewatch plan --help": [*PROGRAM, "plan", "--help"],
    "pricewatch plann": [*PROGRAM, "plann"],
    "pricewatch plan SKU": [*PROGRAM, "plan", "SKU-00000007"],
}


def taken(command: list[str], folder: Path) -> tuple[float, float]:
    """Milliseconds of CPU, user and system, that a process and its children took, and of the clock on the wall."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    before, wall = os.times(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd=folder, env=env)
    after, wall = os.times(), time.perf_counter() - wall
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return 1000 * cpu, 1000 * wall


def main() -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder, "sqlite:///pricewatch.db", Shop(1_000, 5, to_micros(datetime.now(UTC) - timedelta(hours=1))))
        for what, command in LINES.items():
            taken(command, folder)  # byte-compiles what is not compiled yet
            cpu, wall = zip(*(taken(command, folder) for _ in range(RUNS)), strict=True)
            print(
                f"{what:24} {statistics.median(cpu):6.0f} ms CPU median, {min(cpu):.0f} at best;"
                f" wall {statistics.median(wall):.0f} median, {min(wall):.0f} at best, of {RUNS}"
            )
    print("promised: pricewatch --help under 250 ms, pricewatch plan SKU under 1 s on an idle machine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
