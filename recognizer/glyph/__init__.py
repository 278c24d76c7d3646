"""From a grey page to its one character, 28 by 28: ink, marks, and MNIST's convention."""

SIDE = 28  # pixels of a glyph
