"""Product files as shops export them: what is usable comes in, the rest is set aside with its line."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Product
from pricewatch.intake import CatalogueSettings, read_catalogue

PLN = Currency.of("PLN")
NOW = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Warsaw"))
POLISH = "Symbol;Nazwa;Cena;Koszt netto;Stawka VAT;Stan magazynowy;EAN;Producent;Uwagi\n"


def read(path: Path, **given: object) -> tuple[list[Product], list[SetAside]]:
    rows = list(read_catalogue(path, CatalogueSettings(**given), "PLN", NOW))  # type: ignore[arg-type]
    return [row for row in rows if isinstance(row, Product)], [row for row in rows if isinstance(row, SetAside)]


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "products.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859-2", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_polish_export_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    """Encoding, delimiter, decimal comma and Polish column names need no settings."""
    path = write(
        tmp_path, POLISH + "A1;Wiertarka żółta łącząca;1 299,00 zł;800,00;23%;5;5901234123457;Łucznik;x\n", encoding
    )
    (product,), aside = read(path)
    assert (product.sku, product.name, product.brand) == ("A1", "Wiertarka żółta łącząca", "Łucznik")
    assert (product.price, product.cost) == (Money(129_900, PLN), Money(80_000, PLN))
    assert (product.tax, product.stock, product.gtin) == (TaxRate(2300), 5, "5901234123457")
    assert dict(product.custom) == {"Uwagi": "x"}
    assert not aside


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("artikelnummer,bezeichnung,vk brutto,ek,mwst,bestand", 'A1,"Bohrer, groß",12.50,5.00,19,3'),
        ("Artikelnummer\tNaam\tVerkoopprijs\tInkoopprijs\tBTW\tVoorraad", "A1\tBohrer, groß\t12,50\t5,00\t21\t3"),
        ("Kód zboží;Název;Cena s DPH;Nákupní cena;DPH;Skladem", "A1;Bohrer, groß;12,50;5,00;21;3"),
        ("SKU|Name|Regular price|Cost|Tax rate|Stock", "A1|Bohrer, groß|12.50|5.00|20|3"),
        ("sep=;\nsku;title;price;cost;vat;qty", "A1;Bohrer, groß;12,50;5,00;19;3"),
    ],
)
def test_exports_in_other_languages_need_no_mapping(tmp_path: Path, header: str, row: str) -> None:
    """Usual column names and delimiters of five languages are known."""
    (product,), aside = read(write(tmp_path, f"{header}\n{row}\n"))
    assert (product.sku, product.name, product.stock) == ("A1", "Bohrer, groß", 3)
    assert (product.price, product.cost) == (Money(1250, PLN), Money(500, PLN))
    assert not aside


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A2;Młotek;49,99;-5;23;3;;;", "cost: -5 is below zero"),
        ("A2;Młotek;abc;5;23;3;;;", "price: 'abc' is no amount"),
        ("A2;Młotek;0;5;23;3;;;", "price: is 0"),
        ("A2;Młotek;12 EUR;5;23;3;;;", "price: is in EUR, and the catalogue in PLN"),
        ("A2;;49,99;5;23;3;;;", "the name is missing"),
        (";Młotek;49,99;5;23;3;;;", "the SKU is missing"),
        ("A2;Młotek;49,99;5;0,23;3;;;", "tax: 0,23 may mean"),
        ("A2;Młotek;49,99;5;230;3;;;", "tax: 230 is no VAT rate"),
        ("A2;Młotek;49,99;5;;3;;;", "the VAT rate is missing"),
        ("A2;Młotek;49,999;5;23;3;;;", "more decimals than PLN"),
        ("A1;Młotek;49,99;5;23;3;;;", "the SKU stands at products.csv:2 already"),
        ("A2;Młotek;49,99;5;23;3;;;;;x", "11 cells under 9 columns"),
        ('A2;"Młotek;49,99;5;23;3;;;', "a quote that opens on this line is never closed"),
        ('A2;"Młotek" x;49,99;5;23;3;;;', "the line cannot be read"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line_and_takes_no_other_with_it(tmp_path: Path, row: str, why: str) -> None:
    """The rows before and behind a bad one are read as if it were not there."""
    good = "{};Wiertarka;12,50;5,00;23;5;;;\n"
    products, aside = read(write(tmp_path, POLISH + good.format("A1") + row + "\n" + good.format("A9")))
    assert [product.sku for product in products] == ["A1", "A9"]
    assert [one.where for one in aside] == ["products.csv:3"]
    assert why in aside[0].reason


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    """Whoever corrects the file need not run the import once for every cell."""
    _, (aside,) = read(write(tmp_path, POLISH + "A2;;abc;-5;23;3;;;\n"))
    assert all(word in aside.reason for word in ("name", "price", "cost"))


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("ean", "5901234123458", "check digit"), ("ean", "2001234567893", "in-store"),
        ("ean", "5.90E+12", "spreadsheet"),
        ("stock", "plenty", "no number"), ("url", "javascript:alert(1)", "no web address"), ("kvi", "maybe", "neither"),
    ],
)  # fmt: skip
def test_a_detail_that_cannot_be_used_is_left_out_and_reported(
    tmp_path: Path, column: str, cell: str, why: str
) -> None:
    """A product is not lost for a bad GTIN, address or stock count."""
    (product,), (aside,) = read(write(tmp_path, f"sku,name,tax,{column}\nA1,Drill,23,{cell}\n"))
    assert (product.gtin, product.stock, product.url, product.kvi) == ("", None, "", False)
    assert why in aside.reason
    assert "kept without it" in aside.reason


def test_a_floor_above_the_ceiling_is_refused(tmp_path: Path) -> None:
    """No price could be within both."""
    products, (aside,) = read(write(tmp_path, "sku,name,tax,floor,ceiling\nA1,Drill,23,20.00,10.00\n"))
    assert not products
    assert "floor 20.00 PLN is above ceiling 10.00 PLN" in aside.reason


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    """Nothing is computed and nothing is lost; writing it out safely is for whoever writes."""
    (product,), _ = read(write(tmp_path, 'sku,name,tax,note\n=1+1,"=HYPERLINK(""x"")",23,@SUM(A1)\n'))
    assert (product.sku, product.name, dict(product.custom)) == ("=1+1", '=HYPERLINK("x")', {"note": "@SUM(A1)"})


@pytest.mark.parametrize("control", ["\x1b", "\0", "\x85"])
def test_control_characters_become_blanks(tmp_path: Path, control: str) -> None:
    """Escape sequences in a name can't reach a terminal, and a stray zero byte makes no file binary."""
    (product,), _ = read(write(tmp_path, f"sku,name,tax\nA1,Dr{control}[31mill,23\n"))
    assert product.name == "Dr [31mill"


def test_ambiguous_amounts_follow_the_clear_ones_of_the_file(tmp_path: Path) -> None:
    """1.299 beside 12,50 is 1299; alone it is set aside until the settings say what it means."""
    both = write(tmp_path, "sku;name;tax;price\nA1;Drill;23;1.299\nA2;Saw;23;12,50\n")
    assert read(both)[0][0].price == Money(129_900, PLN)
    alone = write(tmp_path, "sku;name;tax;price\nA1;Drill;23;1.299\n")
    assert "two ways" in read(alone)[1][0].reason
    assert read(alone, decimal=",")[0][0].price == Money(129_900, PLN)


def test_net_prices_get_vat_and_gross_costs_lose_it(tmp_path: Path) -> None:
    """Prices are rounded half up, costs up, each once."""
    path = write(tmp_path, "sku,name,tax,price,cost\nA1,Drill,23,105.69,10.00\n")
    (product,), _ = read(path, prices="net", costs="gross")
    assert product.price == Money(13_000, PLN)  # 129.9987
    assert product.cost == Money(814, PLN)  # 8.1300813


def test_the_users_column_names_go_first(tmp_path: Path) -> None:
    """A mapped column wins over one with the usual name, which is kept as text."""
    path = write(tmp_path, "sku,name,tax,price,Cena B2C\nA1,Drill,23,1.00,2.00\n")
    (product,), _ = read(path, columns={"price": "cena b2c"})
    assert product.price == Money(200, PLN)
    assert dict(product.custom) == {"price": "1.00"}


def test_the_catalogues_currency_behind_a_name_is_no_other_name(tmp_path: Path) -> None:
    """`Cena (zł)` and `Koszt [PLN]` are read; `Cena EUR` is not a price in złoty."""
    text = "Symbol;Nazwa;Cena brutto (zł);Koszt [PLN];VAT\nA1;x;12,50;5,00;23\n"
    (product,), aside = read(write(tmp_path, text))
    assert (product.price, product.cost, aside) == (Money(1_250, PLN), Money(500, PLN), [])
    (product,), aside = read(write(tmp_path, "Symbol;Nazwa;Cena EUR;VAT\nA1;x;12,50;23\n"))
    assert (product.price, aside) == (None, [])


@pytest.mark.parametrize(("column", "hint"), [("Cena netto", 'prices = "net"'), ("Cena B2C", 'price = "Cena B2C"')])
def test_a_price_column_that_nobody_took_is_told(tmp_path: Path, column: str, hint: str) -> None:
    """Without prices nothing would be decided, so the column that looks like it is named with the setting to write."""
    (product,), (aside,) = read(write(tmp_path, f"Symbol;Nazwa;{column};VAT\nA1;x;12,50;23\n"))
    assert product.price is None
    assert (column in aside.reason, hint in aside.hint) == (True, True)


def test_two_columns_that_may_be_the_price_are_not_chosen_between(tmp_path: Path) -> None:
    """Where they say the same either will do; where they differ the file waits until somebody says which."""
    path = write(tmp_path, "Symbol;Nazwa;Cena brutto;Cena;VAT\nA1;x;12,50;9,90;23\n")
    with pytest.raises(PricewatchError, match="2 columns may hold the price"):
        read(path)
    (product,), _ = read(path, columns={"price": "Cena brutto"})
    assert product.price == Money(1_250, PLN)
    (product,), _ = read(write(tmp_path, "Symbol;Nazwa;Cena brutto;Cena;VAT\nA1;x;12,50;12,50;23\n"))
    assert product.price == Money(1_250, PLN)


def test_only_the_named_further_columns_are_kept_when_some_are_named(tmp_path: Path) -> None:
    """`custom` keeps a wide export from filling the database."""
    path = write(tmp_path, "sku,name,tax,season,junk\nA1,Drill,23,summer,x\n")
    assert dict(read(path, custom=("season",))[0][0].custom) == {"season": "summer"}
    with pytest.raises(PricewatchError, match="no column 'seasons'"):
        read(path, custom=("seasons",))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is empty"), (b"\xef\xbb\xbf \n\n", "is empty"), (b"PK\x03\x04abc", "workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1", "binary"), (b"a,b,c\n1,2,3\n", "no column holds the sku"),
        (b"sku,price\n1,2\n", "no column holds the name"), (b"[1, 2", "not valid JSON"),
        (b"<a><b></a>", "not valid XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DTD"), (b"[]", "no records"), (b"sep=;\n", "no header"),
        (b"\x01\x02\x03\xff\xfe\xfd\x05\x06" * 50, "binary"), (b"[" * 100_000, "JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_catalogue_is_refused_as_a_whole(tmp_path: Path, raw: bytes, why: str) -> None:
    """Empty, binary and foreign files get one clear error that names the file."""
    path = tmp_path / "products.csv"
    path.write_bytes(raw)
    with pytest.raises(PricewatchError, match=why) as error:
        read(path)
    assert "products.csv" in str(error.value)


def test_a_wrong_encoding_setting_is_an_error_with_its_line(tmp_path: Path) -> None:
    """Text is never read with replacement characters in it."""
    path = write(tmp_path, "sku,name,tax\nA1,Piła,23\n", "cp1250")
    with pytest.raises(PricewatchError, match="not utf-8 text") as error:
        read(path, encoding="utf-8")
    assert error.value.where.endswith("products.csv:2")
    with pytest.raises(PricewatchError, match="cannot read"):
        read(tmp_path / "missing.csv")


def test_json_and_json_lines_are_catalogues_too(tmp_path: Path) -> None:
    """Numbers of JSON are exact, never floats; a broken line is set aside alone."""
    items = [{"sku": 1001, "name": "Drill", "vat": 23, "price": 1.299e3, "tags": ["a", "b"]}, "x"]
    for text in (json.dumps(items), json.dumps({"meta": [], "products": items})):
        (product,), (aside,) = read(write(tmp_path, text, name="p.json"))
        assert (product.sku, product.price, product.tags) == ("1001", Money(129_900, PLN), ("a", "b"))
        assert aside.where == "p.json item 2"
    lines = '{"sku": "A1", "name": "Drill", "vat": 23, "price": 0.30}\n{"sku": \n{"sku":"A2","name":"Saw","vat":8}\n'
    products, (aside,) = read(write(tmp_path, lines, name="p.jsonl"))
    assert [(p.sku, p.price) for p in products] == [("A1", Money(30, PLN)), ("A2", None)]
    assert aside.where == "p.jsonl:2"


def test_numbers_without_bounds_are_only_bad_rows(tmp_path: Path) -> None:
    """A JSON number that would take minutes to expand is set aside at once."""
    text = '[{"sku":"A1","name":"x","vat":23,"price":1e999999},{"sku":"A2","name":1e99999999999999999999,"vat":23}]'
    products, aside = read(write(tmp_path, text))
    assert [one.item for one in aside] == ["A1"]
    assert [product.sku for product in products] == ["A2"]


def test_a_google_feed_is_a_catalogue(tmp_path: Path) -> None:
    """Namespaced elements, prices with their currency; the VAT rate comes from the settings."""
    text = """<?xml version="1.0" encoding="windows-1250"?>
    <rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Sklep</title>
    <item><g:id>A1</g:id><title>Piła łańcuchowa</title><g:price>129.99 PLN</g:price><g:gtin>5901234123457</g:gtin>
    <link>https://shop.example/a1</link><g:brand>Łucznik</g:brand></item>
    <item><g:id>A2</g:id><title>Drill</title><g:price>12.00 EUR</g:price></item></channel></rss>"""
    (product,), (aside,) = read(write(tmp_path, text, "cp1250", "feed.xml"), tax="23")
    assert (product.name, product.brand, product.price) == ("Piła łańcuchowa", "Łucznik", Money(12_999, PLN))
    assert product.url == "https://shop.example/a1"
    assert (aside.item, aside.where) == ("A2", "feed.xml item 2")


def test_a_ceneo_feed_is_a_catalogue(tmp_path: Path) -> None:
    """Attributes of the offer and its named parts are columns."""
    text = """<offers version="1"><group name="other"><o id="A1" url="https://s.example/1" price="12.50" stock="4">
    <cat><![CDATA[Narzędzia]]></cat><name>Wiertło</name><imgs><main url="https://s.example/1.jpg"/></imgs>
    <attrs><a name="Producent">Bosch</a><a name="Kod_producenta">X-1</a><a name="EAN">5901234123457</a></attrs>
    </o></group></offers>"""
    (product,), aside = read(write(tmp_path, text, name="ceneo.xml"), tax="23")
    assert (product.sku, product.brand, product.mpn, product.gtin) == ("A1", "Bosch", "X-1", "5901234123457")
    assert (product.stock, product.image_url) == (4, "https://s.example/1.jpg")
    assert not aside


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.sampled_from('",;\n\r\t=') | st.characters(codec="utf-8", exclude_categories=["Cc"])), max_size=6
    )
)
def test_no_row_ever_raises(tmp_path: Path, lines: list[str]) -> None:
    """Whatever stands behind the header, reading ends with products and rows set aside."""
    path = write(tmp_path, "sku,name,tax,price,cost,stock,ean\nA0,Drill,23,1.00,1.00,1,\n" + "\n".join(lines))
    products, _ = read(path)
    assert products[0].sku == "A0"
