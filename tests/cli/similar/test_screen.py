"""What `similar` shows to people."""

import io
import re
import sys

import pytest
from commands import environment
from rich.console import Console
from shipped_stand_in import SOURCE, command, glyphs
from terminals import ESCAPE, shown_on_a_terminal

from recognizer.cli.similar.output import Found
from recognizer.cli.similar.screen import Screen
from retrieval import Gallery


class Terminal:
    def __init__(self, gallery, colour="truecolor", width=100):
        self.bytes = io.BytesIO()
        stream = io.TextIOWrapper(self.bytes, "utf-8", write_through=True)
        console = Console(file=stream, color_system=colour, force_terminal=True, width=width, highlight=False)
        self.screen = Screen(console, gallery)

    @property
    def shown(self):
        return ESCAPE.sub("", self.bytes.getvalue().decode())


@pytest.fixture
def found():
    hits = Gallery.open().search(glyphs()[:1], 4)
    return Found("a [red]\x1b.png", "precision", hits.engine, tuple(hits[0]), glyphs()[0])


def test_a_card_shows_the_query_its_neighbours_and_the_engine(found):
    terminal = Terminal(Gallery.open())
    terminal.screen.card(found)
    shown = terminal.shown
    assert shown.startswith("a [red]\\x1b.png\n")
    assert shown.count("▀") == 5 * 14 * 7
    for hit in found.neighbors:
        assert re.search(rf"{hit.label} +\d+\.\d\d % +{hit.distance:.3f} +{SOURCE} +{hit.id}", shown)
    assert "exact search of 40 images, precision mode: starter" in shown


@pytest.mark.parametrize(
    ("options", "blocks"), [({"colour": None}, False), ({"width": 40}, False), ({}, True)]
)
def test_a_card_fits_its_terminal(options, blocks, found):
    terminal = Terminal(Gallery.open(), **options)
    terminal.screen.card(found)
    assert ("▀" in terminal.shown) == blocks
    width = options.get("width", 100)
    assert all(len(line) <= width for line in terminal.shown.splitlines())


def test_a_card_says_why_there_is_nothing_to_show():
    terminal = Terminal(Gallery.open())
    terminal.screen.card(Found("blank.png", "precision", glyph=glyphs()[0]))
    terminal.screen.card(Found("lonely.png", "precision", "exact", (), glyphs()[0]))
    assert " ".join(terminal.shown.split()) == (
        "blank.png nothing is drawn on it "
        "lonely.png nothing found exact search of 40 images, precision mode: starter"
    )


def test_a_line_names_the_nearest_label_and_the_others(found):
    terminal = Terminal(Gallery.open())
    terminal.screen.line(found)
    terminal.screen.line(Found("blank.png", "precision", glyph=glyphs()[0]))
    first, second = terminal.shown.splitlines()
    labels = [str(hit.label) for hit in found.neighbors]
    assert [first.split()[0], *first.split()[3:7]] == [labels[0], *labels]
    assert first.endswith("a [red]\\x1b.png")
    assert "nothing is drawn on it" in second


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_person_sees_cards_or_lines(here, models):
    for names, drawings in ((["0.png"], 11), (["0.png", "1.png", "2.png", "3.png"], 0)):
        shown, code = shown_on_a_terminal(
            [*command("recognizer.cli.similar", models), *names],
            here,
            environment(PYTHONIOENCODING="utf-8"),
        )
        assert code == 0
        assert shown.count("▀") == drawings * 14 * 7
        assert all(name in shown for name in names)
