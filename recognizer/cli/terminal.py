"""What `recognize` shows to people: a card for one image or a few, a line each for many."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from recognizer.cli.pictures import captioned, draw_glyph, has_blocks, hits_table, percent, strip
from recognizer.explain import disagreement, remembered
from recognizer.feedback.mistakes import told
from recognizer.image.named_files import printable
from recognizer.results import REJECT, REJECT_MARK, FileReading, Recognition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval import Gallery

    Glyph = NDArray[np.uint8]

_BAR_CELLS = 10
_CANDIDATES = 3
_NEGLIGIBLE = 0.0005
_INDENT = 2
_WIDE_ENOUGH = 72
_MOST_LARGE = 6

# Three columns by five rows, read line by line.
_LARGE = {
    "0": "111101101101111",
    "1": "010110010010111",
    "2": "111001111100111",
    "3": "111001011001111",
    "4": "101101111001001",
    "5": "111100111001111",
    "6": "111100111101111",
    "7": "111001010010010",
    "8": "111101111101111",
    "9": "111101111001111",
    REJECT_MARK: "111001011000010",
}

ADVICE: dict[str, tuple[str, str]] = {
    "blank": (
        "nothing is drawn on it",
        "faint strokes need a scan or photo with more contrast",
    ),
    "not_a_digit": (
        "what is drawn is not a digit",
        "if it is one, crop the picture closer to it",
    ),
    "low_confidence": (
        "too uncertain to answer, or most like a digit that --allowed leaves out",
        "try a sharper or larger picture, or accept more errors: --max-error 0.01",
    ),
    "ambiguous": (
        "two digits fit about equally well",
        "let a person decide, or name the digits that can occur: --allowed 1-9",
    ),
    "several_glyphs": (
        "there is more than one character on it",
        "try --field, which reads a row of digits, or crop to a single one",
    ),
    "unlike_known": (
        "it resembles no digit seen before",
        "compare it with the most similar ones: --explain 5",
    ),
}


class Screen:
    """Draws readings on a terminal, in plain ASCII where blocks in shades of grey can't be drawn.

    Args:
        console: where to draw.
        glyph_of: the 28×28 glyph of a file, or None when there is none to show.
        known: where the answers' neighbours are, if any were asked for.
    """

    def __init__(
        self, console: Console, glyph_of: Callable[[str], Glyph | None], known: Gallery | None = None
    ) -> None:
        self.console = console
        self.glyph_of = glyph_of
        self.known = known
        self.blocks = has_blocks(console)

    def card(self, reading: FileReading) -> None:
        """Draw one file at length; nothing for an unreadable one, whose error is told elsewhere."""
        if reading.error:
            return
        body = Table.grid(padding=(0, 3))
        facts = Group(*self._facts(reading))
        glyph = self.glyph_of(reading.path) if self.console.width >= _WIDE_ENOUGH else None
        body.add_row(*([] if glyph is None else [draw_glyph(glyph, self.blocks)]), facts)
        self.console.print(Text(printable(reading.path), style="bold"), soft_wrap=True)
        whole = Group(body, *self._explanation(reading, glyph))
        self.console.print(Padding(whole, (0, 0, 1, _INDENT)))

    def line(self, reading: FileReading) -> None:
        """Draw one file on one line; nothing for an unreadable one."""
        if reading.error:
            return
        line = Text().append(f"{reading.text or REJECT_MARK:>2}  ", style=f"bold {_colour(reading)}")
        line.append_text(self._bar(reading.confidence, _colour(reading)))
        line.append(f"  {' '.join(reading.reasons):<14}  ", style="yellow")
        line.append(printable(reading.path))
        for contradiction in filter(None, map(disagreement, reading.answers)):
            line.append(f"  {contradiction}", style="yellow")
        self.console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def _facts(self, reading: FileReading) -> Iterator[RenderableType]:
        yield self._large(reading.text or REJECT_MARK, _colour(reading))
        yield Text()
        if len(reading.answers) == 1:
            yield from self._single(reading.answers[0])
        else:
            yield self._row(reading)
        for reason in reading.reasons:
            what, remedy = ADVICE[reason]
            yield Text.assemble((reason, "yellow"), f": {what}")
            yield Text(remedy, style="dim")

    def _single(self, answer: Recognition) -> Iterator[RenderableType]:
        if answer.best is not None:
            guess = Text(f"best guess {answer.best}  " if answer.rejected else "")
            yield guess.append_text(self._bar(answer.confidence, "yellow" if answer.rejected else "green"))
            yield _candidates(answer.scores)
        if answer.specialist:
            yield Text(f"decided by the specialist for {answer.specialist}", style="dim")
        yield Text(answer.model, style="dim")

    def _row(self, reading: FileReading) -> Table:
        table = Table.grid(padding=(0, 2))
        for answer in reading.answers:
            digit = REJECT_MARK if answer.digit is None else str(answer.digit)
            colour = "yellow" if answer.rejected else "green"
            guess = f"{answer.best}? " if answer.rejected and answer.best is not None else ""
            bar = self._bar(answer.confidence, colour)
            table.add_row(Text(digit, style=f"bold {colour}"), bar, f"{guess}{answer.reason or ''}")
        return table

    def _explanation(self, reading: FileReading, glyph: Glyph | None) -> Iterator[RenderableType]:
        past = told(reading.mistakes)
        if past:
            yield Text(f"\n{past}", style="yellow")
        for answer in reading.answers:
            if not answer.neighbors:
                continue
            yield Text(f"\n{disagreement(answer) or ''}".rstrip(), style="yellow")
            if self.known is not None and glyph is not None:
                near = captioned(answer.neighbors, self.known.glyphs([hit.id for hit in answer.neighbors]))
                seen = [(glyph, ["as seen"]), (remembered(self.known, glyph), ["as encoded"])]
                yield strip([*seen, *near], self.console.width - _INDENT, self.blocks)
            yield hits_table(answer.neighbors)

    def _bar(self, confidence: float, colour: str) -> Text:
        full, rest = ("█", "░") if self.blocks else ("#", "-")
        cells = math.floor(confidence * _BAR_CELLS)
        bar = Text().append(full * cells, style=colour).append(rest * (_BAR_CELLS - cells), style="dim")
        return bar.append(f" {percent(confidence):>8}")

    def _large(self, text: str, colour: str) -> Text:
        if len(text) > _MOST_LARGE:
            return Text(text, style=f"bold {colour}")
        on = "██" if self.blocks else "##"
        rows = ("  ".join(_LARGE[c][3 * y : 3 * y + 3] for c in text) for y in range(5))
        drawn = "\n".join(rows).replace("0", " ").replace(" ", "  ").replace("1", on)
        return Text(drawn, style=colour, no_wrap=True, overflow="crop")


def _candidates(scores: tuple[float, ...]) -> Text:
    ranked = sorted(range(len(scores)), key=lambda k: -scores[k])[:_CANDIDATES]
    likely = (k for k in ranked if scores[k] >= _NEGLIGIBLE)
    named = (f"{'no digit' if k == REJECT else k} {percent(scores[k])}" for k in likely)
    return Text("candidates  " + "   ".join(named), style="dim")


def _colour(reading: FileReading) -> str:
    return "green" if reading.accepted else "yellow"
