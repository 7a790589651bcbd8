"""Tills: a folder here and a real SFTP server, and a till that reads what is dropped there and answers."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from pricewatch.channels.offline.settings import TillSettings
from pricewatch.channels.offline.till import Till
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, PublishingStopped
from pricewatch.domain.listing import Desired, PushResult, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product, Sku
from pricewatch.located import Secret, build, parse
from pricewatch.testing import CHECKS, Trouble

from .conftest import SftpPlace

VAT = TaxRate(2300)


class Register:
    """A till: it takes the files in order, charges what they say, and leaves its answer beside them."""

    def __init__(self, folder: Path, *, decimal: str = ".", encoding: str = "utf-8") -> None:
        self.folder, self.decimal, self.encoding = folder, decimal, encoding
        self.charges: dict[str, str] = {}
        self.refuses: dict[str, str] = {}

    def files(self) -> list[Path]:
        found = self.folder.glob("prices-*.csv")
        return sorted(found, key=lambda file: int(file.stem.removeprefix("prices-")))

    def look(self) -> None:
        for file in self.files():
            answer = file.with_name(f"{file.name}.ack")
            if answer.exists():
                continue
            with file.open(encoding=self.encoding, newline="") as stream:
                rows = {row["sku"]: row["price"] for row in csv.DictReader(stream, delimiter=";")}
            bad = {sku: why for sku, why in self.refuses.items() if sku in rows}
            self.charges |= {sku: price.replace(self.decimal, ".") for sku, price in rows.items() if sku not in bad}
            answer.write_text("".join(f"{sku};{why}\n" for sku, why in bad.items()), "utf-8")


class TillLab:
    """A till behind its folder, for the promises that every channel keeps."""

    currency, unknown_id, wait, secrets = "PLN", "no-such-sku", 0.0, ()
    cannot: ClassVar = dict.fromkeys(
        [
            Trouble.RATE_LIMIT, Trouble.NO_ACCESS, Trouble.STALE_READ, Trouble.GARBAGE_READ, Trouble.GARBAGE_WRITE,
            Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER, Trouble.TIMEOUT_AFTER, Trouble.RESET_AFTER, Trouble.EDIT,
            Trouble.TORN_READ, Trouble.ABSURD_READ, Trouble.OTHER_CURRENCY, Trouble.SAME_PAGE,
        ],
        "a folder has no server; SFTP is tested below",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.register = Register(folder / "till")
        self.products: dict[Sku, Product] = {}

    def connect(self, stopped: Callable[[], bool]) -> Till:
        around = Surroundings(self.folder, "PLN", lambda: Assortment(self.products), stopped=stopped)
        return Till("till", TillSettings(type="till", folder=Path("till")), around)

    def fill(self, count: int) -> Sequence[tuple[str, Sku]]:
        self.products = {f"S{n}": Product(f"S{n}", f"Item {n}", VAT) for n in range(count)}
        return [(sku, sku) for sku in self.products]

    def shown(self, remote_id: str) -> Money | None:
        self.register.look()
        price = self.register.charges.get(remote_id)
        return Money.parse(price, "PLN") if price else None

    def batches(self) -> Sequence[int]:
        return [len(self.products) for _ in self.register.files()]

    def trouble(self, kind: Trouble) -> None:
        raise AssertionError(kind)

    def edit(self, remote_id: str, price: Money) -> None:
        raise AssertionError(remote_id, price)

    def refuse(self, remote_id: str) -> None:
        del self.products[remote_id]

    async def settle(self) -> None:
        self.register.look()


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_tills_keep_every_promise_that_a_folder_can(check: Callable[[TillLab], None], tmp_path: Path) -> None:
    """What only a server can do is skipped, in words."""
    check(TillLab(tmp_path))


GOODS = {sku: Product(sku, f"Żółw {sku}", VAT, gtin="5901234123457") for sku in ("A", "B")}


def till(folder: Path, **more: object) -> Till:
    place = {} if "sftp" in more else {"folder": Path("till")}
    return Till(
        "till", TillSettings(type="till", **{**place, **more}), Surroundings(folder, "PLN", lambda: Assortment(GOODS))
    )


def push(channel: Till, **prices: str) -> dict[str, PushResult]:
    wishes = [Desired("till", sku, sku, 7, Money.parse(price, "PLN"), VAT, None, None) for sku, price in prices.items()]
    return {result.remote_id: result for result in asyncio.run(channel.push(wishes))}


def charged(channel: Till) -> dict[str, str]:
    return {found.sku: str(found.price) for found in asyncio.run(channel.read(["A", "B"]))}


def test_a_price_counts_when_the_till_has_answered(tmp_path: Path) -> None:
    """A file that lies there is no price at the checkout; the answer makes it one."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    assert push(channel, A="9.99", B="1249.00")["A"].status is PushStatus.ACCEPTED
    assert charged(channel) == {"A": "None", "B": "None"}
    register.look()
    assert charged(channel) == {"A": "9.99 PLN", "B": "1249.00 PLN"}
    push(channel, A="8.99", B="1249.00")
    assert charged(channel)["A"] == "9.99 PLN"
    register.look()
    assert (
        charged(channel)
        == {"A": "8.99 PLN", "B": "1249.00 PLN"}
        == {k: f"{v} PLN" for k, v in register.charges.items()}
    )


def test_what_waits_for_its_first_answer_is_listed_without_a_price(tmp_path: Path) -> None:
    """A new item is there and shows nothing yet; what was taken before keeps its price; a broken file lists nothing."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    push(channel, A="9.99")
    register.look()
    push(channel, A="8.99", B="5.00")
    listed = asyncio.run(channel.read(["A", "B", "C"]))
    assert {one.sku: one.price and str(one.price) for one in listed} == {"A": "9.99 PLN", "B": None}
    register.files()[-1].write_text("sku;gtin;name;price\r\nB;1", "utf-8")
    assert charged(channel) == {"A": "9.99 PLN"}
    push(channel, A="8.99", B="5.00")
    assert [file.name for file in register.files()] == ["prices-1.csv", "prices-3.csv"]
    register.look()
    assert charged(channel) == {"A": "8.99 PLN", "B": "5.00 PLN"}


def test_the_same_prices_are_one_file(tmp_path: Path) -> None:
    """Sending again writes nothing; a file that was overtaken before the till read it goes away."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    for _ in range(3):
        push(channel, A="9.99")
    assert [file.name for file in register.files()] == ["prices-1.csv"]
    push(channel, A="8.99")
    assert [file.name for file in register.files()] == ["prices-2.csv"]


def test_what_the_till_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    """The item keeps the price that was taken before; the others have the new one."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    push(channel, A="9.99", B="5.00")
    register.look()
    register.refuses = {"B": "no such article"}
    push(channel, A="8.99", B="4.00")
    register.look()
    again = push(channel, A="8.99", B="4.00")
    assert (again["B"].status, again["B"].message) == (PushStatus.REFUSED, "no such article")
    assert again["A"].status is PushStatus.ACCEPTED
    assert charged(channel) == {"A": "8.99 PLN", "B": "5.00 PLN"}


@pytest.mark.parametrize(
    "said",
    [
        b"ERROR 17: prices-1.csv could not be read, nothing loaded\r\n",
        "A;nein\r\n".encode("utf-16"),
        b"<html>404</html>",
        b"A;no\nprices loaded: 1 of 2\n",
    ],
)
def test_what_names_no_item_is_no_answer(said: bytes, tmp_path: Path) -> None:
    """Nothing counts as taken by it, and asked again the file counts as refused in these words; the next one goes."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    push(channel, A="9.99", B="5.00")
    (tmp_path / "till" / "prices-1.csv.ack").write_bytes(said)
    assert charged(channel) == {"A": "None", "B": "None"}
    results = push(channel, A="9.99", B="5.00").values()
    assert {result.status for result in results} == {PushStatus.REFUSED}
    assert all("prices-1.csv with" in result.message for result in results)
    assert push(channel, A="8.99")["A"].status is PushStatus.ACCEPTED
    register.look()
    assert charged(channel) == {"A": "8.99 PLN"}


def test_an_item_in_other_letters_is_refused_all_the_same(tmp_path: Path) -> None:
    """A till that writes capitals small names the same item."""
    channel = till(tmp_path)
    push(channel, A="9.99", B="5.00")
    (tmp_path / "till" / "prices-1.csv.ack").write_text("a;nein\n", "utf-8")
    assert {sku: said.message for sku, said in push(channel, A="9.99", B="5.00").items()} == {"A": "nein", "B": ""}
    assert charged(channel) == {"A": "None", "B": "5.00 PLN"}


def test_an_answer_to_a_file_that_is_gone_answers_no_other(tmp_path: Path) -> None:
    """Numbers go on after the newest answer, whoever cleared the files away; such answers are cleared as well."""
    channel, folder = till(tmp_path), tmp_path / "till"
    push(channel, A="9.99")
    Register(folder).look()
    (folder / "prices-1.csv").unlink()
    push(channel, A="8.99")
    assert sorted(file.name for file in folder.iterdir()) == ["prices-2.csv"]
    assert charged(channel) == {"A": "None"}


def test_old_files_do_not_pile_up(tmp_path: Path) -> None:
    """Twenty days later there are the last answered ones."""
    channel, register = till(tmp_path, keep=3), Register(tmp_path / "till")
    for day in range(20):
        push(channel, A=f"{10 + day}.00")
        register.look()
    push(channel, A="1.00")
    assert [file.name for file in register.files()] == [
        "prices-18.csv",
        "prices-19.csv",
        "prices-20.csv",
        "prices-21.csv",
    ]
    assert len(list((tmp_path / "till").iterdir())) == 7
    assert charged(channel) == {"A": "29.00 PLN"}


def test_the_layout_is_the_tills(tmp_path: Path) -> None:
    """Its columns, separators and letters; what its encoding lacks does not break the file."""
    layout = {"sku": "sku", "cena": "price", "ean": "gtin", "opis": "name"}
    channel = till(tmp_path, columns=layout, decimal=",", encoding="cp852", delimiter="|", header=False)
    push(channel, A="1249.00")
    content = (tmp_path / "till" / "prices-1.csv").read_bytes()
    assert content.decode("cp852") == "A|1249,00|5901234123457|Żółw A\r\n"
    (tmp_path / "till" / "prices-1.csv.ack").touch()
    assert charged(channel) == {"A": "1249.00 PLN"}


def test_a_broken_file_is_not_believed(tmp_path: Path) -> None:
    """Somebody edited it: the channel says which file and what is wrong, and shows nothing of it."""
    channel, register = till(tmp_path), Register(tmp_path / "till")
    push(channel, A="9.99")
    register.look()
    register.files()[0].write_text("sku;gtin;name;price\r\nA;1", "utf-8")
    with pytest.raises(ChannelUnavailable, match=r"prices-1\.csv cannot be read back: line 2"):
        charged(channel)


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "till").write_text("", "utf-8")
    with pytest.raises(ChannelUnavailable, match="till"):
        push(till(tmp_path), A="9.99")


def test_the_kill_switch_holds_tills(tmp_path: Path) -> None:
    """No file is dropped when publishing is stopped."""
    around = Surroundings(tmp_path, "PLN", lambda: Assortment(GOODS), stopped=lambda: True)
    with pytest.raises(PublishingStopped):
        push(Till("till", TillSettings(type="till", folder=Path("till")), around), A="9.99")
    assert not (tmp_path / "till").exists()


# --- SFTP ------------------------------------------------------------------------------------------------------


@pytest.fixture
def door(sftp: SftpPlace, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What lets us in."""
    monkeypatch.setenv("TILL_PASSWORD", sftp.password)
    where = f"sftp://till@127.0.0.1:{sftp.port}/prices"
    return {"sftp": where, "host_key": sftp.host_key, "password": Secret(env="TILL_PASSWORD"), "timeout": 30.0}


def test_a_server_takes_files_as_a_folder_does(sftp: SftpPlace, door: dict[str, object], tmp_path: Path) -> None:
    """Dropped whole, answered, read back, tidied."""
    channel, register = till(tmp_path, **door, keep=2), Register(sftp.folder)
    for price in ("9.99", "8.99", "7.99", "6.99"):
        push(channel, A=price)
        register.look()
    assert charged(channel) == {"A": "6.99 PLN"}
    push(channel, A="6.99")
    assert sorted(file.name for file in sftp.folder.iterdir()) == [
        "prices-3.csv", "prices-3.csv.ack", "prices-4.csv", "prices-4.csv.ack",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["password", "key", "port", "unset"])
def test_a_server_that_is_not_ours_gets_nothing(
    wrong: str, sftp: SftpPlace, door: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password, another server behind the name, a closed port: unavailable, with words and no secret."""
    if wrong == "password":
        monkeypatch.setenv("TILL_PASSWORD", "not-the-one")
    elif wrong == "unset":
        monkeypatch.delenv("TILL_PASSWORD")
    elif wrong == "key":
        door["host_key"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4VyB0m3bYVjYCbCM2M0c3bGZb3Mqk4WlqYyq5qPz0b"
    else:
        door["sftp"] = "sftp://till@127.0.0.1:1/prices"
    with pytest.raises(ChannelUnavailable) as caught:
        push(till(tmp_path, **door), A="9.99")
    assert caught.value.hint
    assert sftp.password not in str(caught.value)
    assert list(sftp.folder.iterdir()) == []


WRONG = [
    'folder = "a"\nsftp = "sftp://u@h/p"', "", 'sftp = "sftp://u:geheim@h/p"', 'sftp = "ftp://u@h/p"\nhost_key = "k"',
    'folder = "a"\nname = "prices.csv"', 'folder = "a"\nname = "../{version}.csv"', 'folder = "a"\nack = "{name}"',
    'folder = "a"\ncolumns = { a = "sku" }', 'folder = "a"\ncolumns = { a = "sku", b = "price", c = "cost" }',
    'sftp = "sftp://u@h/p"\nhost_key = "k"',
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_cannot_work_is_refused_in_config(text: str) -> None:
    """At its place, before anything runs."""
    with pytest.raises(ConfigError):
        build(TillSettings, parse(f'type = "till"\n{text}\n', "config.toml"))
