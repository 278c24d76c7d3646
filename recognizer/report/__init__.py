"""The report: one page, and a model card, of figures that other commands wrote."""
