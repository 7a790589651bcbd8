"""The reference pages and JSON schemas, generated from the models and the command line.

`python -m pricewatch.cli.reference` writes them; with `--check` it only says which are out of date and exits 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic.fields import FieldInfo

import pricewatch
from pricewatch.cli.commands import commands_page
from pricewatch.cli.meanings import with_meanings
from pricewatch.config import ConfigFile
from pricewatch.located import Secret
from pricewatch.located.build import alternatives
from pricewatch.pricing.fields import CUSTOM, FIELDS, FUNCTIONS
from pricewatch.pricing.rulefile import RuleFile
from pricewatch.scraping.recorded import Recording
from pricewatch.scraping.site import SiteDefinition

GENERATED = "<!-- generated: python -m pricewatch.cli.reference -->"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Mapping[object, str] = {
    str: "text", int: "whole number", float: "number", Decimal: "number", bool: "true or false", date: "date",
    datetime: "date and time",
    Path: "path", Secret: "secret", NoneType: "",
}  # fmt: skip


# --- models as sections and keys -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a TOML file: its path as in its header, its model, and whether it may be there many times."""

    path: str
    model: type[BaseModel]
    many: bool = False

    @property
    def header(self) -> str:
        """The table's header."""
        return f"[[{self.path}]]" if self.many else f"[{self.path}]"

    @property
    def text(self) -> str:
        """What the table is about."""
        return one_line(self.model.__doc__ or "")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it takes, its default in TOML (empty = see the text), and what it means."""

    name: str
    kinds: tuple[Any, ...]
    form: str
    default: str
    required: bool
    text: str


def sections_of(model: type[BaseModel], path: str = "", *, many: bool = False) -> list[Part]:
    """The table of a model and all tables below it, each model once."""
    found: dict[type[BaseModel], Part] = {}
    _collect(Part(path, model, many), found)
    return list(found.values())


def keys_of(model: type[BaseModel]) -> list[Key]:
    """The keys of a table in the order of the model."""
    return [_key(field.alias or name, field) for name, field in model.model_fields.items()]


def _collect(part: Part, found: dict[type[BaseModel], Part]) -> None:
    if part.model in found:
        return
    found[part.model] = part
    for name, field in part.model.model_fields.items():
        path = f"{part.path}.{name}".lstrip(".")
        for kind in alternatives(field.annotation):
            for inner, suffix, many in _tables(kind):
                _collect(Part(path + suffix, inner, many), found)


def _tables(kind: Any) -> Iterator[tuple[type[BaseModel], str, bool]]:
    """The models that a key's value is made of: itself, by name, or in a list."""
    if _is_table(kind):
        yield kind, "", False
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        yield from ((inner, ".NAME", False) for inner in alternatives(arguments[1]) if _is_table(inner))
    elif origin in (tuple, list):
        yield from ((inner, "", True) for inner in alternatives(arguments[0]) if _is_table(inner))


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not Secret


def _key(name: str, field: FieldInfo) -> Key:
    required = field.is_required()
    default = "" if required else _default(field)
    text = one_line(field.description or "")
    return Key(
        name, tuple(alternatives(field.annotation)), _form(field.annotation, field.metadata), default, required, text
    )


def _form(kind: Any, metadata: Sequence[Any] = ()) -> str:
    """What a key takes, in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _form(arguments[0], [*arguments[1:], *metadata])
    written = next((each.json_schema for each in metadata if isinstance(each, WithJsonSchema)), None)
    if written:
        return f'text such as "{written["examples"][0]}"'
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(filter(None, (_form(each, metadata) for each in arguments))))
    return _collection(kind) or (PLAIN[kind] + _limits(metadata) if kind in PLAIN else "table")


def _collection(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(_toml(choice) or '""' for choice in arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(_toml(member) for member in kind)
    if origin in (tuple, list):
        return f"list of {_form(arguments[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{_form(arguments[1])} by name"
    return ""


def _limits(metadata: Sequence[Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    given = [(word, getattr(each, name, None)) for name, word in words.items() for each in metadata]
    return "".join(f", {word} {limit}" for word, limit in given if limit is not None)


def _default(field: FieldInfo) -> str:
    """The default as TOML, where a file would have it in the same form."""
    kinds = (PlainValidator, BeforeValidator, WithJsonSchema)
    rewritten = any(isinstance(each, kinds) for each in [*field.metadata, *_inner_metadata(field.annotation)])
    return "" if rewritten or field.default_factory is not None else _toml(field.default)


def _inner_metadata(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Annotated:
        yield from get_args(kind)[1:]
    for inner in get_args(kind):
        yield from _inner_metadata(inner)


def _toml(value: Any) -> str:
    if isinstance(value, Enum):
        return _toml(value.value)
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, Decimal) else ""


# --- pages -----------------------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """A docstring as one line."""
    return " ".join(text.split())


def _page(title: str, intro: str, parts: Iterable[Part], *, top: str) -> str:
    lines = [GENERATED, "", f"# {title}", "", intro, ""]
    for part in parts:
        keys = [key for key in keys_of(part.model) if part.path or not _only_tables(key)]
        if keys:
            lines += [f"## {_title(part, top)}", "", part.text, "", *_table(keys), ""]
    return "\n".join(lines).rstrip() + "\n"


def _title(part: Part, top: str) -> str:
    """The header of a table; the models of one table that are told apart by `type` are named after it."""
    field = part.model.model_fields.get("type")
    tag = f" with type = {_form(field.annotation)}" if field else ""
    return f"`{part.header}`{tag}" if part.path else top


def _only_tables(key: Key) -> bool:
    return all(kind is NoneType or any(_tables(kind)) for kind in key.kinds)


def _table(keys: Iterable[Key]) -> Iterator[str]:
    yield from ("| key | takes | default | meaning |", "| --- | --- | --- | --- |")
    for key in keys:
        default = "required" if key.required else f"`{key.default}`" if key.default else ""
        cells = (f"`{key.name}`", key.form, default, key.text)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _names() -> str:
    """What conditions and formulas may say."""
    lines = ["## Names in conditions and formulas", ""]
    lines += ["| name | is | meaning |", "| --- | --- | --- |"]
    for name, known in FIELDS.items():
        reads = "; reads the landscape" if known.market else ""
        lines.append(f"| `{name}` | {known.kind} | {known.meaning}{reads} |")
    lines += [f"| `{CUSTOM}NAME` | a text | a further column of the catalogue |", "", "## Functions", ""]
    lines += ["| function | gives |", "| --- | --- |"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in FUNCTIONS.items()]
    return "\n".join(lines) + "\n"


def _schema(model: type[BaseModel], title: str) -> str:
    schema = {"$schema": SCHEMA, **_as_written(model.model_json_schema()), "title": title}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _as_written(schema: Any) -> Any:
    """Drop defaults that are not in the form in which a file has them, such as 500 for "5%"."""
    if isinstance(schema, list):
        return [_as_written(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    forms = [schema, *schema.get("anyOf", ())]
    stale = any(form.get("type") == "string" for form in forms) and not isinstance(schema.get("default"), str)
    return {key: _as_written(value) for key, value in schema.items() if not (stale and key == "default")}


def pages() -> Mapping[str, str]:
    """All generated files by their path in the source checkout."""
    for model in (ConfigFile, RuleFile, SiteDefinition, Recording):
        with_meanings(model)
    config = "What `config.toml` may say. `config.example.toml` has every key with a comment."
    rules = 'What a file in `rules/` may say. Shares and amounts are texts: `"5%"`, `"9.99"`.'
    sites = "What a file in `scrapers/` may say: one file a site."
    records = "What a file in `scrapers/tests/SITE/` may say of the page beside it: `NAME.toml` of `NAME.html`."
    return {
        "docs/reference/configuration.md": _page("Configuration", config, sections_of(ConfigFile), top="Top"),
        "docs/reference/rules.md": _page("Rules", rules, sections_of(RuleFile), top="Top") + "\n" + _names(),
        "docs/reference/sites.md": _page("Site definitions", sites, sections_of(SiteDefinition), top="The site"),
        "docs/reference/recorded-pages.md": _page("Recorded pages", records, sections_of(Recording), top="The page"),
        "docs/reference/cli.md": f"{GENERATED}\n\n{commands_page()}",
        "schemas/config.schema.json": _schema(ConfigFile, "pricewatch config.toml"),
        "schemas/rules.schema.json": _schema(RuleFile, "pricewatch rules/*.toml"),
        "schemas/site.schema.json": _schema(SiteDefinition, "pricewatch scrapers/*.toml"),
        "schemas/recorded-page.schema.json": _schema(Recording, "pricewatch scrapers/tests/SITE/*.toml"),
    }


def stale(root: Path) -> list[str]:
    """The generated files that are not as they would be written now."""
    return [name for name, text in pages().items() if not _same(root / name, text)]


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text


def write(root: Path) -> list[str]:
    """Write what is out of date; returns the names."""
    old = stale(root)
    for name in old:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(pages()[name], encoding="utf-8")
    return old


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with --check say which are out of date and return 1."""
    root = Path(pricewatch.__file__).parent.parent
    check = "--check" in arguments
    old = stale(root) if check else write(root)
    for name in old:
        sys.stderr.write(f"{name} is out of date; run: make docs\n" if check else f"{name} written\n")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
