"""The commands. One of them is a short process whose records live to its end: the cycle collector looks seldom."""

import gc

gc.set_threshold(100_000, 20, 20)
