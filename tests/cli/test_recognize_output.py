import csv
import io
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console
from waiting import wait_until

from recognizer.cli import tiles
from recognizer.cli.formats import (
    CSV_COLUMNS,
    FIELD_CSV_COLUMNS,
    Reading,
    Tally,
    csv_writer,
    json_writer,
    plain_writer,
)
from recognizer.cli.progress import watched
from recognizer.cli.sheet import Sheet, tiles_of
from recognizer.cli.terminal import ADVICE, Screen
from recognizer.cli.tiles import TILE, draw_blocks
from recognizer.errors import ImageError, UsageError
from recognizer.results import REASONS, Recognition
from retrieval import Hit

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
BAD = ImageError("c.png: is empty: save the image again")


def answer(best=7, confidence=0.987654321, reason=None, **others):
    scores = [(1 - confidence) / 10] * 11
    if best is not None:
        scores[best] = confidence
    digit = None if reason else best
    return Recognition(digit, best, reason, confidence, tuple(scores), model="m@1, cautious", **others)


def refused(reason):
    return answer(None, 0.0, reason) if reason == "blank" else answer(3, 0.61, reason)


def single(path="a.png", **of):
    return Reading(path, (answer(**of),))


def unreadable(path="c.png"):
    return Reading(path, (Recognition.failed(BAD),), BAD)


def row(*answers, path="row.png"):
    return Reading(path, answers)


def written(writer, *readings, **of):
    stream = io.StringIO()
    write = writer(stream, **of)
    for reading in readings:
        write(reading)
    return stream.getvalue()


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


def test_json_holds_the_path_and_every_field():
    reading = single(best=3, neighbors=(Hit("mnist/1", 3, 0.5, 0.8, "mnist"),))
    found = json.loads(written(json_writer, reading, rows=False))
    assert found == {"path": "a.png", **reading.answers[0].to_dict()}
    assert found["neighbors"][0]["label"] == 3


def test_json_of_a_row_holds_its_digits_and_its_text():
    reading = row(answer(4), refused("ambiguous"), answer(1))
    found = json.loads(written(json_writer, reading, rows=True))
    assert (found["text"], found["error"]) == ("4?1", None)
    assert [digit["best"] for digit in found["digits"]] == [4, 3, 1]


def test_json_of_an_unreadable_row_holds_its_error():
    found = json.loads(written(json_writer, Reading("c.png", (), BAD), rows=True))
    assert found == {"path": "c.png", "digits": [], "text": "", "error": str(BAD)}


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_json_is_one_ascii_line_for_any_path_and_gives_it_back(paths):
    lines = written(json_writer, *map(single, paths), rows=False).split("\n")[:-1]
    assert [json.loads(line)["path"] for line in lines] == paths
    assert all(line.isascii() for line in lines)


@given(st.lists(st.text(st.characters(exclude_characters="\r\0"))))
def test_csv_gives_any_path_back(paths):
    table = list(csv.DictReader(io.StringIO(written(csv_writer, *map(single, paths), rows=False))))
    assert [cells["path"] for cells in table] == paths


def test_csv_says_what_json_says():
    readings = [single(), Reading("b.png", (refused("ambiguous"),)), unreadable()]
    table = list(csv.DictReader(io.StringIO(written(csv_writer, *readings, rows=False))))
    objects = [json.loads(line) for line in written(json_writer, *readings, rows=False).splitlines()]
    assert tuple(table[0]) == CSV_COLUMNS
    for cells, fields in zip(table, objects, strict=True):
        as_text = {key: "" if fields[key] is None else str(fields[key]) for key in CSV_COLUMNS}
        assert cells == {**as_text, "rejected": as_text["rejected"].lower()}


def test_csv_of_rows_keeps_the_confidence_of_each_digit():
    text = written(csv_writer, row(answer(4), refused("ambiguous")), Reading("c.png", (), BAD), rows=True)
    first, second = csv.DictReader(io.StringIO(text))
    assert tuple(first) == FIELD_CSV_COLUMNS
    assert first["text"] == "4?"
    assert (first["rejected"], first["reasons"]) == ("true", "ambiguous")
    assert first["confidences"] == "0.987654 0.610000"
    assert (second["text"], second["rejected"], second["error"]) == ("", "false", str(BAD))


def test_plain_lines_have_four_cells_whatever_the_path():
    readings = [single("a\tb\n.png"), Reading("b.png", (refused("blank"),)), unreadable()]
    lines = written(plain_writer, *readings).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["a\\x09b\\x0a.png", "7", "0.987654", ""],
        ["b.png", "?", "0.000000", "blank"],
        ["c.png", "?", "0.000000", "unreadable"],
    ]


def test_a_row_without_characters_is_blank_and_not_accepted():
    empty = row()
    assert (empty.text, empty.accepted, empty.reasons, empty.confidence) == ("", False, ("blank",), 0.0)
    assert written(plain_writer, empty) == "row.png\t?\t0.000000\tblank\n"


def test_the_tally_counts_every_file_once():
    tally = Tally()
    for reading in (single(), single(), Reading("b", (refused("blank"),)), unreadable()):
        tally.add(reading)
    assert tally.summary() == "4 images: 2 accepted, 1 refused (1 blank), 1 unreadable"
    assert Tally(accepted=1).summary() == "1 image: 1 accepted, 0 refused, 0 unreadable"


def test_every_reason_has_words_and_a_remedy():
    assert set(ADVICE) == set(REASONS)
    assert "--field" in ADVICE["several_glyphs"][1]


@pytest.mark.parametrize("reason", REASONS)
def test_a_card_says_why_and_what_to_do(reason, glyph):
    terminal = Terminal(glyph=glyph)
    terminal.screen.card(Reading("a.png", (refused(reason),)))
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


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_any_path_can_be_drawn(path):
    reading = single(path)
    page_of(reading)
    stream = io.StringIO()
    Screen(Console(file=stream), lambda _: None).line(reading)
    assert stream.getvalue().endswith("\n")


def page_of(*readings):
    return draw_blocks([tiles_of(reading) for reading in readings])


def draw(readings, out):
    sheet = Sheet(out)
    for reading in readings:
        sheet.add(reading)
    sheet.file.close()
    return sheet.file.written


@pytest.fixture
def ink(tmp_path):
    pixels = np.full((40, 30), 255, np.uint8)
    pixels[8:32, 12:16] = 0
    path = tmp_path / "one.png"
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.mark.parametrize(("tiles", "columns", "rows"), [(1, 1, 1), (3, 2, 2), (5, 3, 2), (30, 6, 5)])
def test_a_sheet_is_as_large_as_its_tiles_need(tiles, columns, rows, ink, tmp_path):
    (out,) = draw([single(ink)] * tiles, tmp_path / "out.png")
    with Image.open(out) as page:
        assert (page.format, page.size) == ("PNG", (columns * TILE[0], rows * TILE[1]))


def test_tiles_differ_in_colour_by_outcome(ink):
    def border(reading):
        return page_of(reading).getpixel((TILE[0] // 2, 2))

    borders = [border(r) for r in (single(ink), Reading(ink, (refused("ambiguous"),)), unreadable(ink))]
    assert len(set(borders)) == 3


def test_a_tile_shows_the_glyph_beside_the_picture(ink):
    tile = np.asarray(page_of(single(ink)).convert("L"))
    half = TILE[0] // 2
    assert (tile[6:62, 6:half] > 250).mean() > 0.5
    assert (tile[6:62, half + 6 : -8] < 5).mean() > 0.5


def test_a_long_list_goes_on_further_pages(ink, tmp_path, monkeypatch):
    monkeypatch.setattr(tiles, "PAGE_TILES", 4)
    names = [path.name for path in draw([single(ink)] * 9, tmp_path / "out.png")]
    assert names == ["out.png", "out-2.png", "out-3.png"]
    with Image.open(tmp_path / "out-3.png") as page:
        assert page.size == TILE


def test_no_images_no_sheet(tmp_path):
    assert draw([], tmp_path / "out.png") == []
    assert not (tmp_path / "out.png").exists()


def test_a_sheet_replaces_a_sheet_but_no_other_file(ink, tmp_path):
    out = tmp_path / "out.png"
    assert draw([single(ink)], out) == draw([single(ink)], out) == [out]
    before = (tmp_path / "one.png").read_bytes()
    with pytest.raises(UsageError, match="isn't a contact sheet"):
        Sheet(tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes() == before


@pytest.mark.parametrize(("name", "words"), [("out.jpg", "end in .png"), ("no/out.png", "no folder")])
def test_a_sheet_that_cannot_be_written_is_refused_before_any_work(name, words, tmp_path):
    with pytest.raises(UsageError, match=words):
        Sheet(tmp_path / name)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_extreme_shapes_fit_on_a_tile(size, tmp_path):
    path = str(tmp_path / "thin.png")
    Image.new("L", size, 255).save(path)
    assert page_of(single(path), row(answer(), path=path)).size == (2 * TILE[0], TILE[1])


def test_progress_shows_only_after_a_while_and_passes_everything_on():
    stream = io.StringIO()
    assert list(watched(iter(range(5)), pytest.fail, stream)) == list(range(5))
    assert stream.getvalue() == ""
    assert list(watched(iter(range(5)), lambda: None, stream, patience_s=-1.0)) == list(range(5))


def test_progress_counts_on_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    for number in watched(range(3), lambda: 3, stream, patience_s=-1.0):
        if number == 2:
            wait_until(lambda: "2/3" in ESCAPE.sub("", stream.getvalue()))
