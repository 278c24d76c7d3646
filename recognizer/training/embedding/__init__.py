"""The training of the embedding: codes that find glyphs like a glyph, and the files and figures around it."""
