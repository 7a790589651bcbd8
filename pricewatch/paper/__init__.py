"""Prices on paper and in letters: shelf labels, posters, leaflets, newsletters; all from the price list."""
