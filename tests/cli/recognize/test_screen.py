"""Cards and lines on a screen: what they say, and where blocks, colours or room are missing."""

import io
import re

import numpy as np
import pytest
from readings import answer, refused, row, single, unreadable
from rich.console import Console
from terminals import ESCAPE

from recognizer.cli.terminal import ADVICE, Screen
from recognizer.results import REASONS, FileReading
from retrieval import Hit


class Terminal:
    """A screen on a terminal of the given kind, and what it shows without colours."""

    def __init__(self, colour="truecolor", encoding="utf-8", width=100, glyph=None):
        self.bytes = io.BytesIO()
        stream = io.TextIOWrapper(self.bytes, encoding, write_through=True)
        console = Console(file=stream, color_system=colour, force_terminal=True, width=width, highlight=False)
        self.screen = Screen(console, lambda _: glyph)

    @property
    def raw(self):
        return self.bytes.getvalue().decode()

    @property
    def shown(self):
        return ESCAPE.sub("", self.raw)


@pytest.fixture
def glyph():
    glyph = np.zeros((28, 28), np.uint8)
    glyph[4:24, 12:16] = 255
    return glyph


def test_every_reason_has_words_and_a_remedy():
    assert set(ADVICE) == set(REASONS)
    assert "--field" in ADVICE["several_glyphs"][1]


@pytest.mark.parametrize("reason", REASONS)
def test_a_card_says_why_and_what_to_do(reason, glyph):
    terminal = Terminal(glyph=glyph)
    terminal.screen.card(FileReading("a.png", (refused(reason),)))
    flat = " ".join(terminal.shown.replace("▀", " ").split())
    assert f"{reason}: {ADVICE[reason][0]}" in flat
    assert ("best guess 3" in flat) == (reason != "blank")


def test_a_card_shows_glyph_digit_confidence_candidates_and_neighbours(glyph):
    terminal = Terminal(glyph=glyph)
    hit = Hit("mnist/train/1", 7, 0.25, 0.8125, "mnist")
    terminal.screen.card(single(specialist="1-7", stage=2, neighbors=(hit,)))
    lines = terminal.shown.splitlines()
    assert lines[0] == "a.png"
    assert sum(line.count("▀") for line in lines) == 14 * 28
    assert "██████" in lines[1]
    for words in ("98.76 %", "candidates  7 98.76 %", "1-7", "mnist/train/1", "81.25 %", "m@1, cautious"):
        assert words in terminal.shown


def test_nothing_uncertain_reads_as_100_percent():
    terminal = Terminal()
    terminal.screen.line(single(confidence=0.999999))
    assert "99.99 %" in terminal.shown


@pytest.mark.parametrize("options", [{"encoding": "ascii"}, {"encoding": "latin-1"}, {"colour": None}])
def test_ascii_where_blocks_cannot_be_drawn(options, glyph):
    terminal = Terminal(glyph=glyph, **options)
    terminal.screen.card(single())
    terminal.screen.card(row(answer(1), refused("ambiguous")))
    terminal.screen.line(single())
    assert terminal.raw.isascii()
    assert "@@@@" in terminal.shown
    assert "#########-" in terminal.shown


@pytest.mark.parametrize("setting", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_ascii_where_the_environment_asks_for_it(setting, glyph, monkeypatch):
    monkeypatch.setenv(*setting)
    terminal = Terminal(colour="auto", glyph=glyph)
    terminal.screen.card(single())
    assert terminal.raw.isascii()
    assert not re.search(r"\x1b\[[0-9;]*[34]\dm", terminal.raw)


def test_a_narrow_terminal_leaves_the_glyph_out(glyph):
    terminal = Terminal(width=40, glyph=glyph)
    terminal.screen.card(single())
    assert "▀" not in terminal.shown
    assert all(len(line) <= 40 for line in terminal.shown.splitlines())


def test_paths_are_shown_as_they_are_and_cannot_steer_the_terminal():
    terminal = Terminal()
    for show in (terminal.screen.card, terminal.screen.line):
        show(single("[red]\x1b]0;mine\x07 [1].png"))
    assert terminal.shown.count("[red]\\x1b]0;mine\\x07 [1].png") == 2


def test_a_long_path_is_neither_cut_nor_wrapped():
    terminal = Terminal(width=80)
    path = "folder/" * 40 + "a.png"
    terminal.screen.line(single(path))
    terminal.screen.card(single(path))
    assert terminal.shown.count(path + "\n") == 2


def test_an_unreadable_file_takes_no_room_on_the_screen():
    terminal = Terminal()
    terminal.screen.card(unreadable())
    terminal.screen.line(unreadable())
    assert terminal.raw == ""


def test_a_card_of_a_row_has_a_line_for_each_digit():
    terminal = Terminal()
    terminal.screen.card(row(*(answer(k) for k in range(9)), refused("ambiguous")))
    assert "012345678?" in terminal.shown
    assert "3? ambiguous" in terminal.shown
