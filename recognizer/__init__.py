"""Read a single handwritten or printed digit from an image, or say that it isn't one."""

from recognizer.errors import RecognizerError
from recognizer.glyph import to_glyph
from recognizer.pipeline import Recognizer
from recognizer.results import Recognition

__version__ = "0.1.0"
__all__ = ["Recognition", "Recognizer", "RecognizerError", "__version__", "to_glyph"]
