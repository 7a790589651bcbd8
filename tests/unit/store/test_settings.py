"""What [database] accepts."""

from __future__ import annotations

import pytest

from pricewatch.domain.errors import ConfigError
from pricewatch.located import build, parse
from pricewatch.store.settings import DatabaseSettings


def test_without_a_section_the_database_is_a_file_beside_the_configuration():
    """Nothing has to be set up."""
    assert build(DatabaseSettings, parse("", "config.toml"), ("database",)) == DatabaseSettings()
    assert DatabaseSettings().sqlite


@pytest.mark.parametrize("url", ["postgresql://shop@db/prices", "postgres://db/prices", "sqlite:////var/lib/pw.db"])
def test_known_databases_are_accepted(url):
    """SQLite and PostgreSQL, under their usual names."""
    assert DatabaseSettings(url=url).sqlite == url.startswith("sqlite")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('url = "mysql://db/prices"', "SQLite or PostgreSQL, not 'mysql'"),
        ('url = "pricewatch.db"', "SQLite or PostgreSQL"),
        ('url = "postgresql://shop:hunter2@db/prices"', "a password does not stand in this file"),
        ('password = "hunter2"', "a secret does not stand in this file"),
        ("wait = -1", "at least 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(line, words):
    """With file and line; a password is not repeated in the message of its own mistake."""
    with pytest.raises(ConfigError) as caught:
        build(DatabaseSettings, parse(f"[database]\n{line}\n", "config.toml"), ("database",))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("config.toml", 2)
    assert words in problem.message
    assert "hunter2" not in str(caught.value)
