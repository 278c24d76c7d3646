"""What tests of glyphs draw: which digit, and how large it is photographed.

Glyphs are compared by ``likeness``, a correlation. No two of the forty digits with different labels are more
alike than 0.761; so a glyph within CLOSE of its original can't have turned into another digit. Measured minima
over some thousand draws lie between 0.79 (enlarged by half) and 0.95 (colours).
"""

from hypothesis import settings
from hypothesis import strategies as st
from pages import DIGITS

QUICK = settings(deadline=None, max_examples=60)

numbers = st.integers(0, len(DIGITS) - 1)
sides = st.integers(40, 200)
