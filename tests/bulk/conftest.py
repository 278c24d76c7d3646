"""Digits as image files, in folders."""

import gc

import pytest
from pages import DIGITS, coded, page_of


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


@pytest.fixture(scope="module")
def pages():
    """The bytes of image files."""
    from bulk_runs import N

    return [coded(page_of(digit, 40), "PNG") for digit in DIGITS[:N]]


@pytest.fixture(scope="module")
def folder(pages, tmp_path_factory):
    """A folder with two folders of images, one of which holds a file that is no image."""
    home = tmp_path_factory.mktemp("bulk")
    for number, page in enumerate(pages):
        place = home / "images" / f"page {number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:02}.png").write_bytes(page)
    (home / "images" / "page 1" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return home


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder
