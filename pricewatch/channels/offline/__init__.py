"""Prices where there is no web page: tills, shelf labels, printed labels, posters and leaflets."""
