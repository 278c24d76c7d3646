"""Refusals and mistakes over time."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from recognizer.feedback.cases import Answer, Report
from recognizer.feedback.trend import Rate, trend


def report(day, digit, label=3, source="a", model="eleven@1, coverage 99 %", **said):
    return Report(
        label, source, "r", time=f"{day}T12:00:00.000000Z", answer=Answer(digit, model=model), **said
    )


def test_counts_by_day_model_and_source():
    reports = [
        report("2026-03-01", 8, decision=True),
        Report(3, "a", "r", time="2026-03-01T12:00:00.000000Z"),
        report("2026-03-02", 3),
        report("2026-03-01", 3),
        report("2026-03-01", 8),
        report("2026-03-01", 10),
        report("2026-03-01", 10, label=10),
        report("2026-03-01", 8, label=10),
        report("2026-03-01", 3, source="b"),
        report("2026-03-01", 3, model="eleven@2, error 0.01"),
        report("2026-03-01", 8, model=""),
    ]
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert trend(reports) == [
        Rate(first, "eleven@1", "a", 5, 2, 2),
        Rate(first, "eleven@1", "b", 1, 0, 0),
        Rate(first, "eleven@2", "a", 1, 0, 0),
        Rate(first, "unknown", "a", 1, 0, 1),
        Rate(second, "eleven@1", "a", 1, 0, 0),
    ]
    assert trend([]) == []


@pytest.mark.parametrize(
    ("by", "starts"),
    [
        ("day", ["2026-01-31", "2026-02-01", "2026-02-02"]),
        ("week", ["2026-01-26", "2026-02-02"]),
        ("month", ["2026-01-01", "2026-02-01"]),
    ],
)
def test_periods(by, starts):
    reports = [report(day, 3) for day in ("2026-01-31", "2026-02-01", "2026-02-02")]
    assert [rate.start.isoformat() for rate in trend(reports, by)] == starts


@pytest.mark.parametrize(
    ("last", "starts"),
    [("2026-03-30", "2026-03-30"), ("2026-06-30", "2026-06-29"), ("2027-06-30", "2027-06-01")],
)
def test_a_longer_time_has_longer_periods(last, starts):
    assert trend([report("2026-03-01", 3), report(last, 3)])[-1].start.isoformat() == starts


@given(
    st.lists(st.tuples(st.dates(), st.integers(0, 10), st.integers(0, 10))),
    st.sampled_from(["day", "week", "month", None]),
)
def test_nothing_is_counted_twice_or_left_out(said, by):
    rates = trend([report(day.isoformat(), digit, label) for day, digit, label in said], by)
    assert sum(rate.reports for rate in rates) == len(said)
    assert sum(rate.refused for rate in rates) == sum(digit == 10 for _, digit, _ in said)
    assert sum(rate.mistakes for rate in rates) == sum(digit not in (10, label) for _, digit, label in said)
    assert len({(rate.start, rate.model, rate.source) for rate in rates}) == len(rates)


def test_the_plot(tmp_path):
    from recognizer.measure.plots import draw_trend

    reports = [report(f"2026-03-{1 + i % 28:02}", i % 11, source=f"s{i % 12}") for i in range(300)]
    for name, rates in (("many.png", trend(reports)), ("none.png", [])):
        with Image.open(draw_trend(rates, tmp_path / "new" / name)) as plot:
            assert min(plot.size) > 400
            assert len(plot.getcolors(1 << 20)) > 10
