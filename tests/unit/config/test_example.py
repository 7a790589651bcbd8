"""config.example.toml explains every key, and every line of it is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pricewatch.cli.reference import keys_of, sections_of
from pricewatch.config import ConfigFile, example, load, load_project
from pricewatch.located import Secret, parse

COMMENTED = re.compile(r"# (\[{1,2}[\w.-]+\]{1,2}|[\w.-]+ = .+)$")


def uncommented(text: str) -> str:
    return "\n".join(found[1] if (found := COMMENTED.match(line)) else line for line in text.split("\n"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("scrapers", "rules"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_the_example_is_a_configuration(project: Path) -> None:
    """What `pricewatch init` writes is valid as it stands."""
    (project / "config.toml").write_text(example(), encoding="utf-8")
    assert load_project(project).config.shop.currency == "PLN"


def test_every_commented_key_is_valid_all_together(project: Path) -> None:
    """Taking all the # away gives a configuration, too."""
    (project / "config.toml").write_text(uncommented(example()), encoding="utf-8")
    config = load(project)
    assert {channel.type for channel in config.channels.values()} == {
        "woocommerce", "prestashop", "shopify", "magento", "saleor", "vendure", "medusa", "shoper", "idosell",
        "allegro", "ebay", "amazon", "kaufland", "mirakl", "baselinker", "bigcommerce", "labels", "till", "webhook",
        "google", "meta", "ceneo", "skapiec", "heureka", "idealo", "csv", "template", "plugin",
    }  # fmt: skip


def test_every_commented_key_is_the_default_or_an_example_of_its_kind(project: Path) -> None:
    """Each commented line alone can be taken into use, unless its table is commented out as a whole."""
    lines = example().split("\n")
    open_table = True
    for number, line in enumerate(lines):
        found = COMMENTED.match(line)
        if line.startswith("[") or (found and found[1].startswith("[")):
            open_table = line.startswith("[")
        if found and open_table and not found[1].startswith("["):
            text = "\n".join([*lines[:number], found[1], *lines[number + 1 :]])
            (project / "config.toml").write_text(text, encoding="utf-8")
            load(project)


def test_every_key_is_in_the_example() -> None:
    """A new setting can't be forgotten: the example has the keys of all models."""
    written = _keys(parse(uncommented(example()), "example").data)
    for section in sections_of(ConfigFile):
        for key in keys_of(section.model):
            place = section.path.split(".")[0] or key.name
            assert key.name in written[place], f"[{section.path}] {key.name} is not in config.example.toml"


def test_every_key_in_the_example_has_a_comment_above_it() -> None:
    """No key stands there unexplained: above each block of keys there is prose."""
    prose = False
    repeated = {"type", "url", "key", "path", "max_shrink", "stages", "country", "currency", "timezone"}
    for line in example().split("\n"):
        found = COMMENTED.match(line)
        key = re.match(r"(?:# )?(\w+) = ", line)
        if line.startswith("# ") and not found:
            prose = True
        elif not line:
            prose = False
        elif key:
            assert prose or key[1] in repeated, line


def _keys(data: Mapping[str, Any]) -> Mapping[str, set[str]]:
    return {name: set(_names(table)) | {name} for name, table in data.items()}


def _names(table: object) -> Iterator[str]:
    if isinstance(table, dict):
        for name, value in table.items():
            yield name
            yield from _names(value)


def test_the_example_has_no_secret() -> None:
    """Where a secret belongs, the example shows where to put it instead."""
    text = uncommented(example())
    for section in sections_of(ConfigFile):
        for key in keys_of(section.model):
            if Secret in key.kinds:
                for line in re.findall(rf"^{key.name} = .*$", text, re.MULTILINE):
                    assert "env = " in line or "file = " in line or line.startswith("url"), line
