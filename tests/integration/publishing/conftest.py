from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("publishing_scene", Path(__file__).with_name("scene.py"))
scene_module = importlib.util.module_from_spec(_spec)
sys.modules["publishing_scene"] = scene_module
_spec.loader.exec_module(scene_module)


@pytest.fixture
def scene(tmp_path):
    """Makes a scene; every test closes what it opened."""
    made = []

    def make(**options):
        made.append(scene_module.Scene(tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.store.close()
