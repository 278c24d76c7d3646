"""Contact sheets: pages, tiles, and the files they are written to."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from readings import answer, refused, row, single, unreadable
from rich.console import Console

from recognizer.cli import tiles
from recognizer.cli.sheet import Sheet, tiles_of
from recognizer.cli.terminal import Screen
from recognizer.cli.tiles import TILE, draw_blocks
from recognizer.errors import UsageError
from recognizer.results import FileReading


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

    borders = [border(r) for r in (single(ink), FileReading(ink, (refused("ambiguous"),)), unreadable(ink))]
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


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_any_path_can_be_drawn(path):
    reading = single(path)
    page_of(reading)
    stream = io.StringIO()
    Screen(Console(file=stream), lambda _: None).line(reading)
    assert stream.getvalue().endswith("\n")
