"""The specialists of pairs that a model confuses: found, fitted, chosen out of fold, written into bundles."""
