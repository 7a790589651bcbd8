"""The definitions that come with pricewatch: take one over."""

from __future__ import annotations

from typing import Annotated

from pricewatch.cli import options
from pricewatch.cli.call import Call
from pricewatch.cli.learning import save
from pricewatch.cli.named import near
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural
from pricewatch.domain.errors import UsageError

Names = Annotated[list[str], options.argument("NAME...", "Sites of `pricewatch site list --all`.")]

_FILES = (Column("site"), Column("file"), Column("terms"), Column("robots", fold=True), Column("api", fold=True))


def site_copy(call: Call, names: Names) -> int:
    """Copy definitions that come with pricewatch into the project, to be checked, tried and switched on there."""
    from pricewatch.config import load, load_sites, scrapers_folder, shipped

    config = load(call.config)
    folder, sites = scrapers_folder(config), load_sites(config)
    sources = {name: shipped("scrapers") / f"{name}.toml" for name in names}
    strange = next((name for name, file in sources.items() if name not in sites or not file.is_file()), None)
    if strange:
        hint = near(strange, (name for name in sites if name != strange)) or "pricewatch site list --all"
        raise UsageError(f"no definition named {strange} comes with pricewatch", hint=hint)
    there = next((name for name in names if (folder / f"{name}.toml").exists()), None)
    if there:
        raise UsageError("it is there already", where=str(folder / f"{there}.toml"), hint="edit it, or move it away")
    for name, file in sources.items():
        save(folder / f"{name}.toml", file.read_text("utf-8"))
    terms = {name: sites[name].terms for name in names}
    call.out.table(
        "site",
        _FILES,
        [(name, str(folder / f"{name}.toml"), terms[name].url, terms[name].robots, terms[name].api) for name in names],
    )
    text = f"{plural(len(sources), 'definition')} copied, switched off; read the terms and write them into [terms]"
    return call.finish(text, next_step=f"pricewatch site test {names[0]} URL", copied=len(sources))
