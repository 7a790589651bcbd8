"""The pytest plug-in: every recorded page of a project is a test of its site's definition.

Found are `scrapers/tests/<site>/NAME.toml` with `NAME.html` beside it, and `tests/sites/<site>/…` in the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pricewatch.scraping.recorded import Replay
    from pricewatch.scraping.site import SiteDefinition

FOLDERS = frozenset({("scrapers", "tests"), ("tests", "sites")})
# pytest loads this module in every project beside pricewatch: what is heavy waits for the first recorded page.


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a record in one of the folders for a test."""
    if file_path.suffix == ".toml" and file_path.parts[-4:-2] in FOLDERS:
        return RecordedPage.from_parent(parent, path=file_path)
    return None


class RecordedPage(pytest.File):
    """One record with its page."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one test that it is."""
        yield ReadsAsRecorded.from_parent(self, name="reads_as_recorded")


class ReadsAsRecorded(pytest.Item):
    """Reads the saved page with the site's definition and compares."""

    def runtest(self) -> None:
        """Fail with every difference."""
        from pricewatch.scraping.extract.hints import SiteContext
        from pricewatch.scraping.recorded import replay

        name = self.path.parent.name
        site = _sites_around(self.path.parent).get(name)
        if site is None:
            raise _UnlikeRecord(f"there is no site definition `{name}`; the folder of a recorded page bears its name")
        context: SiteContext = site.context()
        result = replay(self.path, context)
        if result.differences:
            raise _UnlikeRecord(_shown(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The differences as a table, mistakes in files with their place, anything else as pytest shows it."""
        from pricewatch.domain.errors import PricewatchError

        if isinstance(excinfo.value, (_UnlikeRecord, PricewatchError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands, for its headline."""
        return self.path, 0, f"{self.path.parent.name}: {self.path.stem}"


class _UnlikeRecord(Exception):
    """A page was read otherwise than its record says."""


@cache
def _sites_around(folder: Path) -> Mapping[str, SiteDefinition]:
    from pricewatch.config import load_sites_around

    return load_sites_around(folder)


def _shown(result: Replay) -> str:
    from pricewatch.scraping.recorded import page_of

    rows = [("", "expected", "read"), *((d.key, d.expected, d.found) for d in result.differences)]
    wide = [min(60, max(len(row[column]) for row in rows)) for column in (0, 1)]
    lines = [f"{key:{wide[0]}}  {expected:{wide[1]}}  {found}".rstrip() for key, expected, found in rows]
    reading = result.reading
    if reading.source and len(reading.findings) <= 1:
        lines += ["", f"the price stands at {reading.where} ({reading.source.value}): {reading.snippet[:80]!r}"]
        lines += [f"rejected {candidate}" for candidate in reading.rejected[:8]]
    step = f"pricewatch extract {page_of(result.file).name} --url {result.recording.url} --site NAME --explain"
    return "\n".join([*lines, "", f"every price on it: {step.replace('NAME', result.file.parent.name)}"])
