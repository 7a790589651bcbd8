"""The `[matching]` section of config.toml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pricewatch.located import LocalPath, Mistake, Section

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


class MatchingSettings(Section):
    """When an item of a competitor is taken for one of our products."""

    accept: BasisPoints = 9950
    """Probability in basis points from which a match counts without a person's answer; default 9950 (99.5 %)."""
    suggest: BasisPoints = 5000
    """Probability in basis points from which a match is kept for review; default 5000 (50 %)."""
    max_suggestions: Annotated[int, Field(ge=0, le=100)] = 3
    """How many matches of one item are kept for review, the likeliest first; default 3."""
    map_file: LocalPath | None = None
    """CSV file of matches that people made (sku, url or site and item), read by `pricewatch match`; default none."""

    @model_validator(mode="after")
    def _ordered(self) -> MatchingSettings:
        if self.suggest > self.accept:
            raise Mistake(f"`suggest` ({self.suggest}) is above `accept` ({self.accept})", at=("suggest",))
        return self
