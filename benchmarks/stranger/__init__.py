"""Families of strangers, for `strangers.py`: a module for each kind, and what they draw with."""
