"""Bad cases: images that a model read wrongly, or may have: kept with who said so, to learn from and to judge by."""
