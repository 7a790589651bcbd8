"""Start a shop, and keep its database: init, db."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from pricewatch.cli import options
from pricewatch.cli.call import Call, command, group
from pricewatch.cli.opening import database, locked_store
from pricewatch.cli.output import Column
from pricewatch.domain.errors import StoreError, UsageError

PRODUCTS = "sku,name,price,cost,tax,stock,brand,gtin,mpn,category\n"
SCRAPERS = """# Site definitions

One TOML file a site: where its pages are, and what generic reading cannot know about them.
A file here goes before the definition of the same name that pricewatch ships.

    pricewatch site list --all          the sites of this project, and those that come with pricewatch, switched off
    pricewatch site copy NAME           take one of these over, to be checked, tried and switched on
    pricewatch site new URL             write a definition by looking at a page
    pricewatch site test NAME           read a few pages of a site and show what was found
    pricewatch site record NAME URL     keep a page with what must be read from it, in tests/NAME
    pricewatch site test NAME --recorded, or pytest in the project's folder: read the kept pages again
"""


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "init")(init)
    db = group(app, "db", "The database: bring it up to date, copy it.")
    command(db, "upgrade", path="db upgrade", locks=True)(upgrade)
    command(db, "backup", path="db backup")(backup)


def init(call: Call, folder: options.NewFolder = Path()) -> int:
    """Write config.toml, rules/, scrapers/ and a products.csv with its header; overwrites nothing."""
    files = _files(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint="name a folder")
    there = [path for path in files if path.exists()]
    if there:
        raise UsageError(
            f"{there[0]} exists already", where=str(folder), hint="choose an empty folder, or move the file away"
        )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    call.out.table("file", (Column("file"), Column("what", fold=True)), [(str(path), _what(path)) for path in files])
    go = "" if folder == Path() else f"cd {folder}; "
    text = f"{len(files)} files written; edit config.toml and fill products.csv"
    return call.finish(text, next_step=f"{go}pricewatch doctor, then pricewatch catalogue import products.csv")


def _files(folder: Path) -> dict[Path, str]:
    from pricewatch.config import example, shipped

    rules = sorted(shipped("rules").glob("*.toml"))
    return {
        folder / "config.toml": example(),
        **{folder / "rules" / rule.name: rule.read_text("utf-8") for rule in rules},
        folder / "scrapers" / "README.md": SCRAPERS,
        folder / "products.csv": PRODUCTS,
    }


def _what(path: Path) -> str:
    if path.parent.name == "rules":
        return "pricing rules and guardrails; pricewatch rule check"
    kinds = {
        "config.toml": "shop, channels, schedule; every key is explained in it",
        "README.md": "how to describe competitors' sites",
        "products.csv": "your catalogue: one line a product; other column names work too",
    }
    return kinds[path.name]


def upgrade(call: Call) -> int:
    """Bring the database to this version of pricewatch."""
    with locked_store(call) as store:
        before, _ = store.revision()
        after = store.upgrade()
        problems = store.check()
    if problems:
        raise StoreError(problems[0], hint="`pricewatch doctor` says more; restore the newest backup")
    call.out.record("database", {"before": before or None, "revision": after})
    text = "the database is up to date" if before == after else f"the database is at revision {after} now"
    return call.finish(text, next_step="pricewatch doctor", before=before, revision=after)


def backup(call: Call, destination: options.NewFile = None) -> int:
    """Copy the database while it is in use; the copy is complete and consistent."""
    target = destination or Path(f"pricewatch-{datetime.now(UTC):%Y%m%d-%H%M%S}.backup")
    if target.exists():
        raise UsageError(f"{target} exists already", hint="name another file")
    with database(call) as store:
        written = store.backup(target)
    call.out.record("backup", {"file": str(written), "bytes": written.stat().st_size})
    return call.finish(f"copied to {written}", next_step="keep it on another machine", file=str(written))
