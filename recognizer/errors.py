"""Every error that a user can meet: one line that says what is wrong and what to do, and an exit code."""


class RecognizerError(Exception):
    """The base of all errors this package raises on purpose; its text is one line meant for people."""

    exit_code = 1


class ImageError(RecognizerError):
    """An input that could not be read as an image."""


class UsageError(RecognizerError):
    """A call or command line that asks for something impossible."""

    exit_code = 2


class ModelError(RecognizerError):
    """No usable model: missing, damaged, or of an unknown format."""

    exit_code = 3


class DataError(RecognizerError):
    """A data set that is missing, damaged or not what its checksum says."""

    exit_code = 3


class GalleryError(RecognizerError):
    """No usable gallery of known digits: missing, damaged, or made by another encoder."""

    exit_code = 3


class StoreError(RecognizerError):
    """A store of bad cases that can't be opened, is damaged, of another format, or busy for too long."""

    exit_code = 3


class WorkerError(RecognizerError):
    """A worker of a bulk run that could not go on, such as one without space to write."""
