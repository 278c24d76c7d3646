"""Pictures of a training run."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from recognizer.training.loop import FALSE_ACCEPTS, History
from recognizer.training.plots import confusion, draw_confusion, draw_curves, draw_ladder


def is_a_picture(file):
    with Image.open(file) as picture:
        low, high = picture.convert("L").getextrema()
        return picture.format == "PNG" and min(picture.size) > 150 and low < 100 < high


def epoch(accuracy, accepts):
    return {"mnist": accuracy, "page": accuracy - 0.1, FALSE_ACCEPTS: accepts}


@pytest.mark.parametrize("epochs", [1, 3])
def test_curves_can_be_drawn_from_the_first_epoch_on(tmp_path, epochs):
    history = History([2.0, 1.0, 0.5][:epochs], [epoch(0.5, 0.0), epoch(0.7, 0.4), epoch(0.9, 0.1)][:epochs])
    draw_curves(history, tmp_path / "curves.png")
    assert is_a_picture(tmp_path / "curves.png")
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_confusion_has_a_row_a_truth_and_a_column_an_answer():
    counts = confusion(np.array([3, 3, 10, 0], np.uint8), np.array([3, 8, 1, 0]))
    assert counts.shape == (11, 11)
    assert {(int(row), int(column)): int(counts[row, column]) for row, column in np.argwhere(counts)} == {
        (3, 3): 1,
        (3, 8): 1,
        (10, 1): 1,
        (0, 0): 1,
    }


@pytest.mark.parametrize("counts", [np.zeros((11, 11), int), 5 * np.eye(11, dtype=int)])
def test_a_confusion_matrix_of_any_counts_is_drawn(tmp_path, counts):
    draw_confusion(counts, tmp_path / "confusion.png")
    assert is_a_picture(tmp_path / "confusion.png")


def test_the_ladder_shows_rungs_without_a_mistake(tmp_path):
    draw_ladder(
        {"linear": {"wrong": 0.2, "accepted": 1.0}, "best": {"wrong": 0.0, "accepted": 0.01}},
        tmp_path / "l.png",
    )
    assert is_a_picture(tmp_path / "l.png")
