"""The use cases: one function a stage, and what people ask about them."""

from pricewatch.pipeline.answers import import_matches
from pricewatch.pipeline.catalogue import import_catalogue, import_rates, import_stock, import_targets
from pricewatch.pipeline.discovery import discover
from pricewatch.pipeline.insight import explain, history, status
from pricewatch.pipeline.match import decide_match, match, take_back
from pricewatch.pipeline.plan import approve, plan, reject, reset_breakers
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.review import review_queue
from pricewatch.pipeline.run import STAGES, run
from pricewatch.pipeline.scrape import crawl_plan, scrape
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import PlanReport, StageReport, Workbench

__all__ = [
    "STAGES",
    "PlanReport",
    "StageReport",
    "Workbench",
    "approve",
    "crawl_plan",
    "decide_match",
    "discover",
    "explain",
    "history",
    "import_catalogue",
    "import_matches",
    "import_rates",
    "import_stock",
    "import_targets",
    "match",
    "plan",
    "publish",
    "reject",
    "reset_breakers",
    "review_queue",
    "run",
    "scrape",
    "send",
    "status",
    "take_back",
    "verify",
]
