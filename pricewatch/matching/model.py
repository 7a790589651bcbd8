"""A trained judge on disk: plain arrays, a manifest that says what it was trained on, and a hash over both.

Nothing in the files is code. A model of other features, or one whose bytes have changed, is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.matching.adapt import Replay
from pricewatch.matching.features import NAMES
from pricewatch.matching.near import KIN_NAMES, NEAR_NAMES
from pricewatch.matching.score import LED_NAMES, Judge

FORMAT = 1
SHIPPED = Path(__file__).parent / "shipped"
ACTIVE = "active"  # a file in the project's folder of models: the name of the one in use
REPLAY = "replay/"
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class MatchModel:
    """A judge with its name, the hash of its arrays, and notes on what it was trained on and how good it was."""

    judge: Judge
    replay: Replay
    name: str
    hash: str
    notes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, judge: Judge, replay: Replay, name: str, notes: Mapping[str, Any] | None = None) -> MatchModel:
        """Name a judge that was just trained; `replay` lets it learn on without forgetting."""
        return cls(judge, replay, name, hash_of(_arrays(judge, replay)), dict(notes or {}))

    @classmethod
    def shipped(cls) -> MatchModel:
        """The model that comes with pricewatch."""
        return _read(SHIPPED)

    @classmethod
    def load(cls, folder: Path) -> MatchModel:
        """Read a model; raises ConfigError when it is missing, damaged or made for other features."""
        return _read(folder.resolve())

    @classmethod
    def active(cls, folder: Path) -> MatchModel:
        """The model in use in a project's folder of models; the shipped one where none was activated."""
        chosen = folder / ACTIVE
        return cls.load(folder / chosen.read_text(encoding="utf-8").strip()) if chosen.is_file() else cls.shipped()

    def save(self, folder: Path) -> None:
        """Write `arrays.npz` and `manifest.json`, the manifest last."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "arrays.npz").open("wb") as file:
            np.savez_compressed(file, **_arrays(self.judge, self.replay))  # type: ignore[arg-type]
        manifest = {
            "format": FORMAT,
            "name": self.name,
            "features": feature_hash(),
            "hash": self.hash,
            "notes": self.notes,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


@lru_cache(maxsize=4)
def _read(folder: Path) -> MatchModel:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError) as error:
        raise _refused(folder, f"cannot be read: {error}") from error
    if manifest.get("format") != FORMAT or manifest.get("features") != feature_hash():
        raise _refused(folder, "was made by another version of pricewatch, with other features")
    if manifest.get("hash") != hash_of(arrays):
        raise _refused(folder, "has changed since it was saved (its hash differs)")
    replay = Replay.of({name.removeprefix(REPLAY): arrays[name] for name in arrays if name.startswith(REPLAY)})
    judge = Judge.of({name: arrays[name] for name in arrays if not name.startswith(REPLAY)})
    return MatchModel(judge, replay, manifest["name"], manifest["hash"], manifest.get("notes", {}))


def _arrays(judge: Judge, replay: Replay) -> dict[str, NDArray[Any]]:
    return {**judge.arrays(), **{REPLAY + name: array for name, array in replay.arrays().items()}}


def _refused(folder: Path, reason: str) -> ConfigError:
    return ConfigError(
        [Problem(str(folder), 0, 0, f"the match model {reason}", hint="`pricewatch match train` makes a new one")]
    )


def feature_hash() -> str:
    """What tells one set of features from another."""
    return hashlib.sha256("\n".join([*NAMES, *NEAR_NAMES, *LED_NAMES, *KIN_NAMES]).encode()).hexdigest()[:16]


def hash_of(arrays: Arrays) -> str:
    """SHA-256 over the names, types, shapes and bytes of arrays, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
