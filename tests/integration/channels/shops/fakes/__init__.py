"""Strict servers of shop platforms, written from their published documentation; each is the truth of its own prices."""
