import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.bundle import read_bundle
from recognizer.errors import DataError
from recognizer.measure import metrics
from recognizer.measure.record import as_text, make_record, read_record, write_record

OLD_RECORD = Path(__file__).parents[1] / "data" / "metrics-1.json"
answers = st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=60).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)
quick = settings(max_examples=60, deadline=None)


def columns(*rows):
    confidence, right, accepted = zip(*rows, strict=True)
    return np.array(confidence, float), np.array(right, bool), np.array(accepted, bool)


def test_calibration_error_by_hand():
    # Bins 14 (0.95, 0.97: one of two right) and 7 (0.5: right).
    confidence, right, _ = columns((0.95, True, True), (0.97, False, True), (0.5, True, True))
    assert metrics.ece(confidence, right) == pytest.approx(2 / 3 * 0.46 + 1 / 3 * 0.5)
    assert metrics.brier(confidence, right) == pytest.approx((0.05**2 + 0.97**2 + 0.5**2) / 3)


def test_full_confidence_is_in_the_last_bin():
    assert metrics.reliability(np.array([1.0, 0.94]), np.array([True, True])) == [
        {"n": 2, "confidence": pytest.approx(0.97), "right": 1.0}
    ]


def test_area_under_the_risk_coverage_curve_by_hand():
    # Accepted ones come first, whatever their confidence: wrong is third of four.
    confidence, right, accepted = columns(
        (0.9, True, True), (0.6, True, True), (0.99, False, False), (0.1, True, False)
    )
    assert metrics.risk_curve(confidence, right, accepted) == pytest.approx([0, 0, 1 / 3, 1 / 4])
    assert metrics.aurc(confidence, right, accepted) == pytest.approx(7 / 48)
    points = metrics.risk_coverage(confidence, right, accepted)
    assert points == [[0.5, 0], [0.75, pytest.approx(1 / 3)], [1, 0.25]]


def test_selective_table_by_hand():
    confidence, right, accepted = columns(*[(i / 200, i % 50 != 0, True) for i in range(200)])
    rows = metrics.selective_table(confidence, right, accepted, (1.0, 0.995, 0.5, 0.0))
    assert [(row["n"], row["count"]) for row in rows] == [(200, 4), (199, 3), (100, 2), (0, 0)]
    assert rows[0]["share"] == 0.02
    assert rows[-1]["share"] is None


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    # The first three from Newcombe (1998), table I: the score method without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_as_published(count, n, low, high):
    assert metrics.wilson(count, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_measured_gives_no_share():
    none = np.zeros(0)
    assert metrics.share_of(0, 0) == {"count": 0, "n": 0, "share": None, "interval_95": [0.0, 1.0]}
    assert (
        metrics.ece(none, none > 0)
        == metrics.brier(none, none > 0)
        == metrics.aurc(none, none > 0, none > 0)
        == 0
    )


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@quick
def test_wilson_interval_holds_the_share(pair):
    low, high = metrics.wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


@given(answers)
@quick
def test_as_the_acceptance_measurement_defines_them(found):
    confidence, right, accepted = found
    # Written as the acceptance measurement has them.
    bins = np.minimum((confidence * 15).astype(int), 14)
    ece = sum(
        abs(confidence[bins == i].mean() - right[bins == i].mean()) * (bins == i).mean() for i in set(bins)
    )
    digit = np.where(accepted, 1, -1)
    order = np.lexsort((-confidence, digit < 0))
    aurc = (np.cumsum(~right[order]) / np.arange(1, len(right) + 1)).mean()
    assert metrics.ece(confidence, right) == pytest.approx(ece, abs=1e-12)
    assert metrics.aurc(confidence, right, accepted) == pytest.approx(aurc, abs=1e-12)
    assert metrics.brier(confidence, right) == pytest.approx(((confidence - right) ** 2).mean(), abs=1e-12)


@given(answers)
@quick
def test_figures_are_shares_and_the_order_of_images_does_not_matter(found):
    confidence, right, _ = found
    shuffled = np.random.default_rng(0).permutation(len(right))
    for figure in (metrics.ece, metrics.brier):
        assert 0 <= figure(confidence, right) <= 1
        assert figure(confidence[shuffled], right[shuffled]) == pytest.approx(figure(confidence, right))


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    data = [{"name": "a", "n": 3}, {"name": "b", "n": 4}]
    record = make_record("x", "recognizer evaluate", {"seed": 5}, data, {"ece": 0.1}, read_bundle())
    assert read_record(write_record(record, tmp_path / "new")) == record
    assert (record["n"], record["seed"], record["figures"]) == (7, 5, {"ece": 0.1})
    assert set(record["model"]["files"]) >= {"meta.json", "stage1.onnx"}
    assert record["hardware"]["cores"] >= 1
    assert {"recognizer", "python", "numpy"} <= set(record["versions"])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["metrics.json"]


def test_a_record_holds_no_figure_that_json_lacks():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_text(make_record("x", "c", {}, [], {"ece": math.nan}))


def test_the_first_format_is_still_read():
    record = read_record(OLD_RECORD)
    assert record["figures"]["sets"]["digits.npz"]["digits"]["n"] == 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such metrics file"),
        ("{", "can't be read"),
        ("[]", "not a metrics file"),
        (
            json.dumps({"format": "recognizer-metrics", "format_version": 2}),
            "has format 2, and this version reads 1",
        ),
    ],
)
def test_a_file_that_is_no_record_is_one_line(tmp_path, text, message):
    path = tmp_path / "m.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_record(path)
    assert "\n" not in str(caught.value)
