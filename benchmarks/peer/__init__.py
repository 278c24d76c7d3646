"""The parts of `run.py`, which compares recognizers: which ones, on what, in which form, and the report."""
