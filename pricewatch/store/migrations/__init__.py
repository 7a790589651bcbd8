"""The history of the tables."""

HEAD = "0003"  # the revision that this pricewatch needs
