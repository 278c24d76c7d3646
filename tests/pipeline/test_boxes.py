"""Boxes on a page."""

from __future__ import annotations

import json

import numpy as np
import pytest
from answers import PAGES, same
from nasty import encode
from pages import DIGITS, page_of

from recognizer.errors import ImageError, UsageError


def test_boxes_of_a_page(model):
    chosen = [4, 13, 30]
    page = np.full((200, 400), 225, np.uint8)
    boxes = []
    for place, number in enumerate(chosen):
        left, top = 10 + 120 * place, 20 + 10 * place
        page[top : top + 112, left : left + 112] = page_of(DIGITS[number])
        boxes.append((left, top, left + 112, top + 112))
    found = model.recognize_boxes(page, boxes)
    assert [answer.box for answer in found] == boxes
    assert [answer.best for answer in found] == [model.recognize(PAGES[number]).best for number in chosen]
    again = model.recognize_boxes(encode(page, "PNG"), (np.array(box) for box in boxes))
    assert all(same(a, b) for a, b in zip(again, found, strict=True))
    assert json.dumps(again[0].to_dict())


def test_boxes_that_reach_beyond_the_page(model):
    page = np.pad(PAGES[7], ((0, 0), (0, 40)), mode="edge")
    inside, over, blank, *without = model.recognize_boxes(
        page,
        [
            *((0, 0, 152, 112), (-50, -50, 300, 300), (0, 0, 5, 5)),
            *((500, 500, 600, 600), (50, 50, 20, 20), (-90, 0, -20, 112), (0, -90, 152, -20)),
        ],
    )
    assert over.best == inside.best
    assert over.box == (-50, -50, 300, 300)
    assert blank.reason == "blank"
    for answer in without:
        assert f"box {answer.box} holds no pixels of the page, which is 152x112" in str(answer.error)
        assert answer.rejected is False


def test_the_page_of_boxes_must_be_readable(model):
    with pytest.raises(ImageError):
        model.recognize_boxes("nowhere.png", [(0, 0, 5, 5)])


@pytest.mark.parametrize(
    "box",
    [(1, 2, 3), (1, 2, 3, 4, 5), ("a", 1, 2, 3), 7, (0, 0, float("nan"), 5), (0, 0, float("inf"), 5), None],
)
def test_boxes_that_are_none(model, box):
    with pytest.raises(UsageError):
        model.recognize_boxes(PAGES[0], [box])
    with pytest.raises(UsageError, match="boxes are a list"):
        model.recognize_boxes(PAGES[0], 7)


def test_allowed_digits_in_boxes_are_as_alone(model):
    whole = (0, 0, *PAGES[7].shape[::-1])
    (found,) = model.recognize_boxes(PAGES[7], [whole], allowed={1, 2})
    alone = model.recognize(PAGES[7], allowed={1, 2})
    assert (found.best, found.digit, found.scores) == (alone.best, alone.digit, alone.scores)
    with pytest.raises(UsageError):
        model.recognize_boxes(PAGES[7], [whole], allowed={12})
