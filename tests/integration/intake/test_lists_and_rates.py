"""Stock, matches, targets and exchange rates from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import ExchangeRate
from pricewatch.intake import CatalogueSettings, read_matches, read_rates, read_stock, read_targets
from pricewatch.ports import Target


def locate(url: str) -> tuple[str, str] | None:
    return ("rival", url.lower()) if "rival" in url.lower() else None


def write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_stock_is_counted_in_whole_pieces(tmp_path: Path) -> None:
    """Good rows come as (SKU, count), bad ones are set aside with their line."""
    rows = list(read_stock(write(tmp_path, "Symbol;Stan\nA1;5\nA2;-1\nA3;dużo\n;7\n")))
    assert rows[:2] == [("A1", 5), ("A2", 0)]
    assert [row.where for row in rows if isinstance(row, SetAside)] == ["list.csv:4", "list.csv:5"]


def test_stock_files_may_have_columns_of_their_own(tmp_path: Path) -> None:
    """The catalogue's column names are used where the stock file has them, and the usual names where it has not."""
    settings = CatalogueSettings(columns={"stock": "Wolne", "sku": "Indeks B"})
    assert list(read_stock(write(tmp_path, "Indeks B,Stan,Wolne\nA1,9,5\n"), settings)) == [("A1", 5)]
    assert list(read_stock(write(tmp_path, "sku,stock\nA1,9\n"), settings)) == [("A1", 9)]
    with pytest.raises(PricewatchError, match="no column holds the stock"):
        read_stock(write(tmp_path, "sku,price\nA1,9\n"))


def test_a_map_file_binds_items_to_products(tmp_path: Path) -> None:
    """An address is looked up; site and item are taken as they stand; kind, factor and status are optional."""
    text = (
        "sku,url,site,item,variant,kind,factor,status\nA1,https://RIVAL.example/p/1,,,,,,\n"
        "A2,,portal,77,red,pack,6,accepted\nA3,,portal,78,,,,rejected\nA4,,portal,79,,,3,\n"
    )
    rows = [row for _, row in read_matches(write(tmp_path, text), locate=locate)]
    assert rows == [
        Match(
            "A1", ItemKey("rival", "https://rival.example/p/1"), MatchStatus.ACCEPTED, probability=10_000, method="map"
        ),
        Match("A2", ItemKey("portal", "77", "red"), MatchStatus.ACCEPTED, MatchKind.PACK, 6, 10_000, "map"),
        Match("A3", ItemKey("portal", "78"), MatchStatus.REJECTED, probability=10_000, method="map"),
        Match("A4", ItemKey("portal", "79"), MatchStatus.ACCEPTED, MatchKind.PACK, 3, 10_000, "map"),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",https://rival.example/1,,,", "SKU is missing"), ("A1,ftp://rival.example/1,,,", "no web address"),
        ("A1,https://other.example/1,,,", "no site definition"),
        ("A1,https://rival.example/1,portal,,", "belongs to rival"),
        ("A1,https://rival.example/1,,similar,", "none of exact, pack, equivalent"),
        ("A1,https://rival.example/1,,pack,0", "no pack factor"), ("A1,https://rival.example/1,,exact,2", "factor 1"),
    ],
)  # fmt: skip
def test_a_map_row_that_binds_nothing_is_set_aside(tmp_path: Path, row: str, why: str) -> None:
    """The reason names what is missing, unknown or contradictory."""
    ((_, aside),) = read_matches(write(tmp_path, f"sku,url,site,kind,factor\n{row}\n"), locate=locate)
    assert isinstance(aside, SetAside)
    assert why in aside.reason
    assert aside.where == "list.csv:2"


def test_targets_are_pages_with_their_site(tmp_path: Path) -> None:
    """A site in the file is kept, a missing one is looked up, an unknown one is set aside."""
    text = "url,sku,site\nhttps://rival.example/1,A1,\nhttps://x.example/2,,x\nhttps://y.example/3,,\n"
    first, second, third = read_targets(write(tmp_path, text), locate=locate)
    assert first == Target("rival", "https://rival.example/1", "A1")
    assert second == Target("x", "https://x.example/2")
    assert isinstance(third, SetAside)


NBP_XML = """<?xml version="1.0" encoding="ISO-8859-2"?><tabela_kursow typ="A" uid="24a001">
<data_publikacji>2024-01-02</data_publikacji>
<pozycja><przelicznik>1</przelicznik><kod_waluty>EUR</kod_waluty><kurs_sredni>4,3434</kurs_sredni></pozycja>
<pozycja><przelicznik>100</przelicznik><kod_waluty>HUF</kod_waluty><kurs_sredni>1,1367</kurs_sredni></pozycja>
<pozycja><przelicznik>1</przelicznik><kod_waluty>XDR</kod_waluty><kurs_sredni>5,2900</kurs_sredni></pozycja></tabela_kursow>"""
NBP_API = """<ArrayOfExchangeRatesTable><ExchangeRatesTable><Table>A</Table><EffectiveDate>2024-01-02</EffectiveDate>
<Rates><Rate><Currency>euro</Currency><Code>EUR</Code><Mid>4.3434</Mid></Rate>
<Rate><Code>HUF</Code><Mid>0.011367</Mid></Rate></Rates></ExchangeRatesTable></ArrayOfExchangeRatesTable>"""
NBP_JSON = """[{"table":"A","no":"001/A/NBP/2024","effectiveDate":"2024-01-02","rates":[
{"currency":"euro","code":"EUR","mid":4.3434},{"currency":"forint","code":"HUF","mid":0.011367}]}]"""
NBP_CSV = "data;1EUR;100HUF;nr tabeli\n;euro;forint;\n20240102;4,3434;1,1367;001/A/NBP/2024\n\nkod ISO;EUR;HUF;\n"


@pytest.mark.parametrize("text", [NBP_XML, NBP_API, NBP_JSON, NBP_CSV])
def test_the_nbps_table_is_read_in_all_its_forms(tmp_path: Path, text: str) -> None:
    """Rates for 100 units become rates for one; units of account are left out."""
    assert list(read_rates(write(tmp_path, text))) == [
        ExchangeRate("EUR", "PLN", 4_343_400, "2024-01-02", "NBP"),
        ExchangeRate("HUF", "PLN", 11_367, "2024-01-02", "NBP"),
    ]


def test_the_ecbs_reference_rates_are_read(tmp_path: Path) -> None:
    """One euro is so many units of each currency."""
    text = """<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
    xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
    <Cube><Cube time='2024-01-02'><Cube currency='USD' rate='1.0956'/><Cube currency='PLN' rate='4.3578'/>
    </Cube></Cube></gesmes:Envelope>"""
    assert list(read_rates(write(tmp_path, text))) == [
        ExchangeRate("EUR", "USD", 1_095_600, "2024-01-02", "ECB"),
        ExchangeRate("EUR", "PLN", 4_357_800, "2024-01-02", "ECB"),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("EUR,PLN,0,2024-01-02,x", "no exchange rate"), ("EUR,PLN,-4,2024-01-02,x", "no exchange rate"),
        ("EUR,PLN,abc,2024-01-02,x", "no number"), ("EUR,ZZZ,4,2024-01-02,x", "'ZZZ' is no currency"),
        ("EUR,EUR,1,2024-01-02,x", "in itself"), ("EUR,PLN,4,02.01.2024,x", "no date"),
    ],
)  # fmt: skip
def test_a_rate_that_cannot_be_one_is_set_aside(tmp_path: Path, row: str, why: str) -> None:
    """One wrong rate is enough to price a whole market wrongly, so nothing is guessed."""
    good = "EUR,CZK,24.5,2024-01-02,bank"
    aside, rate = read_rates(write(tmp_path, f"base,quote,rate,date,source\n{row}\n{good}\n"))
    assert isinstance(aside, SetAside)
    assert why in aside.reason
    assert rate == ExchangeRate("EUR", "CZK", 24_500_000, "2024-01-02", "bank")


@pytest.mark.parametrize("text", ["<a/>", '{"x": 1}', "a,b\n1,2\n", "data;1EUR;\n"])
def test_a_file_without_rates_is_an_error(tmp_path: Path, text: str) -> None:
    """Nothing read is not the same as nothing wrong."""
    with pytest.raises(PricewatchError):
        list(read_rates(write(tmp_path, text)))
