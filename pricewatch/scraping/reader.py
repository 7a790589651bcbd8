"""What reads a page: a page that said "not modified" to another reader has to be read again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from pricewatch.scraping import extract
from pricewatch.scraping.site import SiteDefinition


def fingerprint(site: SiteDefinition) -> str:
    """Twelve characters that change with what the definition says about reading, and with the reader itself."""
    told = site.model_dump_json(include={"kind", "seller", "name", "locale", "currency", "tax", "read", "render"})
    return hashlib.sha256(f"{_version()}:{told}".encode()).hexdigest()[:12]


@cache
def _version() -> str:
    """A digest of the reader's own source: no number that somebody has to think of."""
    digest = hashlib.sha256()
    for folder in extract.__path__:
        for file in sorted(Path(folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
