"""From many inputs to their glyphs, in steps that threads can share; what can't be read is an error in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ImageError, RecognizerError
from recognizer.glyph.normalise import Glyph, find_glyph, find_glyphs
from recognizer.image.opening import MAX_PIXELS, Encoded, decode, describe, fetch, open_page

if TYPE_CHECKING:
    from recognizer.image.opening import ImageLike

# Pixels of a page, or bytes of a file, that may wait for others; larger ones are searched at once.
SMALL = 1 << 16


def without_opencv_threads() -> None:
    """Let OpenCV work in its callers' threads alone, for the rest of the process: for one that is ours.

    Threads of its own make pages of this size no faster, and they wait for more work by running in circles: a third of
    the processor time of a process, which its neighbours need.
    """
    cv2.setNumThreads(1)


class Page(NamedTuple):
    """A grey page, uint8 (H, W), that nobody else writes to, and its name for messages."""

    pixels: NDArray[np.uint8]
    name: str


Found: TypeAlias = "Glyph | RecognizerError"
Opened: TypeAlias = "Page | Found"
Taken: TypeAlias = "Encoded | Opened"


class Finder:
    """Finds glyphs. Threads may share one."""

    def __init__(self, max_pixels: int) -> None:
        """Larger images are refused."""
        self._max_pixels = max_pixels

    def take(self, image: ImageLike) -> Taken:
        """Whatever is needed of an input, so that its owner may change it: a file's bytes, or a page."""
        try:
            fetched = fetch(image, self._max_pixels)
            if isinstance(fetched, Encoded):
                return fetched if len(fetched.data) <= SMALL else self._open(fetched)
            lent = isinstance(image, np.ndarray) and np.may_share_memory(fetched, image)
            own = fetched.copy() if lent and fetched.size <= SMALL else fetched
            return _kept(Page(own, describe(image)))
        except RecognizerError as error:
            return error
        except Exception as error:
            return _unforeseen(describe(image), error)

    def open(self, taken: Sequence[Taken]) -> list[Opened]:
        """Decode what is not decoded yet."""
        return [self._open(each) if isinstance(each, Encoded) else each for each in taken]

    def find(self, opened: Sequence[Opened]) -> list[Found]:
        """Find the glyphs of all pages."""
        found = iter(_glyphs([each for each in opened if isinstance(each, Page)]))
        return [next(found) if isinstance(each, Page) else each for each in opened]

    def all(self, images: Sequence[ImageLike]) -> list[Found]:
        """All steps, one after the other."""
        return self.find(self.open([self.take(image) for image in images]))

    def _open(self, encoded: Encoded) -> Opened:
        try:
            return _kept(Page(decode(encoded, self._max_pixels), encoded.name))
        except RecognizerError as error:
            return error
        except Exception as error:
            return _unforeseen(encoded.name, error)


def glyph_or_error(image: ImageLike, max_pixels: int = MAX_PIXELS) -> Found:
    """The glyph of one image, or why there is none: an error that begins with what `describe` calls the image.

    Where the name is told beside the message, whoever tells it takes it off. Nothing is raised, so that no image
    stops the others of a batch.
    """
    try:
        return find_glyph(open_page(image, max_pixels=max_pixels))
    except RecognizerError as error:
        return error
    except Exception as error:
        return _unforeseen(describe(image), error)


def _kept(page: Page) -> Page | Glyph:
    return page if page.pixels.size <= SMALL else find_glyph(page.pixels)


def _glyphs(pages: Sequence[Page]) -> Sequence[Found]:
    try:
        return find_glyphs([page.pixels for page in pages])
    except Exception as error:
        if len(pages) == 1:
            return [_unforeseen(pages[0].name, error)]
        return [found for page in pages for found in _glyphs([page])]


def _unforeseen(name: str, error: Exception) -> ImageError:
    return ImageError(f"{name}: can't be read ({type(error).__name__}: {' '.join(str(error).split())})")
