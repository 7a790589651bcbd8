"""Reading config.toml, site definitions and rules; every mistake in any of them is reported, all at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pricewatch
from pricewatch.config.sections import Config, ConfigFile, PathSettings
from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.domain.money import Currency
from pricewatch.located import Document, build, did_you_mean, parse, read, salvage
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.scraping.site import SiteDefinition, site_for
from pricewatch.scraping.urls import canonical_url
from pricewatch.store.settings import DatabaseSettings

FILE = "config.toml"
EXAMPLE = "config.example.toml"
CONFIG_VARIABLE = "PRICEWATCH_CONFIG"
DATABASE_VARIABLE = "PRICEWATCH_DATABASE_URL"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that people wrote, checked together."""

    config: Config
    sites: Mapping[str, SiteDefinition]
    rulebook: RuleBook


def find(path: Path | None = None) -> Path:
    """The configuration file: the given one, else $PRICEWATCH_CONFIG, else config.toml in the current folder."""
    chosen = path or Path(os.environ.get(CONFIG_VARIABLE) or FILE)
    file = chosen / FILE if chosen.is_dir() else chosen
    if not file.exists():
        hint = "`pricewatch init` writes one; --config FILE or $PRICEWATCH_CONFIG names another"
        raise ConfigError([Problem(str(file), 0, 0, "there is no configuration file", hint)])
    return file


def load(path: Path | None = None) -> Config:
    """Read and check config.toml; raises ConfigError with all its problems."""
    return _load(read(find(path)))


def load_sites(config: Config) -> Mapping[str, SiteDefinition]:
    """All site definitions by name; the project's come before those that pricewatch ships. Raises ConfigError."""
    return _sites(_folders("scrapers", config.folder, config.paths.scrapers), config.folder)


def load_sites_around(folder: Path) -> Mapping[str, SiteDefinition]:
    """The definitions of the project that a folder is in, with or without a config.toml. Raises ConfigError."""
    for above in (folder, *folder.parents):
        if (above / FILE).is_file():
            return load_sites(load(above / FILE))
        if any((above / "scrapers").glob("*.toml")):
            return _sites(_folders("scrapers", above, None), above)
    return _sites((shipped("scrapers"),), folder)


def site_file(config: Config, name: str) -> Path:
    """The file that defines a site that was loaded, the project's before the shipped one."""
    folders = _folders("scrapers", config.folder, config.paths.scrapers)
    files = (file for folder in folders for file in sorted(folder.glob("*.toml")))
    return next(file for file in files if read(file).data.get("name") == name)


def scrapers_folder(config: Config) -> Path:
    """Where the project's own site definitions are."""
    return _folders("scrapers", config.folder, config.paths.scrapers)[0]


def project_sites(config: Config) -> frozenset[str]:
    """The names of the sites that the project itself defines; the others come with pricewatch."""
    return frozenset(str(read(file).data.get("name")) for file in scrapers_folder(config).glob("*.toml"))


def load_rulebook(config: Config) -> RuleBook:
    """The rules of the first folder that has any: the configured, the project's, the shipped. Raises ConfigError."""
    folders = _folders("rules", config.folder, config.paths.rules)
    return _rulebook(folders, config.folder, [group.currency for group in config.price_groups])


def rule_files(config: Config) -> tuple[Path, ...]:
    """The files that `load_rulebook` reads, in order."""
    folder = _first_with_rules(_folders("rules", config.folder, config.paths.rules))
    return tuple(sorted(folder.glob("*.toml")))


def read_rules(path: Path, config: Config) -> RuleBook:
    """The rules of another folder, or of one file, checked as the project's own are. Raises ConfigError."""
    currencies = [group.currency for group in config.price_groups]
    if path.is_dir():
        return _rulebook((path,), config.folder, currencies)
    book = compile_rulebook([read(path)])
    for code in dict.fromkeys(currencies):
        book.check_currency(code, Currency.of(code).exponent)
    return book


def load_project(path: Path | None = None) -> Project:
    """Read everything; raises ConfigError with the problems of config.toml, site definitions and rules together."""
    file = find(path)
    problems: list[Problem] = []
    document = _attempt(problems, partial(read, file))
    config = _config(document, problems) if document else None
    folder = file.absolute().parent
    paths = config.paths if config else PathSettings()
    sites, names = _right_sites(_folders("scrapers", folder, paths.scrapers), folder, problems)
    currencies = [group.currency for group in config.price_groups] if config else []
    rulebook = _attempt(problems, lambda: _rulebook(_folders("rules", folder, paths.rules), folder, currencies))
    if document:
        problems += _unknown_sites(document, names)
    if problems or config is None or rulebook is None:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.file != str(file), problem.file, problem.line)))
    return Project(config, sites, rulebook)


def locator(sites: Mapping[str, SiteDefinition]) -> Callable[[str], tuple[str, str] | None]:
    """Make the look-up that map and target files need: an address to its site's name and its one spelling."""

    def locate(url: str) -> tuple[str, str] | None:
        site = site_for(sites.values(), url)
        return (site.name, canonical_url(url)) if site else None

    return locate


def example() -> str:
    """The text of config.example.toml, the template of `pricewatch init`."""
    return shipped(EXAMPLE).read_text("utf-8")


def _attempt(problems: list[Problem], act: Callable[[], T]) -> T | None:
    try:
        return act()
    except ConfigError as error:
        problems += error.problems
        return None


def _load(document: Document) -> Config:
    problems: list[Problem] = []
    config = _config(document, problems)
    if problems or config is None:
        raise ConfigError(problems)
    return config


def _config(document: Document, problems: list[Problem]) -> Config | None:
    """What is right in config.toml; all that is wrong goes to `problems`, in the order of the file."""
    found = salvage(ConfigFile, document)
    wrong = [*found.problems, *_crossed(document)]
    database = _attempt(wrong, _database_variable)
    problems += sorted(wrong, key=lambda problem: (problem.line, problem.column))
    if found.value is None:
        return None
    sections = {name: getattr(found.value, name) for name in ConfigFile.model_fields}
    if database is not None:
        sections["database"] = found.value.database.model_copy(update={"url": database.url})
    return Config.model_construct(**sections, folder=document.folder or Path.cwd())


def _database_variable() -> DatabaseSettings | None:
    url = os.environ.get(DATABASE_VARIABLE)
    if not url:
        return None
    try:
        return build(DatabaseSettings, _of_variable("url", url))
    except ConfigError as error:
        place = f"environment variable {DATABASE_VARIABLE}"
        raise ConfigError([Problem(place, 0, 0, each.message, each.hint) for each in error.problems]) from None


def _of_variable(key: str, value: str) -> Document:
    quoted = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
    return parse(f'{key} = "{quoted}"', "environment")


def _crossed(document: Document) -> Iterator[Problem]:
    """What one section says of another, and of folders, must be so; asked of the file, whatever else is wrong in it."""
    for key, folder in _table(document.data, "paths").items():
        if isinstance(folder, str) and not ((document.folder or Path()) / Path(folder).expanduser()).is_dir():
            yield document.problem(("paths", key), f"there is no folder {folder}")
    groups = list(_table(document.data, "groups")) or ["default"]
    written: dict[object, str] = {}
    for name, channel in _tables(document.data, "channels"):
        group, path = channel.get("group", "default"), channel.get("path")
        if isinstance(group, str) and group not in groups:
            hint = f"the groups are {', '.join(groups)}"
            yield document.problem(("channels", name, "group"), f"there is no price group `{group}`", hint)
        if isinstance(path, str) and written.setdefault(os.path.normpath(path), name) != name:
            other = written[os.path.normpath(path)]
            yield document.problem(("channels", name, "path"), f"channel `{other}` writes this file too")


def _unknown_sites(document: Document, sites: Collection[str]) -> Iterator[Problem]:
    lists: list[tuple[tuple[str, ...], Any]] = [(("shop", "own_sites"), _table(document.data, "shop").get("own_sites"))]
    lists += [(("discovery", "narrow"), _table(document.data, "discovery").get("narrow"))]
    lists += [(("schedule", name, "sites"), job.get("sites")) for name, job in _tables(document.data, "schedule")]
    for path, names in lists:
        for index, site in enumerate(names if isinstance(names, list) else ()):
            if isinstance(site, str) and site not in sites:
                near = did_you_mean(site, sites)
                hint = f"did you mean `{near}`?" if near else "`pricewatch site list` shows the definitions"
                yield document.problem((*path, index), f"there is no site definition `{site}`", hint)


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, dict) else {}


def _tables(data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in (tables := _table(data, name)):
        if isinstance(tables[key], dict):
            yield key, tables[key]


def shipped(name: str) -> Path:
    """Where a file or folder that comes with pricewatch is: inside the package, or beside it in a source checkout."""
    package = Path(pricewatch.__file__).parent
    inside = package / "defaults" / name
    return inside if inside.exists() else package.parent / name


def _folders(name: str, folder: Path, configured: Path | None) -> tuple[Path, Path]:
    """Where files of a kind are looked for: the project's folder before the shipped one."""
    return configured or folder / name, shipped(name)


def _documents(folder: Path, project: Path, problems: list[Problem]) -> list[Document]:
    """Parse all files of a folder in the order of their names; problems name them as seen from the project."""
    parsed = []
    for file in sorted(folder.glob("*.toml")):
        shown = str(file.relative_to(project) if file.is_relative_to(project) else file)
        document = _attempt(problems, partial(read, file, shown=shown))
        parsed += [document] if document else []
    return parsed


def _sites(folders: tuple[Path, ...], project: Path) -> Mapping[str, SiteDefinition]:
    problems: list[Problem] = []
    found, _ = _right_sites(folders, project, problems)
    if problems:
        raise ConfigError(problems)
    return found


def _right_sites(
    folders: tuple[Path, ...], project: Path, problems: list[Problem]
) -> tuple[Mapping[str, SiteDefinition], Collection[str]]:
    """The site definitions that are right, and the names of all; what is wrong goes to `problems`."""
    found: dict[str, SiteDefinition] = {}
    names: set[str] = set()
    for folder in folders:
        here: dict[str, str] = {}
        for document in _documents(folder, project, problems):
            names.add(str(document.value(("name",))))
            site = _attempt(problems, partial(build, SiteDefinition, document))
            if site is None:
                continue
            if site.name in here:
                problems.append(document.problem(("name",), f"{here[site.name]} has the name `{site.name}` too"))
            here[site.name] = document.file
            found.setdefault(site.name, site)
    return found, names


def _first_with_rules(folders: tuple[Path, ...]) -> Path:
    return next((folder for folder in folders if any(folder.glob("*.toml"))), folders[0])


def _rulebook(folders: tuple[Path, ...], project: Path, currencies: Iterable[str]) -> RuleBook:
    problems: list[Problem] = []
    documents = _documents(_first_with_rules(folders), project, problems)
    book = _attempt(problems, partial(compile_rulebook, documents))
    if book is not None:
        for code in dict.fromkeys(currencies):
            _attempt(problems, partial(book.check_currency, code, Currency.of(code).exponent))
    if problems or book is None:
        raise ConfigError(problems)
    return book
