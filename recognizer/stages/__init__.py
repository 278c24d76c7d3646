"""From glyphs to answers: stage one, stage two, and the decision."""
