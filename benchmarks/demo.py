"""Wall time of `pricewatch demo` in an empty folder, as `make demo` runs it once everything is set up."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time


def main() -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PRICEWATCH_")}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pricewatch", "demo", "--folder", "demo-shop"],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - started
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], sep="\n", file=sys.stderr)
    print(f"demo: {seconds:.1f} s wall, exit code {done.returncode} (promised: under 120 s)")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
