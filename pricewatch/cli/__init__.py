"""The commands. What is loaded at the start of one lives to its end: the cycle collector need not look at it."""

import gc

gc.set_threshold(1_000_000, 20, 20)
