from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _beside(name, file):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scene_module = _beside("publishing_scene", "scene.py")
_beside("publishing_offline", "offline.py")


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
