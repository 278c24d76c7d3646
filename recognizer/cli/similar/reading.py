"""Images of a command line as glyphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognizer.errors import ImageError, RecognizerError
from recognizer.glyph import Glyph, find_glyph
from recognizer.image import describe, open_page

if TYPE_CHECKING:
    from recognizer.image import ImageLike

UNREADABLE_EXIT = 1
BLANK = "nothing is drawn on it"


def glyph_or_error(image: ImageLike, max_pixels: int) -> Glyph | RecognizerError:
    """What `to_glyph` makes of an image, with its kind; or why it can't be read. Nothing stops a batch."""
    try:
        return find_glyph(open_page(image, max_pixels=max_pixels))
    except RecognizerError as error:
        return error
    except Exception as error:
        return ImageError(f"{describe(image)}: can't be read ({type(error).__name__}: {error})")
