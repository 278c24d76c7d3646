"""How often reported images were refused or read wrongly, by model version and source, over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from recognizer.feedback.cases import Report
from recognizer.results import REJECT, name_and_version

Period = Literal["day", "week", "month"]
UNKNOWN = "unknown"
_FEW_DAYS, _FEW_WEEKS = 31, 400  # days that are shown one by one, and week by week


@dataclass(frozen=True, slots=True)
class Rate:
    """The reports of a period on one model's answers to one source's images.

    Attributes:
        start: the first day of the period.
        model: name and version, without the operating point.
        source: as reports name it.
        reports: how many there are, of right answers as well.
        refused: of how many the model had refused the image.
        mistakes: of how many it had answered with a wrong digit.
    """

    start: date
    model: str
    source: str
    reports: int
    refused: int
    mistakes: int


def trend(reports: Iterable[Report], by: Period | None = None) -> list[Rate]:
    """Count reports, the oldest first; decisions are not counted.

    Args:
        reports: in any order.
        by: the length of a period; None to choose it by the time that they span.
    """
    n: Counter[tuple[date, str, str]] = Counter()
    refused, mistakes = n.copy(), n.copy()
    for report in reports:
        if report.decision or report.answer is None:
            continue
        day = date.fromisoformat(report.time[:10])
        at = (day, name_and_version(report.answer.model) or UNKNOWN, report.source)
        n[at] += 1
        refused[at] += report.answer.digit == REJECT
        mistakes[at] += report.answer.digit not in (REJECT, report.label)
    start = _start(by or _fitting([day for day, _, _ in n]))
    summed = [_summed(counts, start) for counts in (n, refused, mistakes)]
    return [Rate(*at, *(counts[at] for counts in summed)) for at in sorted(summed[0])]


def _fitting(days: list[date]) -> Period:
    span = (max(days) - min(days)).days if days else 0
    return "day" if span <= _FEW_DAYS else "week" if span <= _FEW_WEEKS else "month"


def _start(by: Period) -> Callable[[date], date]:
    """From a day to the first day of its period."""
    if by == "day":
        return lambda day: day
    if by == "week":
        return lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1))
    return lambda day: day.replace(day=1)


def _summed(
    counts: Counter[tuple[date, str, str]], start: Callable[[date], date]
) -> Counter[tuple[date, str, str]]:
    found: Counter[tuple[date, str, str]] = Counter()
    for (day, model, source), count in counts.items():
        found[start(day), model, source] += count
    return found
