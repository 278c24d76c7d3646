"""Measuring a model on labelled images: figures, plots, temperature and operating points."""
