"""config.toml, site definitions and rules, read and checked together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricewatch.config import Config, find, load, load_project, load_rulebook, load_sites, locator
from pricewatch.domain.errors import ConfigError
from pricewatch.domain.product import PriceGroup
from pricewatch.pipeline.schedule import next_slot

SHOP = '[shop]\nname = "Shop"\ncountry = "PL"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
SITE = 'name = "{}"\ndomains = ["{}"]\n'
RULE = '[[rule]]\nname = "{}"\ntarget = "lowest"\n'


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRICEWATCH_CONFIG", "PRICEWATCH_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("scrapers", "rules"):
        (tmp_path / name).mkdir()
    (tmp_path / "rules" / "a.toml").write_text(RULE.format("a"), encoding="utf-8")
    return tmp_path


def write(folder: Path, text: str, name: str = "config.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def load_text(folder: Path, text: str) -> Config:
    return load(write(folder, text))


def mistakes(folder: Path, text: str = SHOP) -> list[str]:
    """All problems as `file:line message`, the file without its folder."""
    with pytest.raises(ConfigError) as error:
        load_project(write(folder, text))
    return [f"{Path(p.file).name}:{p.line} {p.message}" for p in error.value.problems]


def test_a_shop_section_is_all_that_a_configuration_needs(folder: Path) -> None:
    """Everything else has a default, and there is one price group, as [shop] says."""
    config = load_text(folder, SHOP)
    assert config.folder == folder
    assert config.price_groups == (PriceGroup("default", "PL", "PLN", "Europe/Warsaw"),)
    assert config.database.url == "sqlite:///pricewatch.db"


def test_price_groups_take_from_the_shop_what_they_do_not_say(folder: Path) -> None:
    """The first group of the file is the first of the tuple: the catalogue's."""
    config = load_text(folder, SHOP + '[groups.pl]\n[groups.cz]\ncountry = "cz"\ncurrency = "czk"\n')
    assert config.price_groups == (
        PriceGroup("pl", "PL", "PLN", "Europe/Warsaw"),
        PriceGroup("cz", "CZ", "CZK", "Europe/Warsaw"),
    )


def test_the_file_is_the_given_one_or_the_variables_or_the_folders(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder stands for the config.toml in it; without any file the way out is named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="pricewatch init"):
        find()
    here, other = write(folder, SHOP), write(folder, SHOP, "other.toml")
    assert find().absolute() == here
    assert find(folder) == here
    monkeypatch.setenv("PRICEWATCH_CONFIG", str(other))
    assert find() == other
    assert find(here) == here


def test_the_database_can_be_named_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable goes before the file, other keys stay, and it is checked like the file."""
    monkeypatch.setenv("PRICEWATCH_DATABASE_URL", "postgresql://me@db/prices")
    config = load_text(folder, SHOP + "[database]\nwait = 5\n")
    assert (config.database.url, config.database.wait) == ("postgresql://me@db/prices", 5)
    monkeypatch.setenv("PRICEWATCH_DATABASE_URL", 'mysql://me:hunter2@db/"\\ł')
    with pytest.raises(ConfigError, match="PRICEWATCH_DATABASE_URL") as error:
        load_text(folder, SHOP)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('currency = "PLZ"', "config.toml:4 'PLZ' is no currency"),
        ('country = "Poland"', "config.toml:3 'Poland' is no country code"),
        ('timezone = "Europe/Warszawa"', "config.toml:5 'Europe/Warszawa' is no time zone"),
        ('timezone = "../etc/passwd"', "config.toml:5 '../etc/passwd' is no time zone"),
    ],
)
def test_places_and_currencies_must_exist(folder: Path, text: str, mistake: str) -> None:
    """What the shop is called can be anything; where it is can't."""
    key = text.split(maxsplit=1)[0]
    lines = [text if line.startswith(key) else line for line in SHOP.split("\n")]
    assert mistakes(folder, "\n".join(lines)) == [mistake]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[channels.a]\ntype = "ceneo"\npath = "x"\ngroup = "cz"', "9 there is no price group `cz`"),
        ('[channels.a]\ntype = "ceneo"\npath = "x"\n[channels.b]\ntype = "csv"\npath = "./x"', "11 channel `a` writes"),
        ('[channels.A]\ntype = "ceneo"\npath = "x"', "6 `A` is no name"),
        ('[paths]\nrules = "nowhere"', "7 there is no folder nowhere"),
        ('[web]\nhost = "0.0.0.0"', "7 other machines can reach this address"),
        ('[schedule.a]\nstages = ["plan"]', "6 nothing says when"),
        ('[schedule.a]\nstages = ["plan"]\nevery = "1h"\ncron = "* * * * *"', "9 `every` and `cron` are both given"),
        ('[schedule.a]\nstages = ["plan"]\nevery = "1 fortnight"', "8 '1 fortnight' is no length of time"),
        ('[schedule.a]\nstages = ["plan"]\nat = ["25:00"]', "8 '25:00' is no time of day"),
        ('[schedule.a]\nstages = ["plan"]\ncron = "* * *"', "8 '* * *' has 3 fields"),
        ('[schedule.a]\nstages = ["plan"]\nevery = "1h"\nweekdays = ["mon"]', "9 `weekdays` goes with `at`"),
        ('[schedule.a]\nstages = ["plan"]\nevery = "1h"\nsites = ["riwal"]', "9 there is no site definition `riwal`"),
        ('[catalogue]\ncolumns = { prise = "x" }', "7 `prise` is no field of a product"),
        ('[catalogue]\nencoding = "utf-9"', "7 no encoding is called 'utf-9'"),
        ('[catalogue]\nencoding = "base64"', "7 'base64' is no encoding of text"),
        ("[matching]\naccept = 100", "6 `suggest` (5000) is above `accept` (100)"),
        ('[pricing]\napprove_up_to = "-5%"', "7 '-5%' is below zero"),
        ('[pricing]\napprove_up_to_amount = "-10.00"', "7 '-10.00' is below zero"),
        ('[pricing.breakers]\nmax_changed = "150%"', "7 '150%' is more than all"),
        ('[notify.webhook]\nurl = "ftp://x"', "7 this is no web address"),
        ('[notify.email]\nhost = "x"\nsender = "me"\nto = ["a@b"]', "8 'me' is no e-mail address"),
    ],
)
def test_what_cannot_be_meant_is_shown_at_its_line(folder: Path, text: str, mistake: str) -> None:
    """Also when it is only wrong together with something else."""
    write(folder, SITE.format("rival", "rival.example"), "scrapers/rival.toml")
    (found,) = mistakes(folder, f"{SHOP}{text}\n")
    assert found.startswith(f"config.toml:{mistake}")


def test_mistakes_of_all_files_are_shown_at_once(folder: Path) -> None:
    """A broken config.toml hides neither a broken site definition nor a broken rule."""
    write(folder, SITE.format("Rival", "rival.example"), "scrapers/rival.toml")
    write(folder, "name = ", "scrapers/broken.toml")
    write(folder, '[[rule]]\nname = "a"\ntarget = "lowst"\n', "rules/b.toml")
    found = mistakes(folder, SHOP.replace("PLN", "PLZ") + '[schedule.a]\nstages = ["x"]\nevery = "1h"\n')
    assert [one.split()[0] for one in found] == [
        "config.toml:4", "config.toml:7", "b.toml:3", "broken.toml:1", "rival.toml:1",
    ]  # fmt: skip


def test_no_mistake_waits_for_another_to_be_mended(folder: Path) -> None:
    """A wrong key hides no rule without a target, no second rule of one name, no site that is not there."""
    write(folder, SITE.format("Rival", "rival.example"), "scrapers/rival.toml")
    write(folder, '[[rule]]\nname = "b"\nfoo = 1\n' + RULE.format("c") * 2 + '[[rule]]\nname = "d"\n', "rules/b.toml")
    found = mistakes(folder, SHOP + 'own_sites = ["nowhere", "Rival"]\ncolour = 1\n')
    assert [one.split(" ", 1)[1] for one in found if one.startswith("config.toml")] == [
        "there is no site definition `nowhere`", "unknown key `colour`",
    ]  # fmt: skip
    told = " ".join(one for one in found if one.startswith("b.toml"))
    for said in ("unknown key `foo`", "another rule called 'c'", "a rule has either a target or cases"):
        assert said in told


def test_two_sites_of_one_name_are_a_mistake(folder: Path) -> None:
    """Which of them was meant is not ours to guess."""
    for name in ("a", "b"):
        write(folder, SITE.format("rival", f"{name}.example"), f"scrapers/{name}.toml")
    assert mistakes(folder) == ["b.toml:1 scrapers/a.toml has the name `rival` too"]


def test_the_projects_sites_go_before_the_shipped_ones(folder: Path) -> None:
    """A definition of the same name replaces the one that comes with pricewatch, and the others stay."""
    config = load_text(folder, SHOP)
    for name in load_sites(config):
        write(folder, SITE.format(name, "mine.example"), f"scrapers/{name}.toml")
    write(folder, SITE.format("rival", "rival.example"), "scrapers/rival.toml")
    sites = load_sites(config)
    assert sites["rival"].domains == ("rival.example",)
    assert all(site.domains == ("mine.example",) for name, site in sites.items() if name != "rival")


def test_the_projects_rules_replace_the_shipped_ones_altogether(folder: Path) -> None:
    """Mixing a shop's own rules with ours would price by rules that nobody chose; places are the project's."""
    book = load_rulebook(load_text(folder, SHOP))
    assert [(branch.rule, branch.place) for branch in book.branches] == [("a", "rules/a.toml:1")]


def test_configured_folders_go_first(folder: Path) -> None:
    """[paths] names folders of its own for sites and rules."""
    for name in ("my-sites", "my-rules"):
        (folder / name).mkdir()
    write(folder, SITE.format("mine", "mine.example"), "my-sites/mine.toml")
    write(folder, RULE.format("mine"), "my-rules/r.toml")
    config = load_text(folder, SHOP + '[paths]\nscrapers = "my-sites"\nrules = "my-rules"\n')
    assert "mine" in load_sites(config)
    assert [branch.rule for branch in load_rulebook(config).branches] == ["mine"]


def test_amounts_in_rules_fit_every_groups_currency(folder: Path) -> None:
    """A rule with cents can't price a group in whole yen."""
    write(folder, '[[rule]]\nname = "b"\ntarget = "lowest"\nadjust = "-0.01"\n', "rules/b.toml")
    (found,) = mistakes(folder, SHOP + '[groups.pl]\n[groups.jp]\ncurrency = "JPY"\n')
    assert found.startswith("b.toml:4")


def test_a_schedule_is_read_in_its_own_time_zone_or_the_shops(folder: Path) -> None:
    """06:00 in Warsaw is 05:00 UTC in winter."""
    job = '[schedule.{}]\nstages = ["plan"]\nat = ["06:00"]\n'
    config = load_text(folder, SHOP + job.format("a") + job.format("b") + 'timezone = "UTC"\n')
    noon = datetime(2026, 1, 15, 12, tzinfo=UTC)
    slots = {name: next_slot(each.timing(config.shop.timezone), noon) for name, each in config.schedule.items()}
    assert slots == {"a": datetime(2026, 1, 16, 5, tzinfo=UTC), "b": datetime(2026, 1, 16, 6, tzinfo=UTC)}


def test_an_address_finds_its_site_in_one_spelling(folder: Path) -> None:
    """Map files may have addresses as browsers show them."""
    write(folder, SITE.format("rival", "rival.example"), "scrapers/rival.toml")
    locate = locator(load_sites(load_text(folder, SHOP)))
    assert locate("https://www.RIVAL.example/p/1?utm_source=x#top") == ("rival", "https://www.rival.example/p/1")
    assert locate("https://nobody.invalid/") is None
