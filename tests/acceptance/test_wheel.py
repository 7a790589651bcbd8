"""What is shipped is what works: the built wheel, alone in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a release would."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that sees the dependencies and not the source tree."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    install = ("-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    subprocess.run([sys.executable, *install], check=True, capture_output=True, timeout=120)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "pricewatch"


def run(command: Path, *words: str, folder: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Call the installed command in a folder of its own, with nothing of ours in the environment."""
    environment = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"}
    line = [str(command), *words]
    return subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_the_wheel_ships_site_definitions_rules_and_the_example_config(wheel: Path) -> None:
    """Data that the program reads travels with it; tests and benchmarks don't."""
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("scrapers/woocommerce.toml", "config.example.toml", "migrations/env.py"):
        assert any(name.endswith(wanted) for name in names), wanted
    assert any(name.startswith("pricewatch/defaults/rules/") and name.endswith(".toml") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/", "docs/")) or "fixtures" in name for name in names)


def test_a_project_starts_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """`init` makes a project whose own checks pass before anything is edited."""
    made = run(installed, "init", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "config.toml").is_file()
    checked = run(installed, "rule", "check", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr
    status = run(installed, "status", folder=tmp_path)
    assert status.returncode == 0, status.stderr


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The whole story works without the source tree."""
    told = run(installed, "demo", "--folder", "market", folder=tmp_path, timeout=300)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
