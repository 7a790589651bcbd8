"""Times that hold although the machine's clock was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

from pricewatch.domain.errors import StoreError
from pricewatch.pipeline.workbench import Workbench

LITTLE = timedelta(days=1)
_STEP = timedelta(microseconds=1)


def next_version_at(bench: Workbench) -> datetime:
    """Now, or right after the newest price list version where the clock was set back a little since then.

    Raises StoreError where it is days behind: a history of prices that is out of order gives wrong prior prices.
    """
    now, newest = bench.clock.now(), bench.store.prices.versions(limit=1)
    if not newest or newest[0].created_at < now:
        return now
    version, written = newest[0].version, newest[0].created_at
    if written - now > LITTLE:
        raise StoreError(
            f"the clock says {bench.told(now)}, and version {version} of the price list was written at "
            f"{bench.told(written)}: no price is decided by a wrong clock",
            hint="set the machine's clock (NTP); if it was wrong then, restore the backup of before",
        )
    return written + _STEP
