"""The past mistakes of `recognize --explain`: looked up if there is a store of bad cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from recognizer.errors import RecognizerError
from recognizer.glyph.normalise import find_glyph
from recognizer.image.opening import open_page
from recognizer.results import FileReading

if TYPE_CHECKING:
    from recognizer.feedback.mistakes import Mistake, PastMistakes


def with_mistakes(readings: Iterable[FileReading], k: int, max_pixels: int) -> Iterator[FileReading]:
    """Pass readings on, each with the k past mistakes that are most like it.

    Raises:
        StoreError: there is a store, and it can't be read.
        GalleryError: no gallery of mistakes can be kept.
    """
    from recognizer.feedback.mistakes import PastMistakes
    from recognizer.feedback.store import Store

    store = Store.find()
    if store is None:
        yield from readings
        return
    with store:
        past = PastMistakes(store)
        for reading in readings:
            yield replace(reading, mistakes=_mistakes(reading, past, k, max_pixels))


def _mistakes(reading: FileReading, past: PastMistakes, k: int, max_pixels: int) -> tuple[Mistake, ...]:
    try:
        glyph = None if reading.error else find_glyph(open_page(reading.path, max_pixels=max_pixels)).image
    except RecognizerError:
        return ()  # the file has gone since it was read
    if glyph is None or not glyph.any():
        return ()
    return tuple(past.similar(glyph[None], k)[0])
