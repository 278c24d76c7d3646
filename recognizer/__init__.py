"""Read a single handwritten or printed digit from an image, or say that it isn't one."""

TYPE_CHECKING = False  # as type checkers know it, without the time that importing `typing` takes
if TYPE_CHECKING:
    from recognizer.errors import RecognizerError
    from recognizer.glyph.normalise import to_glyph
    from recognizer.pipeline import Recognizer
    from recognizer.results import Recognition

__version__ = "0.1.0"
__all__ = ["Recognition", "Recognizer", "RecognizerError", "__version__", "to_glyph"]

_LATER = {
    "Recognition": "recognizer.results",
    "Recognizer": "recognizer.pipeline",
    "RecognizerError": "recognizer.errors",
    "to_glyph": "recognizer.glyph.normalise",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used, so that an interrupt is handled before numpy and OpenCV are loaded."""
    import importlib

    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
