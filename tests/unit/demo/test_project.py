"""The demo's folder: whose it may be, and what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricewatch.config import load_project
from pricewatch.demo.catalogue import catalogue
from pricewatch.demo.market import RIVALS
from pricewatch.demo.project import MARK, clear, write_project
from pricewatch.demo.stock_list import BAD_ROWS
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.intake import read_catalogue, read_rates

ADDRESSES = {
    name: f"http://127.0.0.1:{9001 + place}"
    for place, name in enumerate([*(rival.name for rival in RIVALS), "woocommerce", "prestashop"])
}
SECRETS = {"woocommerce_key": "ck_1", "woocommerce_secret": "cs_1", "prestashop_key": "K"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    clear(folder)
    write_project(folder, addresses=ADDRESSES, secrets=SECRETS, articles=catalogue(), day="2026-11-20")
    return folder


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    """And stays as it is."""
    own = tmp_path / "notes.txt"
    own.write_text("mine")
    with pytest.raises(UsageError, match="was not made by the demo"):
        clear(tmp_path)
    assert own.read_text() == "mine"


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    """It is not replaced."""
    file = tmp_path / "demo-shop"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        clear(file)
    assert file.read_text() == "mine"


def test_an_earlier_demo_is_replaced_whole(folder: Path) -> None:
    """Also its database; nothing outside is followed."""
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "keep.txt").write_text("mine")
    (folder / "pricewatch.db").write_text("old")
    (folder / "link").symlink_to(outside)
    clear(folder)
    assert [entry.name for entry in folder.iterdir()] == [MARK]
    assert (outside / "keep.txt").read_text() == "mine"


def test_the_project_is_valid_and_names_its_five_sites(folder: Path) -> None:
    """Configuration, site definitions and rules pass the same checks as a user's."""
    project = load_project(folder / "config.toml")
    enabled = {name for name, site in project.sites.items() if site.enabled}
    assert enabled == {rival.name for rival in RIVALS}
    assert set(project.config.channels) == {"woocommerce", "prestashop", "google", "ceneo", "csv"}


def test_secrets_stand_in_files_that_only_the_owner_reads(folder: Path) -> None:
    """And never in config.toml."""
    text = (folder / "config.toml").read_text()
    for name, secret in SECRETS.items():
        file = folder / "secrets" / name
        assert file.read_text().strip() == secret
        assert file.stat().st_mode & 0o077 == 0
        assert len(secret) < 3 or secret not in text


def test_the_catalogue_file_is_read_as_it_was_meant(folder: Path) -> None:
    """Every good row gives the article that it was written from; every bad row is set aside with its line."""
    config = load_project(folder / "config.toml").config
    rows = list(read_catalogue(folder / "products.csv", config.catalogue, "PLN", datetime(2026, 11, 22, tzinfo=UTC)))
    aside = [row for row in rows if isinstance(row, SetAside)]
    products = {row.sku: row for row in rows if not isinstance(row, SetAside)}
    assert len(aside) == len(BAD_ROWS)
    assert all("products.csv:" in item.where for item in aside)
    for article in catalogue():
        product = products[article.sku]
        assert product.price is not None
        assert (product.price.minor, product.tax.basis_points) == (article.price, article.vat * 100)
        assert (product.cost.minor if product.cost else None) == article.cost
        assert (product.floor.minor if product.floor else None) == article.floor
        assert (product.gtin, product.mpn, product.category) == (article.gtin, article.mpn, article.category)
        assert (product.stock, product.brand, product.name) == (article.stock, article.brand, article.name)


def test_the_exchange_rates_are_read_as_they_were_meant(folder: Path) -> None:
    """Micros of a złoty for a euro and a crown."""
    rates = [row for row in read_rates(folder / "rates.csv") if not isinstance(row, SetAside)]
    assert {(rate.base, rate.quote): rate.rate_micros for rate in rates} == {
        ("EUR", "PLN"): 4_262_300,
        ("CZK", "PLN"): 174_900,
    }
