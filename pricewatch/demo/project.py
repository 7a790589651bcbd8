"""The demo's project folder: what a shop of one's own would have, written for the market that runs now."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from pricewatch.demo.catalogue import Article
from pricewatch.demo.market import RATES
from pricewatch.demo.stock_list import write_products
from pricewatch.domain.errors import UsageError

MARK = ".pricewatch-demo"
_MARK_TEXT = "This folder was made by `pricewatch demo`, which replaces everything in it when it runs again.\n"


def clear(folder: Path) -> None:
    """Make the folder empty and ours; raises UsageError when it holds anything that the demo did not make."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint="name another folder with --folder")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(
            f"{folder} is not empty and was not made by the demo", hint="name another folder with --folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARK:
            entry.unlink()
    (folder / MARK).write_text(_MARK_TEXT, encoding="utf-8")


def write_project(
    folder: Path, *, addresses: Mapping[str, str], secrets: Mapping[str, str], articles: Sequence[Article], day: str
) -> None:
    """Write configuration, site definitions, rules, catalogue, exchange rates and secrets into a cleared folder."""
    _write_templates(files("pricewatch.demo").joinpath("project"), folder, addresses)
    write_products(folder / "products.csv", articles)
    _write_rates(folder / "rates.csv", day)
    (folder / "feeds").mkdir()
    (folder / "secrets").mkdir(mode=0o700)
    for name, secret in secrets.items():
        file = folder / "secrets" / name
        file.touch(mode=0o600)
        file.write_text(secret + "\n", encoding="utf-8")


def _write_templates(source: Traversable, target: Path, addresses: Mapping[str, str]) -> None:
    for entry in source.iterdir():
        if entry.is_dir():
            (target / entry.name).mkdir()
            _write_templates(entry, target / entry.name, addresses)
        elif entry.name.endswith(".toml"):
            text = Template(entry.read_text(encoding="utf-8"))
            values = dict(addresses) | _own_address(entry.name, addresses)
            (target / entry.name).write_text(text.substitute(values), encoding="utf-8")


def _own_address(name: str, addresses: Mapping[str, str]) -> dict[str, str]:
    """A site definition is named for its site: that one's address and host."""
    address = addresses.get(name.removesuffix(".toml"), "")
    return {"address": address, "host": address.removeprefix("http://")}


def _write_rates(file: Path, day: str) -> None:
    rows = [
        f"{currency};PLN;{micros // 1_000_000}.{micros % 1_000_000:06d};{day};demo"
        for currency, micros in RATES.items()
    ]
    file.write_text("\n".join(["base;quote;rate;date;source", *rows, ""]), encoding="utf-8")
