"""What a worker does: a part's images are read, and their answers written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zipfile import ZipFile

from recognizer.bulk import storage
from recognizer.bulk.asked import Asked
from recognizer.bulk.output import NAME, PartWriter
from recognizer.bulk.parts import Named, Part, images_of
from recognizer.errors import ImageError, RecognizerError
from recognizer.glyph.finder import without_opencv_threads
from recognizer.image.opening import describe
from recognizer.results import FileReading, Recognition, Tally

_BYTES = "bytes:"  # how errors name what is no file


@dataclass(frozen=True, slots=True)
class Setup:
    """What workers get, wherever they are.

    Attributes:
        asked: of each image; its model is a folder on this machine.
        told: what answers depend on.
        out: where they are written.
        run: what the names of files begin with that this run writes.
        driver: the process that started the run, for workers that are its children and end with it; else None.
        model: an archive of that folder, for workers that don't see it; else None. It is no part of this object
            because Ray forgets large arguments, and could not replace a worker that died.
    """

    asked: Asked
    told: Mapping[str, Any]
    out: str
    run: str
    driver: int | None
    model: str | None


class Worker:
    """Reads parts with one model, loaded once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        without_opencv_threads()
        self._recognizer = _with_model(setup).load()

    def read(self, part: Part) -> Tally:
        """Answer a part's images; its file is there when this returns, and the same if it is done twice.

        Raises:
            OSError: the answers can't be written.
        """
        writer, tally = PartWriter(), Tally()
        for batch in images_of(part):
            answers = self._answers(batch)
            for (name, _), answer in zip(batch, answers, strict=True):
                tally.add(FileReading(name, (answer,), answer.error))
            writer.add(
                [{NAME: name, **answer.to_dict()} for (name, _), answer in zip(batch, answers, strict=True)]
            )
        if self._setup.driver not in (None, os.getpid(), os.getppid()):
            raise RuntimeError("the run was killed")  # another one may have begun, and do this part itself
        file = storage.below(self._setup.out, f"{self._setup.run}-{part.number:06d}.parquet")
        storage.put(file, writer.finish(self._setup.told, tally))
        return tally

    def _answers(self, batch: Sequence[Named]) -> list[Recognition]:
        asked, recognizer = self._setup.asked, self._recognizer
        images = [image for _, image in batch if not isinstance(image, RecognizerError)]
        read = recognizer.recognize_many(images, explain=asked.explain, allowed=asked.allowed)
        return [
            Recognition.failed(image, recognizer.model)
            if isinstance(image, RecognizerError)
            else _with_name(next(read), name)
            for name, image in batch
        ]


def _with_model(setup: Setup) -> Asked:
    if setup.model is None:
        return setup.asked
    folder = tempfile.mkdtemp(prefix="recognizer-")
    with storage.open_file(setup.model) as stream, ZipFile(stream) as archive:
        archive.extractall(folder)
    return replace(setup.asked, model=folder)


def _with_name(answer: Recognition, name: str) -> Recognition:
    """The answer to contents that came without a name of their own, its error with the name that they go by."""
    if answer.error is None or not str(answer.error).startswith(_BYTES):
        return answer
    return replace(answer, error=ImageError(f"{describe(name)}{str(answer.error)[len(_BYTES) - 1 :]}"))
