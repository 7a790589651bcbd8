"""What site definitions add: the recorded pages of every shipped site, read without and with its definition."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pricewatch.config import load_sites_around
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.recorded import ExpectedOffer, Recording, recordings, replay

PAGES = Path(__file__).resolve().parents[1] / "tests" / "sites"
ADDRESS = frozenset({"url", "final_url", "status", "content_type", "note", "offers", "never"})


def facts(recording: Recording) -> int:
    """How many things the record says of the page."""
    parts: list[ExpectedOffer] = [recording, *(recording.offers or ())]
    stated = sum(
        getattr(part, key) is not None for part in parts for key in type(part).model_fields if key not in ADDRESS
    )
    return stated + len(recording.never)


def rows() -> Iterator[tuple[str, int, int, int, int, str]]:
    """For each site: pages, facts, facts wrong without and with its definition, and what is missed without."""
    sites = load_sites_around(PAGES)
    for folder in sorted(PAGES.iterdir()):
        own = sites[folder.name].context()
        files = recordings(folder)
        plain = [replay(file, SiteContext(kind=own.kind, seller=own.seller)) for file in files]
        told = [replay(file, own) for file in files]
        missed = Counter(d.key.rsplit(" ", 1)[-1].removesuffix(")") for result in plain for d in result.differences)
        known = {
            "price",
            "shipping",
            "was",
            "seller",
            "availability",
            "condition",
            "rating",
            "gtin",
            "mpn",
            "bid",
            "bids",
        }
        words = ", ".join(f"{key} {count}" if count > 1 else key for key, count in missed.items() if key in known)
        rest = sum(count for key, count in missed.items() if key not in known)
        yield (
            folder.name,
            len(files),
            sum(facts(result.recording) for result in told),
            sum(len(result.differences) for result in plain),
            sum(len(result.differences) for result in told),
            "; ".join(filter(None, [words, f"{rest} other" if rest else ""])),
        )


def main() -> int:
    began = time.process_time()
    print(f"{'site':22}{'pages':>6}{'facts':>7}{'generic wrong':>15}{'defined wrong':>15}  generic reading misses")
    found = list(rows())
    for site, pages, said, plain, told, missed in found:
        print(f"{site:22}{pages:6}{said:7}{plain:15}{told:15}  {missed}")
    sums = [sum(row[column] for row in found) for column in (1, 2, 3, 4)]
    print(f"{f'{len(found)} sites':22}{sums[0]:6}{sums[1]:7}{sums[2]:15}{sums[3]:15}")
    without, defined = (100 * (1 - wrong / sums[1]) for wrong in sums[2:])
    print(f"{without:.1f} % of the facts are right without definitions, {defined:.1f} % with")
    print(f"{time.process_time() - began:.1f} s CPU")
    return 1 if sums[3] else 0


if __name__ == "__main__":
    sys.exit(main())
