"""Sizes that tests share, so that tests in one process share compiled programs.

A program is compiled once per network, window length and batch size. A test that needs no size of its own takes these.
"""

UNITS = 2
EPOCHS = 2
N_SAMPLES = 60
N_TIMESTEPS = 6
N_FEATURES = 2
