"""What a candidate may lose: allowances of single checks, and of all learning together."""

import numpy as np
import pytest

from recognizer.feedback.comparison import (
    Ancestor,
    Answers,
    Known,
    accepted_share,
    better,
    known_checks,
    no_worse,
    refuses,
    remembers,
)


def masks(right_before, right_after, n=1000):
    before, after = np.ones(n, bool), np.ones(n, bool)
    before[:right_before], after[n - right_after :] = False, False
    return before, after


@pytest.mark.parametrize(
    ("check", "mended", "broken", "passed"),
    [
        (better, 1, 0, True),
        (better, 3, 3, False),
        (better, 0, 1, False),
        (no_worse, 0, 2, True),  # an error bar of 1.64 * sqrt(2)
        (no_worse, 0, 3, False),
        (no_worse, 50, 60, True),
        (no_worse, 50, 80, False),
        (remembers, 0, 1, True),
        (remembers, 0, 2, False),
        (remembers, 30, 31, True),
        (refuses, 0, 1, True),
        (refuses, 0, 2, False),
        (refuses, 100, 110, True),
        (refuses, 100, 111, False),
    ],
)
def test_what_a_candidate_may_lose(check, mended, broken, passed):
    found = check("images", *masks(mended, broken))
    assert (found.mended, found.broken) == (mended, broken)
    assert found.passed == passed
    assert found.to_dict()["right_after"]["count"] == 1000 - broken


@pytest.mark.parametrize(
    ("check", "first", "mended", "broken", "passed"),
    [
        (refuses, 900, 0, 10, True),  # 100 were taken for digits at first, so 110 may be
        (refuses, 900, 0, 11, False),
        (refuses, 908, 0, 1, True),  # 92 at first, and 8 more since: 1.2 are left
        (refuses, 908, 0, 2, False),
        (refuses, 915, 0, 0, False),
        (refuses, 890, 0, 21, True),  # learning had made it better
        (remembers, 901, 0, 0, True),
        (remembers, 901, 0, 1, False),
        (remembers, 901, 1, 1, True),
        (remembers, 903, 1, 0, False),
        (remembers, 903, 2, 0, True),
    ],
)
def test_what_may_be_lost_is_one_allowance_for_all_learning(check, first, mended, broken, passed):
    before = np.arange(1000) < 900
    after = before.copy()
    after[:broken] = False
    after[900 : 900 + mended] = True
    assert check("images", before, after, first).passed == passed


def test_many_small_losses_are_not_more_than_one_large():
    """Each candidate takes 8 % more non-digits for digits than the model that it was made from."""
    first = np.arange(2000) < 1800
    current, promoted = first, 0
    for _ in range(5):
        candidate = np.arange(2000) < 2000 - round(1.08 * int((~current).sum()))
        if refuses("non-digits", current, candidate, int(first.sum())).passed:
            current, promoted = candidate, promoted + 1
    assert promoted == 1
    assert (~current).sum() <= 1.1 * 200


KNOWN = Known(
    np.zeros((400, 28, 28), np.uint8),
    np.repeat([3, 5, 7, 10], 100).astype(np.uint8),
    np.repeat(["mnist", "page", "printed", "mnist"], 100),
)
ANCESTOR = Ancestor("first", KNOWN.identity, written=100, refused=100)


@pytest.mark.parametrize(
    ("first", "most", "name"),
    [
        (0, 1, "written digits, best guess"),
        (100, 2, "photographed digits, best guess"),
        (200, 2, "printed digits, best guess"),
        (300, 1, "non-digits, refused"),
    ],
)
def test_known_images_are_checked_each_kind_by_itself(first, most, name):
    """Digits by the best guess, whether it is given or not; what is no digit by whether one is given."""
    best = np.minimum(KNOWN.labels, 9).astype(np.intp)
    before = Answers(best, KNOWN.labels < 10)
    assert all(check.passed for check in known_checks(KNOWN, before, Answers(best, best > 9), ANCESTOR))
    for harmed, failed in ((most, []), (most + 1, [(name, most + 1)])):
        worse, accepted = best.copy(), before.accepted.copy()
        worse[first : first + harmed], accepted[first : first + harmed] = 1, True
        checks = known_checks(KNOWN, before, Answers(worse, accepted), ANCESTOR)
        assert [(check.name, check.broken) for check in checks if not check.passed] == failed
        assert [check.n for check in checks] == [100] * 4


def test_what_there_are_no_images_of_is_not_checked():
    digits = KNOWN.labels < 10
    few = Known(*(array[digits][:150] for array in (KNOWN.glyphs, KNOWN.labels, KNOWN.sources)))
    answers = Answers(few.labels.astype(np.intp), np.ones(150, bool))
    assert [check.n for check in known_checks(few, answers, answers, ANCESTOR)] == [100, 50]


def test_how_many_written_digits_are_answered_is_told():
    accepted = np.arange(400) % 4 == 0
    answers = Answers(np.zeros(400, np.intp), accepted)
    (told,) = accepted_share(KNOWN, [answers])
    assert (told["count"], told["n"]) == (25, 100)
