"""Line charts as SVG: they take the page's colours, light or dark, and its width."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from recognizer.report.html import Html, element, join

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 74, 30, 12, 46
STYLES = 8  # that the page's style tells apart
TICKS = 6
_SAMPLE = '<svg viewBox="0 0 30 10" class="sample" aria-hidden="true">'
Point = tuple[float, float]
Say = Callable[[float], str]


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: in the legend.
        points: x and y, by x.
        sizes: radii of dots at the points, in units of the drawing; () for none.
    """

    name: str
    points: Sequence[Point]
    sizes: Sequence[float] = ()


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        name: what it shows.
        low: its least value; None for the least of the points.
        high: likewise.
        log: whether it is logarithmic; what is not above 0 is then drawn at its end.
        percent: whether its values are shares, to be shown in percent.
        whole: whether there is nothing between whole numbers.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    percent: bool = False
    whole: bool = False

    def say(self, value: float) -> str:
        """A value at a tick."""
        return f"{100 * value:.6g} %" if self.percent else f"{value:.6g}"


@dataclass(frozen=True)
class _Scale:
    axis: Axis
    low: float
    high: float
    start: float
    end: float

    @classmethod
    def of(cls, axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
        """The scale that shows all values between two places of the drawing."""
        used = [value for value in values if value > 0] if axis.log else list(values)
        low = min(used, default=0.1) if axis.low is None else axis.low
        high = max(used, default=1.0) if axis.high is None else axis.high
        if high <= low:
            high = low * 1.1 if low else 1.0
        return cls(axis, low, high, start, end)

    def __call__(self, value: float) -> float:
        kept = min(max(value, self.low), self.high)
        if self.axis.log:
            part = math.log(kept / self.low) / math.log(self.high / self.low)
        else:
            part = (kept - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self) -> Iterator[float]:
        """Round values within the scale."""
        if self.axis.log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            factors = (1, 2, 5) if last - first < 4 else (1,)
            rounds = (factor * 10.0**power for power in range(first, last + 1) for factor in factors)
            yield from (tick for tick in rounds if self.low <= tick <= self.high)
            return
        step = _round_step((self.high - self.low) / TICKS)
        step = max(1.0, step) if self.axis.whole else step
        for number in range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1):
            yield number * step


def _round_step(least: float) -> float:
    """The least of 1, 2 or 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def line_chart(title: str, lines: Sequence[Line], x: Axis, y: Axis, *, diagonal: bool = False) -> Html:
    """A chart with its legend.

    Args:
        title: what it shows, also for those who can't see it.
        lines: at least one, with at least one point each.
        x: the horizontal axis.
        y: the vertical one.
        diagonal: whether to draw the line on which both are equal.
    """
    points = [point for line in lines for point in line.points]
    across = _Scale.of(x, [point[0] for point in points], LEFT, WIDTH - RIGHT)
    down = _Scale.of(y, [point[1] for point in points], HEIGHT - BOTTOM, TOP)
    pieces = [element("title", title), *_axes(across, down)]
    if diagonal:
        ends = max(across.low, down.low), min(across.high, down.high)
        pieces.append(_path([(end, end) for end in ends], across, down, "diagonal"))
    for number, line in enumerate(lines):
        style = f"s{number % STYLES}"
        pieces.append(_path(line.points, across, down, style))
        pieces += [
            Html(f'<circle cx="{across(px)}" cy="{down(py)}" r="{size:.1f}" class="{style}"/>')
            for (px, py), size in zip(line.points, line.sizes, strict=False)
        ]
    drawing = Html(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="chart">{"".join(pieces)}</svg>')
    return element("figure", element("figcaption", title), drawing, _legend(lines))


def _axes(across: _Scale, down: _Scale) -> Iterator[Html]:
    for tick in across.ticks():
        place = across(tick)
        yield Html(f'<path d="M{place} {TOP}V{HEIGHT - BOTTOM}" class="grid"/>')
        yield element("text", across.axis.say(tick), x=str(place), y=str(HEIGHT - BOTTOM + 18), class_="mid")
    for tick in down.ticks():
        place = down(tick)
        yield Html(f'<path d="M{LEFT} {place}H{WIDTH - RIGHT}" class="grid"/>')
        yield element("text", down.axis.say(tick), x=str(LEFT - 6), y=str(place + 4), class_="end")
    yield element("text", across.axis.name, x=str((LEFT + WIDTH) / 2), y=str(HEIGHT - 8), class_="mid")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f"rotate(-90 14 {middle})"
    yield element("text", down.axis.name, x="14", y=str(middle), transform=turned, class_="mid")


def _path(points: Sequence[Point], across: _Scale, down: _Scale, style: str) -> Html:
    drawn = "L".join(f"{across(x)} {down(y)}" for x, y in points)
    return Html(f'<path d="M{drawn}" class="line {style}"/>')


def _legend(lines: Sequence[Line]) -> Html:
    if len(lines) == 1:
        return Html("")
    keys = [
        element(
            "span", Html(f'{_SAMPLE}<path d="M1 5H29" class="line s{number % STYLES}"/></svg>'), line.name
        )
        for number, line in enumerate(lines)
    ]
    return element("p", join(keys), class_="legend")
