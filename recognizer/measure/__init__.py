"""A model held against labelled images: figures, plots, temperature and operating points."""
