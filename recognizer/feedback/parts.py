"""Which cases are learnt from and which are judged by: by source, so that nothing is judged by what it learnt from."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from recognizer.feedback.cases import Case, Part

JUDGED = 0.3  # the share of cases that are judged by, as far as sources allow
_SPACE = 1 << 64


def divide(cases: Sequence[Case], glyph_keys: Mapping[int, bytes], judged: float = JUDGED) -> dict[int, Part]:
    """The part of each case that has none yet.

    A source stays in its part for good. New sources go, in an order that only their names decide, to the part that
    lacks most. A source that would be more than half of everything is divided within: by what its images look like, so
    that the same glyph is never in both parts.

    Args:
        cases: those with a label, those that are set aside already among them.
        glyph_keys: of each case, what is the same for the same glyph.
        judged: the share of cases to judge by.
    """
    by_source: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_source[case.source].append(case)
    counts = {part: sum(case.part == part for case in cases) for part in ("learn", "judge")}
    found: dict[int, Part] = {}
    for source in sorted(by_source, key=lambda name: (-_known(by_source[name]), _number(name.encode()))):
        members = by_source[source]
        fresh = [case.id for case in members if case.part is None]
        parts = {case.part for case in members if case.part is not None}
        if len(parts) == 2 or (not parts and len(members) > len(cases) / 2):
            within: dict[int, Part] = {
                each: "judge" if _number(glyph_keys[each]) < judged * _SPACE else "learn" for each in fresh
            }
        else:
            lacking: Part = (
                "judge" if counts["judge"] < judged * (counts["judge"] + counts["learn"] + 1) else "learn"
            )
            within = dict.fromkeys(fresh, next(iter(parts), lacking))
        for part in within.values():
            counts[part] += 1
        found |= within
    return found


def _known(cases: Iterable[Case]) -> int:
    """How many are set aside already: these sources come first, since they have no choice."""
    return sum(case.part is not None for case in cases)


def _number(key: bytes) -> int:
    """As good as a random number below ``_SPACE``, always the same for the same key."""
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
