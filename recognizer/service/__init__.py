"""The service: what the package does, over HTTP, and pages to look, draw, correct and review."""
