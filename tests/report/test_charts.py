"""Charts."""

import re

from hypothesis import given
from hypothesis import strategies as st
from report_pages import Page

from recognizer.report.charts import Axis, Line, line_chart

FINITE = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20), st.booleans(), st.booleans())
def test_charts_hold_all_points_and_label_their_axes(points, log, share):
    drawn = line_chart("A chart", [Line("a", sorted(points))], Axis("x"), Axis("y", log=log, percent=share))
    Page(drawn)
    (line,) = re.findall(r'd="M([^"]*)" class="line s0"', drawn)
    places = [tuple(map(float, pair.split())) for pair in line.split("L")]
    assert len(places) == len(points)
    assert all(74 <= x <= 610 and 12 <= y <= 294 for x, y in places)
    labels = re.findall(r'class="(mid|end)"[^>]*>([^<]+)<', drawn)
    assert 2 <= len(labels) <= 40


def test_a_chart_without_extent_is_drawn():
    Page(line_chart("One point", [Line("a", [(0.0, 0.0)])], Axis("x"), Axis("y", log=True)))
