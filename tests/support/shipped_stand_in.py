"""An encoder and a starter gallery that stand in for those that ship: random projections, and forty digits."""

from __future__ import annotations

import contextlib
import sys
from functools import cache

import numpy as np
import pytest
from pages import DIGITS, LABELS
from stand_in_encoder import write_encoder

import retrieval.encoder
import retrieval.gallery
import retrieval.starter
from recognizer import to_glyph
from retrieval.starter import write_starter

NAMES = [str(100 + number) for number in range(len(DIGITS))]
SOURCE = "mnist/train"
_ASKED = (retrieval.encoder, retrieval.gallery, retrieval.starter)


@cache
def glyphs():
    """The starter gallery's glyphs, in the order of ``NAMES``."""
    return np.stack([to_glyph(digit) for digit in DIGITS])


def write_shipped(folder):
    """A folder like ``retrieval/models``."""
    encoder = retrieval.encoder.Encoder.open(write_encoder(folder))
    write_starter(glyphs(), LABELS.astype(int), NAMES, SOURCE, encoder=encoder, folder=folder / "starter")
    return folder


@contextlib.contextmanager
def shipped(folder):
    """For as long as it lasts, that folder is what ships."""
    with pytest.MonkeyPatch.context() as patch:
        for module in _ASKED:
            patch.setattr(module, "shipped_folder", lambda: folder)
        yield folder


def command(module, folder):
    """A command of another process, as the arguments of `subprocess.run`, for which that folder is what ships."""
    code = (
        "import sys; from pathlib import Path; import retrieval.encoder, retrieval.gallery\n"
        "for asked in (retrieval.encoder, retrieval.gallery):\n"
        f"    asked.shipped_folder = lambda: Path({str(folder)!r})\n"
        f"from {module} import main; sys.exit(main())"
    )
    return [sys.executable, "-c", code]
