"""`Recognizer`: from images to answers."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.checks import check_count, check_error, check_images, check_length
from recognizer.errors import RecognizerError, UsageError
from recognizer.explain import KnownDigits
from recognizer.glyph.finder import Finder
from recognizer.glyph.normalise import Glyph, Kind, find_glyph
from recognizer.image.opening import MAX_PIXELS, describe, open_page
from recognizer.registry.current import open_model
from recognizer.results import Recognition
from recognizer.stages.both_stages import Reading, Stages
from recognizer.stages.decide import Decision, allowed_mask, blank, decide, rule_out
from recognizer.stream import CHUNK, Steps, stream

if TYPE_CHECKING:
    from recognizer.image.opening import ImageLike
    from retrieval import Gallery

Allowed: TypeAlias = "NDArray[np.bool_] | None"


class Recognizer:
    """Reads digits. Threads may share one; a process that forks may go on using it on both sides."""

    def __init__(
        self,
        bundle: Bundle,
        max_error: float | None,
        threads: int,
        max_pixels: int,
        known: KnownDigits | None = None,
    ) -> None:
        """Use ``Recognizer.load``."""
        self._bundle = bundle
        self._stages = Stages(bundle)
        point = bundle.operating_point(max_error)
        self._decision = Decision(bundle.temperature, point, f"{bundle.name}, {point.name}")
        self._threads, self._max_pixels = threads, max_pixels
        self._finder = Finder(max_pixels)
        self._known = known or KnownDigits()

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
        max_error: float | None = None,
        threads: int | None = None,
        max_pixels: int = MAX_PIXELS,
        gallery: Gallery | str | os.PathLike[str] | None = None,
    ) -> Recognizer:
        """Load a model.

        Args:
            model: the folder of a bundle, or a registered version such as "eleven@2", or "shipped"; None for the
                registry's current version, which is the model that ships unless another was chosen.
            max_error: the share of wrong answers among accepted ones, 0–1, that the operating point is chosen for on
                the model's validation data; None for the shipped operating point.
            threads: threads that `recognize_many` works on; None for as many as the machine has cores.
            max_pixels: larger images are refused.
            gallery: the known digits that ``explain`` compares with: a gallery, or its folder or name; None for the
                starter gallery that ships. It is opened when it is first needed.

        Raises:
            ModelError: the model is missing, damaged, or has no such operating point.
            UsageError: an argument is out of range.
        """
        check_error(max_error)
        threads = (os.cpu_count() or 1) if threads is None else threads
        check_count(threads, "threads", 1)
        return cls(open_model(model), max_error, threads, max_pixels, KnownDigits(gallery))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: every call that sends a copy to another process would load the model again.

        Raises:
            UsageError: always.
        """
        raise UsageError("a Recognizer can't be pickled: call Recognizer.load() in each process, once")

    @property
    def model(self) -> str:
        """The model's name, version and operating point, as every answer bears it."""
        return self._decision.model

    @property
    def bundle(self) -> Bundle:
        """The model's description and files."""
        return self._bundle

    @property
    def gallery(self) -> Gallery:
        """The known digits that ``explain`` compares with.

        Raises:
            GalleryError: there is no gallery that can be used.
        """
        return self._known.gallery

    def recognize(
        self, image: ImageLike, explain: int = 0, allowed: Collection[int] | None = None
    ) -> Recognition:
        """Read one digit.

        Args:
            image: a path, the bytes of a file, a Pillow image, or an array (H, W), (H, W, 3 or 4): uint8, bool, or
                float in 0–1.
            explain: how many of the most similar known digits to name as ``neighbors``; they change nothing else.
            allowed: the digits that may be the answer; None for all ten.

        Raises:
            ImageError: the image can't be read.
            UsageError: an argument is out of range.
            GalleryError: neighbours are asked for, and there is no gallery that can be used.
        """
        self._check(explain)
        mask = allowed_mask(allowed)
        found = find_glyph(open_page(image, max_pixels=self._max_pixels))
        return self._answers([found], mask, explain)[0]

    def recognize_many(
        self,
        images: Iterable[ImageLike],
        batch_size: int = 256,
        explain: int = 0,
        allowed: Collection[int] | None = None,
    ) -> Iterator[Recognition]:
        """Read many digits, lazily and in order; what can't be read is an answer with an ``error``.

        Args:
            images: see `recognize`; taken as they are needed.
            batch_size: the most images that are taken before the first answer is given.
            explain: see `recognize`.
            allowed: see `recognize`.

        Raises:
            UsageError: an argument is out of range, or ``images`` is one image; raised before the first answer.
            GalleryError: see `recognize`; also raised at once.
        """
        self._check(explain)
        check_images(images)
        check_count(batch_size, "batch_size", 1)
        mask = allowed_mask(allowed)
        finder = self._finder
        steps = Steps(
            finder.take, finder.open, finder.find, lambda found: self._answers(found, mask, explain)
        )
        return stream(images, steps, batch_size, self._threads)

    def recognize_field(
        self,
        image: ImageLike,
        length: int | None = None,
        explain: int = 0,
        allowed: Collection[int] | None = None,
    ) -> tuple[Recognition, ...]:
        """Read the digits of one row, spaced or touching.

        Args:
            image: see `recognize`; one row of digits, with any margins.
            length: how many digits there are; None if that is unknown.
            explain: see `recognize`.
            allowed: see `recognize`.

        Returns:
            One answer per character, left to right, with its ``box`` in pixels of the page; none for a page without
            ink. A mark that is not a digit, such as a point, a sign or a letter, counts as a character and is refused.
            With ``length`` there are that many, or fewer if there is too little ink; marks that are not digits are
            left out first.

        Raises:
            ImageError: the image can't be read.
            UsageError: an argument is out of range.
            GalleryError: see `recognize`.
        """
        self._check(explain)
        check_length(length)
        mask = allowed_mask(allowed)
        from recognizer.field.reading import read_field

        page = open_page(image, max_pixels=self._max_pixels)
        segments = read_field(page, self._stages.network.first_logits, self._decision.temperature, length)
        kinds: list[Kind] = ["one"] * len(segments)
        marks = np.array([each.mark for each in segments], bool)
        answers = self._decided([each.glyph for each in segments], kinds, mask, explain, marks)
        return tuple(replace(p, box=segment.box) for p, segment in zip(answers, segments, strict=True))

    def recognize_boxes(
        self,
        page: ImageLike,
        boxes: Iterable[Sequence[int]],
        explain: int = 0,
        allowed: Collection[int] | None = None,
    ) -> tuple[Recognition, ...]:
        """Read one digit in each box of a page, which is opened once.

        Args:
            page: see `recognize`.
            boxes: (left, top, right, bottom) in pixels of the page, right and bottom excluded.
            explain: see `recognize`.
            allowed: see `recognize`.

        Returns:
            One answer per box, in order, with its ``box``; a box that lies outside of the page gives an answer with an
            ``error``.

        Raises:
            ImageError: the page can't be read.
            UsageError: an argument is out of range.
            GalleryError: see `recognize`.
        """
        self._check(explain)
        mask = allowed_mask(allowed)
        from recognizer.image.boxes import checked_boxes, cut

        grey = open_page(page, max_pixels=self._max_pixels)
        wanted = checked_boxes(boxes)
        found = [cut(grey, box, describe(page)) for box in wanted]
        answers = self._answers(found, mask, explain)
        return tuple(replace(p, box=box) for p, box in zip(answers, wanted, strict=True))

    def recognize_glyphs(self, glyphs: Sequence[Glyph | RecognizerError]) -> list[Recognition]:
        """Answers to glyphs that were found already; an error among them becomes an answer with that ``error``."""
        return self._answers(glyphs, None, 0)

    def read_many(self, images: Iterable[ImageLike]) -> tuple[Reading, list[Kind | RecognizerError]]:
        """Logits of both stages, from which temperature and operating point are chosen.

        Args:
            images: see `recognize`; taken as they are needed.

        Returns:
            The reading of N pages, with logits that are NaN for blank pages and errors; and what each page holds, or
            its error.

        Raises:
            UsageError: ``images`` is one image.
        """
        check_images(images)
        source = iter(images)
        kinds: list[Kind | RecognizerError] = []
        parts = []
        while found := self._finder.all(list(islice(source, CHUNK))):
            part = Reading.nothing(len(found))
            inked = {i: g.image for i, g in enumerate(found) if isinstance(g, Glyph) and g.kind != "blank"}
            if inked:
                part.put(list(inked), self._stages.read(np.stack(list(inked.values()))))
            parts.append(part)
            kinds += [each.suspected if isinstance(each, Glyph) else each for each in found]
        return Reading.join(parts), kinds

    def _check(self, explain: int) -> None:
        check_count(explain, "explain", 0)
        if explain:
            _ = self.gallery  # one that can't be used is told before the first answer

    def _answers(
        self, found: Sequence[Glyph | RecognizerError], allowed: Allowed, explain: int
    ) -> list[Recognition]:
        glyphs = [glyph for glyph in found if isinstance(glyph, Glyph) and glyph.kind != "blank"]
        answers = iter(
            self._decided(
                [glyph.image for glyph in glyphs], [glyph.suspected for glyph in glyphs], allowed, explain
            )
        )
        return [
            Recognition.failed(each, self.model)
            if isinstance(each, RecognizerError)
            else blank(self.model)
            if each.kind == "blank"
            else next(answers)
            for each in found
        ]

    def _decided(
        self,
        glyphs: Sequence[NDArray[np.uint8]],
        kinds: Sequence[Kind],
        allowed: Allowed,
        explain: int,
        marks: NDArray[np.bool_] | None = None,
    ) -> list[Recognition]:
        if not glyphs:
            return []
        read = self._stages.read(np.stack(glyphs))
        logits = read.logits if marks is None else rule_out(read.logits, marks, self._decision.temperature)
        answers = decide(logits, kinds, self._decision, allowed, read.specialists)
        if not explain:
            return answers
        near = self._known.nearest(glyphs, explain)
        return [replace(p, neighbors=hits) for p, hits in zip(answers, near, strict=True)]
