"""TOML read with positions: every mistake is shown at its file, line and column, all of them at once."""

from pricewatch.located.build import Salvage, build, salvage
from pricewatch.located.document import Document, parse, read
from pricewatch.located.models import LocalPath, Mistake, Secret, Section
from pricewatch.located.positions import Path
from pricewatch.located.wording import did_you_mean

__all__ = [
    "Document",
    "LocalPath",
    "Mistake",
    "Path",
    "Salvage",
    "Secret",
    "Section",
    "build",
    "did_you_mean",
    "parse",
    "read",
    "salvage",
]
