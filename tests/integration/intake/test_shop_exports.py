"""The product files that shop software exports come in as they are: variants, sale prices, pictures and parents."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.product import Product
from pricewatch.intake import CatalogueSettings, read_catalogue

NOON = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Warsaw"))

SHOPIFY = """\
Handle,Title,Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,\
Variant Compare At Price,Variant Barcode,Image Src,Cost per item,Status
bluza,Bluza,Acme,Odzież,"zima, basic",Rozmiar,S,B-S,12,149.00,199.00,5901234123457,https://cdn.example/a.jpg,61.50,active
bluza,,,,,,M,B-M,0,149.00,,5901234123464,,61.50,
bluza,,,,,,,,,,,,https://cdn.example/b.jpg,,
kubek,Kubek,Acme,Dom,,Title,Default Title,K-1,5,29.90,,,,9.00,active
szkic,Szkic,Acme,Dom,,Title,Default Title,X-1,5,1.00,,,,9.00,draft
"""

WOOCOMMERCE = """\
ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,"Date sale price starts","Date sale price ends","In stock?",Stock,\
"Sale price","Regular price",Categories,Parent,"Cost of goods"
10,simple,W-1,5901234123457,Wiertarka,,,1,7,199.00,249.00,Narzędzia,,120
11,variable,W-2,,Bluza,,,1,,,,Odzież,,
12,variation,W-2-S,,Bluza - S,2026-11-23,2026-11-30,1,3,119.00,149.00,,W-2,70
13,variation,W-2-M,,Bluza - M,2026-11-01,2026-11-22,1,3,119.00,149.00,,id:11,70
"""

MAGENTO = """\
sku,store_view_code,product_type,name,price,special_price,special_price_from_date,qty,cost
M-1,,simple,Drill,100.0000,0.0000,,4.0000,50.0000
M-1,de,simple,Bohrer,,,,,
M-2,,configurable,Shirt,,,,,
"""


def read(folder: Path, text: str) -> tuple[dict[str, Product], list[SetAside]]:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    rows = list(read_catalogue(path, CatalogueSettings(tax="23"), "PLN", NOON))
    return {row.sku: row for row in rows if isinstance(row, Product)}, [
        row for row in rows if isinstance(row, SetAside)
    ]


def test_shopify_variants_are_products_that_say_what_the_first_row_of_their_handle_says(tmp_path: Path) -> None:
    """Pictures and drafts are no products; the option is a part of the name, "Default Title" is none."""
    products, aside = read(tmp_path, SHOPIFY)
    assert aside == []
    assert {sku: p.name for sku, p in products.items()} == {"B-S": "Bluza S", "B-M": "Bluza M", "K-1": "Kubek"}
    medium = products["B-M"]
    assert (medium.brand, medium.tags, medium.gtin, medium.stock) == ("Acme", ("zima", "basic"), "5901234123464", 0)
    assert medium.category == "Odzież"
    assert (str(medium.price), str(medium.cost)) == ("149.00 PLN", "61.50 PLN")


def test_woocommerce_variations_are_products_of_their_parents_category(tmp_path: Path) -> None:
    """The parent itself has no price and is none; a variation names it by SKU or by number."""
    products, aside = read(tmp_path, WOOCOMMERCE)
    assert aside == []
    assert {sku: p.category for sku, p in products.items()} == {
        "W-1": "Narzędzia",
        "W-2-S": "Odzież",
        "W-2-M": "Odzież",
    }
    assert (products["W-1"].gtin, products["W-1"].stock, str(products["W-1"].cost)) == (
        "5901234123457",
        7,
        "120.00 PLN",
    )


def test_the_price_is_what_a_buyer_pays_today(tmp_path: Path) -> None:
    """A sale price counts while it is in force, its last day included."""
    products, _ = read(tmp_path, WOOCOMMERCE)
    prices = {sku: str(product.price) for sku, product in products.items()}
    assert prices == {"W-1": "199.00 PLN", "W-2-S": "149.00 PLN", "W-2-M": "119.00 PLN"}


def test_magento_store_views_and_parents_are_no_products(tmp_path: Path) -> None:
    """A special price of 0 is none."""
    products, aside = read(tmp_path, MAGENTO)
    assert (list(products), aside) == (["M-1"], [])
    assert (products["M-1"].name, str(products["M-1"].price), products["M-1"].stock) == ("Drill", "100.00 PLN", 4)


@pytest.mark.parametrize(
    ("sale", "begins", "price"),
    [
        ("80.00 PLN", "2026-11-20T00:00+01:00/2026-11-25T00:00+01:00", "80.00 PLN"),
        ("80.00 PLN", "2026-11-23T00:00+01:00/2026-11-25T00:00+01:00", "100.00 PLN"),
        ("120.00 PLN", "", "100.00 PLN"),
        ("", "", "100.00 PLN"),
    ],
)
def test_a_google_feed_says_from_when_to_when(tmp_path: Path, sale: str, begins: str, price: str) -> None:
    """A sale price that is not lower is none."""
    dates = f"<g:sale_price_effective_date>{begins}</g:sale_price_effective_date>" if begins else ""
    products, _ = read(
        tmp_path,
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>A</g:id><title>Drill</title>'
        f"<g:price>100.00 PLN</g:price><g:sale_price>{sale}</g:sale_price>{dates}</item></channel></rss>",
    )
    assert str(products["A"].price) == price


def test_a_sale_whose_dates_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    """Whether it is in force decides what the price is."""
    products, (aside,) = read(tmp_path, "sku,name,price,sale_price,sale_until\nA,Drill,100.00,80.00,soon\n")
    assert products == {}
    assert "sale_until: 'soon' is no date" in aside.reason


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("Data rozpoczęcia promocji", "Data zakończenia promocji"),
        ("Datum, an dem Angebotspreis beginnt", "Datum, an dem Angebotspreis endet"),
        ("Datum start actieprijs", "Datum einde actieprijs"),
        ("Začátek akce", "Konec akce"),
    ],
)
def test_dates_of_a_sale_are_found_by_the_words_of_their_columns(tmp_path: Path, begins: str, ends: str) -> None:
    """A sale that is planned or over is not in force."""
    head = f'sku,name,price,"sale price","{begins}","{ends}"\n'
    rows = "A,Drill,100,80,2026-12-01,2026-12-31\nB,Drill,100,80,2026-11-01,2026-11-20\nC,Drill,100,80,2026-11-01,\n"
    products, aside = read(tmp_path, head + rows)
    assert aside == []
    assert [str(products[sku].price) for sku in "ABC"] == ["100.00 PLN", "100.00 PLN", "80.00 PLN"]


def test_dates_beside_sale_prices_that_nobody_took_are_asked_for(tmp_path: Path) -> None:
    """Without them a sale that is over would be the price."""
    text = "sku,name,price,sale price,kdy\nA,Drill,100,80,2026-12-01\nB,Drill,100,,\n"
    with pytest.raises(PricewatchError, match="has dates in 'kdy'"):
        read(tmp_path, text)
    products, _ = read(tmp_path, text.replace("80,2026-12-01", "80,").replace("100,,\n", "100,,2026-10-10\n"))
    assert str(products["A"].price) == "80.00 PLN"  # a date where there is no sale price is another one's


def test_dates_with_slashes_are_read_in_the_order_that_their_file_shows(tmp_path: Path) -> None:
    """Where it shows none, the row is set aside."""
    head = "sku,name,price,special_price,special_to_date\n"
    clear = "A,Drill,100,80,12/05/2026\nB,Drill,100,80,11/30/26\n"
    products, aside = read(tmp_path, head + clear)
    assert ([str(products[sku].price) for sku in "AB"], aside) == (["80.00 PLN", "80.00 PLN"], [])
    products, (open_one,) = read(tmp_path, head + clear.splitlines()[0] + "\n")
    assert "has its day or its month first" in open_one.reason


@pytest.mark.parametrize("written", ["2026-11-22 00:00:00", "22.11.26", "22.11.2026 0:00", "2026-11-22"])
def test_the_last_day_of_a_sale_is_in_it_however_it_is_written(tmp_path: Path, written: str) -> None:
    """Midnight is how many shops write a day."""
    products, _ = read(tmp_path, f"sku,name,price,sale price,sale until\nA,Drill,100,80,{written}\n")
    assert str(products["A"].price) == "80.00 PLN"


@pytest.mark.parametrize("written", ["2026-11-22T11:59", "2026-11-22T10:59:00Z", "2026-11-22 11:59", "22.11.2026 9:00"])
def test_a_sale_that_says_its_time_ends_then(tmp_path: Path, written: str) -> None:
    """A time is no day, with a T before it or a blank."""
    products, _ = read(tmp_path, f"sku,name,price,sale price,sale until\nA,Drill,100,80,{written}\n")
    assert str(products["A"].price) == "100.00 PLN"


def test_a_bundle_with_a_price_of_its_own_is_a_product(tmp_path: Path) -> None:
    """One without is sold as its parts."""
    head = "sku,name,type,price\n"
    products, _ = read(
        tmp_path, f"{head}A,Set,bundle,100\nB,Group,grouped,\nC,Blouse S,variation,50\nD,Blouse,variable,9\n"
    )
    assert sorted(products) == ["A", "C"]


def test_rows_of_a_shopify_handle_may_stand_apart(tmp_path: Path) -> None:
    """A file that was sorted is read as well; a draft's variant is none."""
    head, *rows = SHOPIFY.splitlines()
    more = [*rows, "szkic,,,,,,M,X-2,5,1.00,,,,9.00,"]
    products, _ = read(tmp_path, "\n".join([head, *reversed(more)]) + "\n")
    assert {sku: p.name for sku, p in products.items()} == {"B-S": "Bluza S", "B-M": "Bluza M", "K-1": "Kubek"}
