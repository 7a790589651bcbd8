"""Demand models in a project's folder: numbered, plain arrays with a manifest and a hash, each with its evaluation."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.pricing.demand.model import DemandModel

_AGAIN = "train a new one: pricewatch model train"
EVALUATION = "evaluation.json"
LATELY = "lately.json"
TWIN = "twin"
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error)  # what half a file gives


class DemandModels:
    """The models of one price group; at most one of them is in use."""

    def __init__(self, folder: Path, group: str) -> None:
        self._folder = folder
        self._prefix = f"demand-{group}-"
        self._active = folder / f"active-demand-{group}"

    def names(self) -> tuple[str, ...]:
        """All models, the oldest first."""
        found = [path.name for path in self._folder.glob(f"{self._prefix}*") if self._number(path.name)]
        return tuple(sorted(found, key=self._number))

    def active(self) -> str:
        """The name of the model in use; empty when there is none."""
        return self._active.read_text("utf-8").strip() if self._active.is_file() else ""

    def load(self, name: str = "") -> DemandModel | None:
        """A model, by default the one in use; None when none is. Raises UsageError for a missing or damaged one."""
        from pricewatch.pricing.demand.model import DemandModel  # brings scipy

        chosen = name or self.active()
        if not chosen:
            return None
        try:
            manifest, arrays = _read(self._folder / chosen)
        except _UNREADABLE as error:
            raise UsageError(f"the demand model {chosen} cannot be read: {error}", hint=_AGAIN) from error
        return DemandModel.of(arrays, manifest)

    def twin(self) -> DemandModel | None:
        """The twin of the model in use, which has not seen the weeks that it was judged by; the model itself where no
        twin was kept.
        """
        from pricewatch.pricing.demand.model import DemandModel  # brings scipy

        place = self._folder / self.active() / TWIN
        if not self.active() or not place.is_dir():
            return self.load()
        try:
            manifest, arrays = _read(place)
        except _UNREADABLE:
            return self.load()
        return DemandModel.of(arrays, manifest)

    def evaluation(self, name: str) -> Mapping[str, Any]:
        """What was found when a model was trained; empty when that is not there."""
        return self._json(name, EVALUATION)

    def drifted(self, name: str = "") -> frozenset[str]:
        """The products whose sales had left a model (by default the one in use) when that was last looked at."""
        return frozenset(self.lately(name).get("drifted", ()))

    def lately(self, name: str = "") -> Mapping[str, Any]:
        """What was found when a model was last held against recent sales; empty when that was never done."""
        return self._json(name or self.active(), LATELY)

    def note(self, name: str, found: Mapping[str, Any]) -> None:
        """Keep what was found when a model was held against recent sales, in one step."""
        place = self._folder / name / LATELY
        beside = place.with_name(f".{LATELY}")
        with suppress(OSError):  # a folder that cannot be written must not stop prices
            beside.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
            beside.replace(place)

    def keep(
        self, model: DemandModel, evaluation: Mapping[str, Any], *, use: bool, twin: DemandModel | None = None
    ) -> str:
        """Write a model under the next number, its manifest last, and take it into use if that was decided; its `twin`
        beside it is what later models are compared with.
        """
        name = f"{self._prefix}{max((self._number(each) for each in self.names()), default=0) + 1}"
        place = self._folder / name
        place.mkdir(parents=True)
        if twin is not None:
            (place / TWIN).mkdir()
            _write(place / TWIN, twin)
        (place / EVALUATION).write_text(json.dumps(evaluation, indent=1) + "\n", "utf-8")
        _write(place, model)
        if use:
            self.activate(name)
        return name

    def activate(self, name: str) -> None:
        """Take a model into use, in one step; an empty name takes none."""
        beside = self._active.with_name(f".{self._active.name}")
        beside.write_text(f"{name}\n", "utf-8")
        beside.replace(self._active)

    def _json(self, name: str, file: str) -> Mapping[str, Any]:
        try:
            found = json.loads((self._folder / name / file).read_text("utf-8")) if name else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _number(self, name: str) -> int:
        text = name.removeprefix(self._prefix)
        return int(text) if name.startswith(self._prefix) and text.isdecimal() else 0


def _read(place: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    with (place / "arrays.npz").open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return manifest, {key: file[key] for key in file.files}


def _write(place: Path, model: DemandModel) -> None:
    with (place / "arrays.npz").open("wb") as file:
        np.savez_compressed(file, **model.arrays())  # type: ignore[arg-type]
    (place / "manifest.json").write_text(json.dumps(model.manifest(), indent=1) + "\n", "utf-8")
