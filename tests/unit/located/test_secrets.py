"""Secrets never stand in files, and are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import StringConstraints, TypeAdapter

from pricewatch.domain.errors import ConfigError
from pricewatch.located import Secret, Section, build, parse, read


class Shop(Section):
    token: Secret
    note: str = ""


HIDDEN = "hunter2-s3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f'token = "{HIDDEN}"', f'token = {{ value = "{HIDDEN}" }}', f'[token]\nvalue = "{HIDDEN}"',
        f'token = {{ env = "A", file = "{HIDDEN}" }}', f'token = ["{HIDDEN}"]', f'tokn = "{HIDDEN}"',
        f'token = "{HIDDEN}', f'pasword = "{HIDDEN}"\ntoken = {{ env = "A" }}', f'api_key = "{HIDDEN}" x',
        f'note = "{HIDDEN}"\ntoken = "{HIDDEN}"', f'x = "postgresql://me:{HIDDEN}@host/db"',
        f'"token" = "{HIDDEN}"', f'a = {{ token = "{HIDDEN}" }}', f'token = """\n{HIDDEN}"""', f'token = "{HIDDEN}" x',
    ],
)  # fmt: skip
def test_no_error_shows_what_was_written_in_place_of_a_secret(text: str) -> None:
    """However a secret got into the file, and whatever else is wrong, messages leave it out."""
    with pytest.raises(ConfigError) as error:
        build(Shop, parse(text, "c.toml"))
    assert HIDDEN not in str(error.value)


def test_a_plain_text_is_told_where_secrets_go() -> None:
    """The hint shows the two ways."""
    with pytest.raises(ConfigError, match="does not stand in this file") as error:
        build(Shop, parse('token = "x"', "c.toml"))
    assert '{ env = "NAME" }' in error.value.problems[0].hint


def test_where_a_plain_text_is_also_allowed_its_own_mistake_is_told() -> None:
    """An address may stand in the file or be a secret: a wrong one is a wrong address, and still not shown."""

    class Hook(Section):
        url: Annotated[str, StringConstraints(pattern="^https://")] | Secret

    with pytest.raises(ConfigError) as error:
        build(Hook, parse(f'url = "{HIDDEN}"', "c.toml"))
    (problem,) = error.value.problems
    assert problem.message == "`url` does not have the form ^https://"
    assert HIDDEN not in str(error.value)


def test_a_secret_comes_from_the_environment_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up by `reveal`, without the blanks around it; building needs no variable."""
    secret = build(Shop, parse('token = { env = "SHOP_TOKEN" }', "c.toml")).token
    monkeypatch.setenv("SHOP_TOKEN", f" {HIDDEN}\n")
    assert secret.reveal() == HIDDEN


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Empty counts as missing: an empty password is never what was meant."""
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_TOKEN", value)
    with pytest.raises(ConfigError, match="SHOP_TOKEN"):
        Secret(env="SHOP_TOKEN").reveal()


def test_a_secret_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    """The path counts from the file that names it; a missing or empty file is named."""
    (tmp_path / "c.toml").write_text('token = { file = "secrets/token" }', encoding="utf-8")
    secret = build(Shop, read(tmp_path / "c.toml")).token
    with pytest.raises(ConfigError, match="secrets/token"):
        secret.reveal()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(f"{HIDDEN}\n", encoding="utf-8")
    assert secret.reveal() == HIDDEN
    (tmp_path / "secrets" / "token").write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="secrets/token"):
        secret.reveal()


def test_a_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, repr and JSON show where it is, not what it is, even after it was looked up."""
    monkeypatch.setenv("SHOP_TOKEN", HIDDEN)
    secret = Secret(env="SHOP_TOKEN")
    secret.reveal()
    shown = f"{secret} {secret!r} {TypeAdapter(Secret).dump_json(secret)!r} {vars(secret)}"
    assert "SHOP_TOKEN" in shown
    assert HIDDEN not in shown
