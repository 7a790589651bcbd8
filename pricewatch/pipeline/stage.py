"""One frame around every stage: a run record that is opened before and closed after, whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.pipeline.workbench import StageReport, Workbench


@dataclass(slots=True)
class StageLog:
    """What a stage counts and sets aside while it works."""

    stage: str
    run: int
    counts: Counter[str] = field(default_factory=Counter)
    set_aside: list[SetAside] = field(default_factory=list)
    message: str = ""
    told: set[tuple[str, str]] = field(default_factory=set)

    def put_aside(self, item: SetAside) -> None:
        """Count and keep one item that the batch could not use; of a channel as a whole the same is told once."""
        whole = (item.item, item.reason) if item.item == item.where else None
        if whole not in self.told:
            self.set_aside.append(item)
        if whole is not None:
            self.told.add(whole)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add to the stage's counts."""
        self.counts.update(counts)

    def report(self) -> StageReport:
        """Sum up; `partly` when something was set aside."""
        return StageReport(
            stage=self.stage,
            status="partly" if self.set_aside else "ok",
            counts=dict(self.counts),
            set_aside=tuple(self.set_aside),
            message=self.message,
            run=self.run,
        )


@contextmanager
def stage(bench: Workbench, name: str, detail: str = "") -> Iterator[StageLog]:
    """Open a run for a stage and close it with its counts, also when it fails or is interrupted."""
    run = bench.store.runs.begin(name, at=bench.clock.now(), detail=detail)
    log = StageLog(name, run)
    status = "interrupted"
    try:
        yield log
        status = log.report().status
    except PricewatchError as error:
        status, log.message = "failed", error.message
        raise
    except Exception as error:
        status, log.message = "failed", f"{type(error).__name__}: {error}"
        raise
    finally:
        bench.store.runs.finish(
            run,
            at=bench.clock.now(),
            status=status,
            counts=dict(log.counts),
            set_aside=log.set_aside,
            message=log.message,
        )
