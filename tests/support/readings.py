"""What `recognize` has to tell of files: answers, refusals, rows of digits, files that can't be read."""

from recognizer.errors import ImageError
from recognizer.results import FileReading, Recognition

BAD = ImageError("c.png: is empty: save the image again")


def answer(best=7, confidence=0.987654321, reason=None, **others):
    scores = [(1 - confidence) / 10] * 11
    if best is not None:
        scores[best] = confidence
    digit = None if reason else best
    return Recognition(digit, best, reason, confidence, tuple(scores), model="m@1, cautious", **others)


def refused(reason):
    return answer(None, 0.0, reason) if reason == "blank" else answer(3, 0.61, reason)


def single(path="a.png", **of):
    return FileReading(path, (answer(**of),))


def unreadable(path="c.png"):
    return FileReading(path, (Recognition.failed(BAD),), BAD)


def row(*answers, path="row.png"):
    return FileReading(path, answers)
