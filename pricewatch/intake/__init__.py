"""What comes in from our own side: catalogue, stock, exchange rates, match maps and pages to watch, from files."""

from pricewatch.intake.catalogue import read_catalogue
from pricewatch.intake.lists import Locate, read_matches, read_prices, read_stock, read_targets
from pricewatch.intake.rates import read_rates
from pricewatch.intake.sales import read_sales
from pricewatch.intake.scanner import read_scanner
from pricewatch.intake.settings import CatalogueSettings

__all__ = [
    "CatalogueSettings",
    "Locate",
    "read_catalogue",
    "read_matches",
    "read_prices",
    "read_rates",
    "read_sales",
    "read_scanner",
    "read_stock",
    "read_targets",
]
