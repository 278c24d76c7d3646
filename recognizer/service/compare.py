"""A candidate against the current model, on the cases with a label."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from recognizer.feedback.cases import Answer, Case
from recognizer.feedback.told import digit_or_reject
from recognizer.glyph import SIDE
from recognizer.glyph.normalise import Glyph
from recognizer.service.settings import MOST_COMPARED
from recognizer.service.told import pixels

if TYPE_CHECKING:
    from typing import Any

    from recognizer.feedback.lookup import Lookup
    from recognizer.pipeline import Recognizer


def compare(current: Recognizer, candidate: Recognizer, store: Lookup | None) -> dict[str, Any]:
    """What the candidate would change: `schemas.Comparison`."""
    labelled = (case for case in (store.cases() if store else ()) if case.label is not None)
    cases = list(deque(labelled, MOST_COMPARED))
    images = store.glyphs([case.id for case in cases]) if store else np.zeros((0, SIDE, SIDE), np.uint8)
    seen = [Glyph(image, "one" if image.any() else "blank", (0, 0, SIDE, SIDE)) for image in images]
    before = [Answer.of(answer).digit for answer in current.recognize_glyphs(seen)]
    after = [Answer.of(answer).digit for answer in candidate.recognize_glyphs(seen)]
    changed = [
        {
            "id": case.id,
            "label": digit_or_reject(case.label),
            "before": digit_or_reject(old),
            "after": digit_or_reject(new),
            "verdict": _verdict(case, old, new),
            "glyph": pixels(image),
        }
        for case, old, new, image in zip(cases, before, after, images, strict=True)
        if old != new
    ]
    verdicts = [each["verdict"] for each in changed]
    return {
        "current": current.bundle.name,
        "candidate": candidate.bundle.name,
        "cases": len(cases),
        "right_before": sum(case.label == old for case, old in zip(cases, before, strict=True)),
        "right_after": sum(case.label == new for case, new in zip(cases, after, strict=True)),
        "mended": verdicts.count("mended"),
        "broken": verdicts.count("broken"),
        "changed": changed,
    }


def _verdict(case: Case, old: int, new: int) -> str:
    if new == case.label:
        return "mended"
    return "broken" if old == case.label else "other"
