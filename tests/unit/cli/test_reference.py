"""The reference pages and schemas are complete, and current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

import pricewatch
from pricewatch.cli import reference
from pricewatch.cli.meanings import with_meanings
from pricewatch.config import ConfigFile
from pricewatch.pricing.rulefile import RuleFile
from pricewatch.scraping.recorded import Recording
from pricewatch.scraping.site import SiteDefinition

MODELS = (ConfigFile, RuleFile, SiteDefinition, Recording)


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_is_documented(model: type[BaseModel]) -> None:
    """Each table and each key says in a sentence what it is."""
    with_meanings(model)
    for part in reference.sections_of(model):
        assert part.text, part.header
        for key in reference.keys_of(part.model):
            assert len(key.text) >= 5, f"{part.header} {key.name}"


def test_the_generated_files_are_current() -> None:
    """Whoever changes a setting or a command runs `make docs`."""
    assert reference.stale(Path(pricewatch.__file__).parent.parent) == []


def test_check_names_the_stale_files_and_writing_them_mends_it(tmp_path: Path) -> None:
    """A missing or edited file is stale; after writing, none is."""
    assert set(reference.write(tmp_path)) == set(reference.pages())
    assert reference.stale(tmp_path) == []
    page = tmp_path / "docs/reference/cli.md"
    page.write_text(page.read_text("utf-8") + "x", encoding="utf-8")
    assert reference.stale(tmp_path) == ["docs/reference/cli.md"]


def test_the_pages_have_every_table_and_command() -> None:
    """Nested tables, lists of tables and subcommands have a heading of their own."""
    pages = reference.pages()
    for heading in (
        "`[shop]`",
        '`[channels.NAME]` with type = "ceneo"',
        "`[channels.NAME.gate]`",
        "`[notify.webhook]`",
    ):
        assert f"\n## {heading}\n" in pages["docs/reference/configuration.md"]
    for heading in ("`[[rule]]`", "`[[rule.case]]`", "`[landscape]`"):
        assert f"\n## {heading}\n" in pages["docs/reference/rules.md"]
    for heading in ("`pricewatch scrape`", "`pricewatch catalogue import`"):
        assert f"\n## {heading}\n" in pages["docs/reference/cli.md"]


def test_schemas_allow_what_files_say_and_refuse_unknown_keys() -> None:
    """Percentages are texts there, as in the files; defaults of another form are left out."""
    schema = json.loads(reference.pages()["schemas/config.schema.json"])
    pricing = schema["$defs"]["PricingSettings"]
    assert pricing["additionalProperties"] is False
    assert pricing["properties"]["approve_up_to"]["type"] == "string"
    assert "default" not in pricing["properties"]["approve_up_to"]
    assert schema["$defs"]["WebSettings"]["properties"]["port"]["default"] == 8080
