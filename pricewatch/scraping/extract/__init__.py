"""Reading pages: every price candidate with its role, then one decision, with its evidence."""

from pricewatch.scraping.extract.hints import FieldHints, OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.page import extract_page, read_page
from pricewatch.scraping.extract.reading import Reading

__all__ = ["FieldHints", "OfferRowHints", "ReadHints", "Reading", "SiteContext", "extract_page", "read_page"]
