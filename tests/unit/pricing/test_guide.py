"""The guide to rules says what the rules can do, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pricewatch.pricing.fields import FIELDS, FUNCTIONS
from pricewatch.pricing.rulefile import Situations, Target

from .market import book

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "write-rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)


def test_every_field_and_function_is_explained() -> None:
    """A name that conditions may use is in the guide's tables."""
    named = set(re.findall(r"`([a-z_]+)`", GUIDE)) | set(re.findall(r"`([a-z_]+)\(", GUIDE))
    assert set(FIELDS) | set(FUNCTIONS) <= named


def test_every_target_and_situation_is_explained() -> None:
    """So is every target, and every situation in its order."""
    kinds = Target.model_json_schema()["properties"]["kind"]["enum"]
    assert all(re.search(rf"`{kind}`|\"{kind}\"", GUIDE) for kind in kinds)
    places = [GUIDE.index(f"\n{name} = ") for name in Situations.model_fields]
    assert places == sorted(places)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: str) -> None:
    """Readers copy examples."""
    assert book(example).hash
