"""What a feed's file says, whatever it is written in, and what is made of files that are not what they should be."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewatch.domain.offer import Availability, Condition, PriceRole
from pricewatch.scraping.sources.reading import Terms, finding_of
from pricewatch.scraping.sources.rows import Layout
from pricewatch.scraping.sources.sorting import Sorted, parts_for, parts_on, sort_feed
from pricewatch.scraping.sources.unpack import Limits

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = 50_000_000
GTIN = "5901234123457"


def terms(**keys) -> Terms:
    usual = {
        "file": "feed", "columns": {}, "decimal": "", "key": "auto", "condition": Condition.UNKNOWN, "seller": "Rival",
        "currency": "PLN", "locale": "pl-PL", "now": NOW,
    }  # fmt: skip
    return Terms(**usual | keys)


def read(
    tmp_path: Path,
    body: bytes | str,
    layout: Layout | None = None,
    limit: int = LIMIT,
    limits: Limits | None = None,
    **keys,
):
    """The report on a feed, and its findings by item."""
    file, shelves = tmp_path / "feed", tmp_path / "shelves"
    shelves.mkdir(exist_ok=True)
    for old in shelves.iterdir():
        old.unlink()
    file.write_bytes(body.encode() if isinstance(body, str) else body)
    layout = layout or Layout(columns=keys.get("columns", {}))
    report = sort_feed(file, shelves, layout, terms(**keys), limits or Limits(limit))
    entries = [entry for part in parts_on(shelves, parts_for(report.rows, 0)) for entry in part.entries()]
    return report, {e.row.item: finding_of(e.row, "rival", e.place, e.snippet, "h", tax_included=None) for e in entries}


def price_of(finding) -> str:
    return str(finding.offer.price)


HEADERS = {
    "pl": "Kod produktu;Nazwa;Kod EAN;Producent;Cena brutto;Stan magazynowy;Adres URL",
    "de": "Artikelnummer;Bezeichnung;EAN;Hersteller;Bruttopreis;Lagerbestand;Produktlink",
    "nl": "Artikelcode;Productnaam;EAN;Merk;Verkoopprijs;Voorraad;URL",
    "cs": "Kód zboží;Název produktu;EAN;Výrobce;Cena s DPH;Množství;Odkaz",
    "en": "SKU;Product name;Barcode;Manufacturer;Price;Stock quantity;Product URL",
}


@pytest.mark.parametrize("language", HEADERS)
def test_usual_column_names_of_five_languages_are_found(tmp_path, language):
    """Number, name, GTIN, brand, price, stock and address are read without any mapping."""
    line = f"A1;Drill X1;{GTIN};Makita;1 299,00;5;https://rival.example/p/1"
    _, found = read(tmp_path, f"{HEADERS[language]}\n{line}\n")
    offer = found["A1"].offer
    assert (offer.item.title, offer.item.gtin, offer.item.brand) == ("Drill X1", GTIN, "Makita")
    assert (str(offer.price), offer.pieces, offer.availability) == ("1299.00 PLN", 5, Availability.IN_STOCK)
    assert (offer.url, offer.seller) == ("https://rival.example/p/1", "Rival")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859_2", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(tmp_path, encoding, delimiter):
    """Polish letters arrive whole from every encoding that shops export."""
    rows = [["kod", "nazwa", "cena", "dostępność"], ["A1", "Żółta wiśnia, ścięta łąka źdźbeł", "12,50", "w magazynie"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows) + "\n"
    _, found = read(tmp_path, text.encode(encoding))
    assert found["A1"].offer.item.title == "Żółta wiśnia, ścięta łąka źdźbeł"
    assert found["A1"].offer.availability is Availability.IN_STOCK


def test_a_mapping_goes_before_the_usual_names(tmp_path):
    """A mapped column is taken even where another has the usual name."""
    body = "id,price,cena dla nas\n1,10.00,8.00\n"
    _, found = read(tmp_path, body, columns={"price": "Cena dla nas"})
    assert price_of(found["1"]) == "8.00 PLN"


def test_a_mapped_column_that_is_nowhere_is_named(tmp_path):
    """A typing mistake in the mapping is told, and nothing is read from another column in its place."""
    report, found = read(tmp_path, "id,price\n1,10.00\n", columns={"price": "cnea"})
    assert not found
    assert "cnea" in report.cut_off


def test_bad_rows_are_set_aside_with_their_lines_and_take_no_others_along(tmp_path):
    """A broken price, an open quote, too many cells and a row about nothing cost themselves only."""
    body = 'id;name;price\n1;a;10,00\n2;b;abc\n3;"open;11,00\n4;d;12,00\n5;e;13;00;x\n;f;14,00\n7;g;15,00\n'
    report, found = read(tmp_path, body)
    assert set(found) == {"1", "4", "7"}
    told = {trouble.reason: trouble.numbers for trouble in report.troubles}
    assert told["the price cannot be read"] == (3,)
    assert told["a quote that opens on this line is never closed"] == (4,)
    assert told["5 cells under 3 columns"] == (6,)
    assert [numbers for reason, numbers in told.items() if reason.startswith("nothing tells")] == [(7,)]
    assert report.unknown == 3


def test_an_ambiguous_price_is_settled_by_the_file_or_set_aside(tmp_path):
    """1.226 is one or the other: other prices of the file or the setting settle it, else nobody guesses."""
    report, found = read(tmp_path, "id;price;currency\n1;1.226;EUR\n2;3.350;EUR\n")
    assert not found
    assert report.troubles[0].times == 2
    _, found = read(tmp_path, "id;price;currency\n1;1.226;EUR\n2;10,50;EUR\n")
    assert price_of(found["1"]) == "1226.00 EUR"
    _, found = read(tmp_path, "id;price;currency\n1;12.500;EUR\n2;10.50;EUR\n")
    assert price_of(found["1"]) == "12.50 EUR"
    _, found = read(tmp_path, "id;price;currency\n1;12.500;EUR\n", decimal=".")
    assert price_of(found["1"]) == "12.50 EUR"


@pytest.mark.parametrize("cell", ["100-120", "1299/1199", "2026-11-22", "1,23E+03", "1e308", "=1+1", "#REF!1", "−12,00",
                                  "(12,00)", "12-", "12.00.00", "1 2", "3 x 12,00", "12,00 netto", GTIN])  # fmt: skip
def test_a_cell_that_is_not_one_plain_price_is_set_aside(tmp_path, cell):
    """Ranges, dates, formulas, what a spreadsheet shortened, minus signs, net prices and GTINs are no price."""
    report, found = read(tmp_path, f"id;name;price\n1;Drill;{cell}\n2;Saw;99,00\n")
    assert [(t.times, t.detail, t.numbers) for t in report.troubles] == [(1, cell, (2,))]
    assert [price_of(one) for one in found.values()] == ["99.00 PLN"]


@pytest.mark.parametrize(("cell", "price"), [
    ("1299,00", "1299.00 PLN"), ("1 299,00 zł", "1299.00 PLN"), ("12,99 zł brutto", "12.99 PLN"), ("12,-", "12.00 PLN"),
    ("12,00 zł/szt", "12.00 PLN"), ("CHF 1’299.00", "1299.00 CHF"), ("129,00 Kč", "129.00 CZK"), ("€ 5", "5.00 EUR"),
    ("12 usd", "12.00 USD"), (",89", "0.89 PLN"),
])  # fmt: skip
def test_prices_are_read_in_the_ways_that_programs_write_them(tmp_path, cell, price):
    """Groups, decimals, and a currency by code, sign or name on either side."""
    _, found = read(tmp_path, f"id;name;price\n1;Drill;{cell}\n")
    assert price_of(found["1"]) == price


@pytest.mark.parametrize(
    ("end", "kept"), [("41", 0), ("41,0", 0), ("4.1", 0), ("4199,00", 1), ("4199 zł", 1), ("41\n", 1)]
)
def test_a_price_that_the_file_breaks_off_in_is_set_aside(tmp_path, end, kept):
    """Of 4199 the first two digits are no price: without a line end only a price that cannot go on is taken."""
    report, found = read(tmp_path, f"id;name;price\n1;Drill;99,00\n2;Saw;{end}")
    assert (len(found) - 1, len(report.troubles)) == (kept, 1 - kept)
    assert kept or "it may be cut off" in report.troubles[0].reason


def test_a_sale_price_counts_while_it_holds(tmp_path):
    """The reduced price is the price in its period only, with the regular one as what it was."""
    rows = [
        "id,price,sale price,sale price effective date",
        "1,100.00,80.00,2026-11-01T00:00+0100/2026-12-01T00:00+0100",
        "2,100.00,80.00,2026-01-01T00:00+0100/2026-02-01T00:00+0100",
        "3,100.00,0.00,",
        "4,100.00,120.00,",
    ]
    _, found = read(tmp_path, "\n".join(rows) + "\n")
    assert (price_of(found["1"]), str(found["1"].offer.was_price)) == ("80.00 PLN", "100.00 PLN")
    assert found["1"].offer.role is PriceRole.SALE
    assert (price_of(found["2"]), found["2"].offer.was_price) == ("100.00 PLN", None)
    assert price_of(found["3"]) == "100.00 PLN"
    assert found["4"].offer.was_price is None


GOOGLE = f"""<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Shop</title><item><g:id>G1</g:id><title>Drill</title><link>https://rival.example/g1</link>
<g:price>199.00 PLN</g:price><g:sale_price>149.00 PLN</g:sale_price><g:availability>in_stock</g:availability>
<g:gtin>{GTIN}</g:gtin><g:brand>Makita</g:brand><g:condition>refurbished</g:condition>
<g:shipping><g:country>PL</g:country><g:price>9.99 PLN</g:price></g:shipping></item></channel></rss>"""
CENEO = f"""<?xml version="1.0" encoding="windows-1250"?><offers version="1"><group name="other">
<o id="C1" url="https://rival.example/c1" price="129.90" avail="1" stock="4"><cat><![CDATA[Narzędzia]]></cat>
<name><![CDATA[Młotek żółty]]></name><imgs><main url="https://rival.example/i.jpg"/></imgs>
<attrs><a name="Producent">Stanley</a><a name="Kod_producenta">ST-1</a><a name="EAN">{GTIN}</a></attrs></o>
<o id="C2" price="59" avail="99"><name>Bez EAN</name></o></group></offers>""".encode("cp1250")
HEUREKA = f"""<SHOP><SHOPITEM><ITEM_ID>H1</ITEM_ID><PRODUCTNAME>Vrtačka</PRODUCTNAME><PRICE_VAT>2 490,00</PRICE_VAT>
<EAN>{GTIN}</EAN><MANUFACTURER>Bosch</MANUFACTURER><PRODUCTNO>GSB 13</PRODUCTNO><ITEM_TYPE>bazar</ITEM_TYPE>
<DELIVERY><DELIVERY_ID>PPL</DELIVERY_ID><DELIVERY_PRICE_VAT>99</DELIVERY_PRICE_VAT></DELIVERY></SHOPITEM></SHOP>"""


def test_a_google_merchant_feed_is_read(tmp_path):
    """Prices with currency, sale, shipping, stock, condition and GTIN."""
    _, found = read(tmp_path, GOOGLE)
    offer = found["G1"].offer
    assert (str(offer.price), str(offer.was_price), str(offer.shipping)) == ("149.00 PLN", "199.00 PLN", "9.99 PLN")
    assert (offer.availability, offer.condition) == (Availability.IN_STOCK, Condition.REFURBISHED)
    assert (offer.item.gtin, offer.item.brand) == (GTIN, "Makita")


def test_a_ceneo_feed_is_read(tmp_path):
    """Attributes of the offer, named attributes below it, and what `avail` means; 99 says nothing of stock."""
    _, found = read(tmp_path, CENEO)
    item, offer = found["C1"].offer.item, found["C1"].offer
    assert (item.title, item.brand, item.mpn, item.gtin) == ("Młotek żółty", "Stanley", "ST-1", GTIN)
    assert (offer.pieces, item.image_url) == (4, "https://rival.example/i.jpg")
    assert found["C2"].offer.availability is Availability.UNKNOWN


def test_a_heureka_feed_is_read(tmp_path):
    """Czech names in capitals; an item from the bazaar is used."""
    _, found = read(tmp_path, HEUREKA, currency="CZK", locale="cs-CZ")
    offer = found["H1"].offer
    assert (str(offer.price), str(offer.shipping), offer.condition) == ("2490.00 CZK", "99.00 CZK", Condition.USED)
    assert (offer.item.mpn, offer.item.gtin) == ("GSB 13", GTIN)


@pytest.mark.parametrize("wrap", ["list", "nested", "lines"])
def test_json_is_read_as_a_list_below_a_key_or_one_a_line(tmp_path, wrap):
    """Numbers keep every digit that they are written with, as floats would not."""
    rows = (
        '{"id":"J1","name":"Drill","price":{"value":19.990,"currency":"EUR"},"in_stock":true}',
        '{"id":"J2","price":5}',
    )
    body = {
        "list": f"[{rows[0]},{rows[1]}]",
        "nested": f'{{"meta":{{"n":2,"x":[1,2]}},"data":{{"products":[{rows[0]},{rows[1]}]}},"end":null}}',
        "lines": f"{rows[0]}\n{rows[1]}\n",
    }[wrap]
    report, found = read(tmp_path, body)
    assert not report.cut_off
    assert (price_of(found["J1"]), price_of(found["J2"])) == ("19.99 EUR", "5.00 PLN")
    assert found["J1"].offer.availability is Availability.IN_STOCK


def zipped(body: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feed.csv", body)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, zipped, lambda body: gzip.compress(gzip.compress(body))])
def test_packed_files_are_unpacked(tmp_path, pack):
    """Gzip, zip, and a .gz that was sent with Content-Encoding gzip."""
    _, found = read(tmp_path, pack(b"id,price\n1,10.00\n"))
    assert set(found) == {"1"}


CSV = "id,name,price\n" + "".join(f"{n},thing number {n},{n}.50\n" for n in range(1, 2_001))
CUT_OFF = {
    "gzip": gzip.compress(CSV.encode(), 1)[:-2_000],
    "csv": CSV.encode()[:-9],
    "xml": GOOGLE.encode()[:-30],
    "json": b'[{"id":"1","price":"1.50"},{"id":"2","price":',
    "json list": b'{"rows":[{"id":"1","price":"1.50"}]',
    "jsonl": b'{"id":"1","price":"1.50"}\n{"id":"2","pri',
}


@pytest.mark.parametrize("kind", CUT_OFF)
def test_a_file_that_is_cut_off_is_told_from_a_whole_one(tmp_path, kind):
    """The report says that what was read is not all."""
    report, found = read(tmp_path, CUT_OFF[kind])
    assert report.cut_off
    assert len(found) == report.rows < 2_000


HOSTILE = {
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item><id>&b;</id></item></rss>',
    "outside file": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><item><id>&f;</id></item></rss>',
    "deep xml": b"<a>" * 5_000,
    "deep json": b"[" * 100_000,
    "no rows": b"<rss><channel><title>nothing</title></channel></rss>",
    "binary": b"\x00\x01\x02" * 1_000,
    "empty": b"  \n ",
    "html": b"<!doctype html><html><head><title>Log in</title></head><body><p>Please log in</body></html>",
    "endless quotes": b"id,price\n" + b'"\n' * 20_000,
    "long line": b"id,price\n" + b"x" * 9_000_000,
    "one column name": b"x,x,x\n1,2,3\n",
    "zip of nothing": zipped(b"")[:10] + b"\x00" * 50,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_end_as_a_report(tmp_path, kind):
    """Nothing is read from them, and they raise nothing."""
    report, found = read(tmp_path, HOSTILE[kind])
    assert isinstance(report, Sorted)
    assert not found


@pytest.mark.parametrize("filling", [b"1,2.00,x\n", b" ", b"a", b"<o>", b'{"a":1}\n'])
def test_a_packed_bomb_is_refused_early(tmp_path, filling):
    """What grows a thousandfold is not unpacked beyond 16 MB, whatever is in it."""
    packed = gzip.compress(b"id,price,note\n" + filling * (40_000_000 // len(filling)), 9)
    report, _ = read(tmp_path, packed, limit=10**9)
    assert any(word in report.cut_off for word in ("a bomb", "longer than", "nested", "broken"))


def test_a_file_of_more_rows_than_allowed_is_cut_off_there(tmp_path):
    """The rows before are good; that there are more is said, so that nothing is taken as gone."""
    body = b"id,price,name\n" + b"".join(b"%d,2.00,x\n" % n for n in range(50))
    report, _ = read(tmp_path, body, limits=Limits(rows=10))
    assert (report.rows, report.cut_off) == (10, "the file has more than 10 rows (source.max_rows)")


def test_a_row_with_an_endless_cell_is_set_aside(tmp_path):
    """Only what is read counts: a long description costs nothing."""
    body = f"id,price,name,description\n1,2.00,{'x' * 600},d\n2,3.00,y,{'d' * 600}\n"
    report, _ = read(tmp_path, body, limits=Limits(cell=500))
    assert (report.rows, report.troubles[0].reason) == (1, "a cell of more than 500 characters (max_cell)")


def test_a_bomb_stops_at_the_limit(tmp_path):
    """200 MB of rows in a small file are not unpacked further than allowed."""
    line = b"1,10.00," + b"x" * 10_000 + b"\n"
    report, _ = read(tmp_path, gzip.compress(b"id,price,note\n" + line * 2_000, 1), limit=1_000_000)
    assert "1,000,000 bytes" in report.cut_off


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(tmp_path_factory, data):
    """Whatever a file holds, there is a report."""
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for head in (b"", b"id;price\n", b"<rss><item>", b'[{"id":1,"price":"', b"\x1f\x8b\x08", b'{"a":1}\n'):
        report, _ = read(folder, head + data)
        assert isinstance(report, Sorted)


def test_an_item_stays_in_its_part_and_a_part_is_known_by_what_its_rows_say(tmp_path):
    """The order of rows changes nothing; a changed price changes the one part that it is in."""
    shelves = tmp_path / "shelves"

    def parts(rows):
        read(tmp_path, "id,price\n" + "".join(rows))
        return [(part.rows, part.digest) for part in parts_on(shelves, 8)]

    rows = [f"{n},{n}.50\n" for n in range(1, 500)]
    before, turned = parts(rows), parts(rows[::-1])
    assert before == turned
    assert sum(count for count, _ in before) == 499
    after = parts(["1,99.00\n", *rows[1:]])
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_the_number_of_parts_is_kept_while_it_fits():
    """A feed that grows or shrinks a little keeps its division."""
    assert parts_for(10, 0) == 1
    assert parts_for(1_000_000, 0) == 1_024
    assert parts_for(900_000, 1_024) == 1_024
    assert parts_for(10, 1_024) == 1


def test_evidence_names_the_line_the_column_and_the_cells(tmp_path):
    """Each reading says where it stands and what stands there."""
    _, found = read(tmp_path, "id;cena;waluta\n1;10,00;EUR\n")
    evidence = found["1"].evidence
    assert (evidence.source, evidence.selector) == ("feed", "feed:2 cena")
    assert evidence.snippet == "cena: 10,00; waluta: EUR"


def test_a_row_whose_currencies_differ_is_held_back(tmp_path):
    """A price in euro in a row that says zloty is a contradiction, not a price."""
    _, found = read(tmp_path, "id;price;currency\n1;10,00 €;PLN\n")
    assert "PLN" in found["1"].conflict


def test_json_rows_keep_their_nested_names(tmp_path):
    """Keys below keys are mapped with dots."""
    body = json.dumps([{"id": 1, "offer": {"amount": "12.50"}}])
    _, found = read(tmp_path, body, columns={"price": "offer.amount"})
    assert price_of(found["1"]) == "12.50 PLN"
