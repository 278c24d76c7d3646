"""Wide codes, and the inverted index over them, where they are uncommon or many."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.codes import WideCodes
from retrieval.inverted import InvertedIndex


def test_a_question_may_have_dimensions_that_no_image_has():
    index = InvertedIndex(WideCodes.from_rows(np.eye(3, 8, dtype=np.float32)), 8)
    ids, far = index.search(WideCodes.from_rows(np.float32([[0, 1, 0, 0, 0, 0, 0, 1]])), 3)
    assert ids.tolist() == [[1, 0, 2]]
    assert far[0] == pytest.approx([1 - np.sqrt(0.5), 1, 1], abs=0.01)


def test_more_entries_than_their_own_kind_of_number_counts():
    wide = np.random.default_rng(5).random((9000, 60)).astype(np.float32)
    codes = WideCodes.from_rows(np.where(wide > 0.85, wide, 0))
    assert len(codes.dimensions) > 1 << 16
    rows = np.array([8999, 0, 8000])
    taken, starts = codes.take(rows), codes.starts()
    wanted = [codes.dimensions[starts[row] : starts[row + 1]] for row in rows]
    assert np.array_equal(taken.dimensions, np.concatenate(wanted))
    ids, far = InvertedIndex(codes, 60).search(taken, 1)
    assert ids.ravel().tolist() == rows.tolist()
    assert far.max() < 0.01
