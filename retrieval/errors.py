"""Every error that a user of the search can meet: one line that says what is wrong and what to do."""

BUILD_AGAIN = "delete the gallery's folder and build the gallery again"


class RetrievalError(Exception):
    """The base of all errors this package raises on purpose; a program that ends by one exits with ``exit_code``."""

    exit_code = 3


def first_line(error: BaseException) -> str:
    """What an error of a library says, without what follows on further lines; its kind if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class EncoderError(RetrievalError):
    """No usable encoder: missing, damaged, or of an unknown format."""


class GalleryError(RetrievalError):
    """No usable gallery: missing, damaged, of an unknown format, busy, or made by another encoder."""


class GalleryAccessError(GalleryError):
    """A gallery that may be whole, but can't be used now: another process is writing, or the system refuses."""


class EngineError(RetrievalError):
    """An engine that this installation can't run."""


class QueryError(RetrievalError):
    """A call that asks for something impossible."""

    exit_code = 2
