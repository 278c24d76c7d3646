"""Which boxes of a row can be no digits, by their size and place alone."""

import numpy as np
import pytest

from recognizer.field.row_marks import Ground, out_of_line

DIGITS = [(x, 0, x + 20, 40) for x in (0, 30, 60)]


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([(90, 0, 98, 40)], [False]),  # a 1
        ([(90, 6, 98, 46)], [False]),  # that stands lower
        ([(90, 0, 130, 52)], [False]),  # a large 5
        ([(90, -14, 100, 40)], [False]),  # a long 1
        ([(90, -3, 100, 50)], [True]),  # a bracket
        ([(90, 0, 106, 16), (94, 22, 110, 38)], [True, True]),  # two rings, one above the other
        ([(90, 0, 106, 16), (104, 22, 120, 38)], [False, False]),  # or side by side
    ],
)
def test_what_is_out_of_line(others, found):
    for boxes, wanted in (
        (DIGITS + others, [False] * 3 + found),
        (
            [*others, *((x + 200, *rest, right + 200, low) for x, *rest, right, low in DIGITS)],
            found + [False] * 3,
        ),
    ):
        assert out_of_line(np.array(boxes), 40.0).tolist() == wanted


def test_of_two_neither_is_known_to_be_the_odd_one():
    assert not out_of_line(np.array([(0, 0, 20, 40), (30, -3, 40, 50)]), 40.0).any()


def ground(tilt=0.0, heights=()):
    """Two characters 40 high, the right one lower by ``tilt``; and connected pieces so high, the paper first."""
    tops = np.array([0.0, tilt])
    sizes = np.array([0, *heights])
    labels = np.zeros((60, 120), np.int32)
    return Ground(40.0, 100.0, np.array([10.0, 110.0]), tops, tops + 40, labels, sizes, sizes)


def test_what_is_too_low_for_a_digit():
    marks = {
        "dash": (50, 15, 62, 20),
        "point": (50, 34, 55, 40),
        "comma": (50, 22, 58, 48),
        "small digit": (50, 10, 58, 36),
        "digit written flat": (50, 15, 80, 33),
    }
    low = ground().low(np.array(list(marks.values())))
    assert [name for name, each in zip(marks, low, strict=True) if each] == ["dash", "point", "comma"]


def test_a_tilted_row_hangs_as_it_is_tilted():
    left, right = (6, 22, 14, 48), (106, 22, 114, 48)
    assert ground(tilt=20).low(np.array([left, right])).tolist() == [True, False]


def test_one_low_piece_may_be_a_dash_and_several_narrow_ones_points():
    pieces = ground(heights=[5, 5, 40])
    assert pieces.are_points(np.array([1]), 30)
    assert pieces.are_points(np.array([1, 2]), 6)
    assert not pieces.are_points(np.array([1, 2]), 30)
    assert not pieces.are_points(np.array([1, 3]), 6)
    assert not pieces.are_points(np.array([], int), 0)
