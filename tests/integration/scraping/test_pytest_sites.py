"""A shop's own `pytest` finds the recorded pages of its sites, with nothing to configure and no code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SITE = """\
name = "toolshop"
domains = ["toolshop.example"]
locale = "pl-PL"
currency = "PLN"
enabled = false

[read.fields]
availability = [".state"]

[read.stock]
in_stock = ["wysyłka jutro"]
"""
PAGE = """<html lang="pl"><h1>Drill 12 V</h1><p class="price">419,00 zł</p><p class="state">wysyłka jutro</p></html>"""
RECORD = 'url = "https://toolshop.example/p/1"\nprice = "{}"\navailability = "in_stock"\n'


def run(folder: Path) -> tuple[int, str]:
    """Run pytest in a folder, as a shop would."""
    words = [sys.executable, "-m", "pytest", "-p", "pricewatch.pytest_sites", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def record(folder: Path, name: str, price: str, site: str = "toolshop") -> None:
    pages = folder / "scrapers" / "tests" / site
    pages.mkdir(parents=True, exist_ok=True)
    (pages / f"{name}.html").write_text(PAGE, encoding="utf-8")
    (pages / f"{name}.toml").write_text(RECORD.format(price), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one definition and nothing else."""
    (tmp_path / "scrapers").mkdir()
    (tmp_path / "scrapers" / "toolshop.toml").write_text(SITE, encoding="utf-8")
    return tmp_path


def test_recorded_pages_are_found_and_each_difference_is_shown(project: Path) -> None:
    """One page reads as recorded; the other is told with key, expectation and reading, and no traceback."""
    record(project, "right", "419.00")
    record(project, "wrong", "399.00")
    record(project, "stray", "419.00", site="nobody")
    code, said = run(project)
    assert code == 1
    assert "1 passed" in said
    assert "2 failed" in said
    assert "toolshop: wrong" in said
    assert "399.00    419.00" in said
    assert "there is no site definition `nobody`" in said
    assert "Traceback" not in said


def test_a_mistake_in_a_record_or_a_definition_is_shown_at_its_place(project: Path) -> None:
    """File, line and column, as everywhere."""
    record(project, "page", "419.00")
    broken = project / "scrapers" / "toolshop.toml"
    broken.write_text(SITE.replace("currency", "curency"), encoding="utf-8")
    code, said = run(project)
    assert code == 1
    assert "toolshop.toml:4" in said
    assert "currency" in said
