"""Answers, similar images and cases as JSON-ready values."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.told import case_dict
from recognizer.measure.labelled import REJECT_NAME
from recognizer.results import REJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.feedback.cases import Case
    from recognizer.feedback.lookup import Lookup
    from recognizer.feedback.mistakes import Mistake
    from retrieval import Gallery, Hit


def pixels(glyph: NDArray[np.uint8]) -> str:
    """A glyph uint8 (28, 28) as base64 of its bytes, row by row."""
    return base64.b64encode(np.ascontiguousarray(glyph).tobytes()).decode("ascii")


def hits_told(hits: Sequence[Hit], gallery: Gallery | None) -> list[dict[str, Any]]:
    """Similar images; with a gallery, what they look like."""
    told = [hit.to_dict() for hit in hits]
    if gallery is not None and hits:
        _picture(told, gallery.glyphs([hit.id for hit in hits]))
    return told


def past_told(found: Sequence[Mistake], store: Lookup | None) -> list[dict[str, Any]]:
    """Past mistakes; with a store, what they look like."""
    told = [each.to_dict() for each in found]
    if store is not None and found:
        _picture(told, store.glyphs([mistake.case for mistake in found]))
    return told


def cases_told(cases: Sequence[Case], store: Lookup, pictures: bool) -> list[dict[str, Any]]:
    """Cases as `badcase list --json` tells them; with ``pictures``, also their glyphs."""
    told = [case_dict(case) for case in cases]
    if pictures and cases:
        _picture(told, store.glyphs([case.id for case in cases]))
    return told


def _picture(told: Sequence[dict[str, Any]], glyphs: NDArray[np.uint8]) -> None:
    """Add to each of N what it looks like, of glyphs uint8 (N, 28, 28)."""
    for each, glyph in zip(told, glyphs, strict=True):
        each["glyph"] = pixels(glyph)


def label_of(text: int | str) -> int:
    """A label that `schemas` let pass, 0–9 or 10."""
    return REJECT if text == REJECT_NAME else int(text)
