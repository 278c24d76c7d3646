"""A folder of drawn digits."""

import pytest
from PIL import Image, ImageDraw, ImageFont


def save(path, text="", size=(64, 64)):
    image = Image.new("L", size, 255)
    middle = (size[0] // 2, size[1] // 2)
    ImageDraw.Draw(image).text(middle, text, 0, ImageFont.load_default(48), anchor="mm")
    image.save(path)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with the ten digits, a blank page, a row of four, and a file that is no image."""
    folder = tmp_path_factory.mktemp("drawn")
    for digit in range(10):
        save(folder / f"{digit}.png", str(digit))
    save(folder / "blank.png")
    save(folder / "row.png", "4 7 1 2", (280, 64))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return folder


@pytest.fixture
def here(drawn, monkeypatch):
    monkeypatch.chdir(drawn)
    return drawn
