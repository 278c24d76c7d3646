"""Images that can be searched: `Gallery`, what all kinds of them have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.addresses import Where, is_milvus
from retrieval.arrivals import Arrivals, Progress
from retrieval.duplicates import DuplicateGroup
from retrieval.encoder import Encoder, checked_glyphs, shipped_folder
from retrieval.engines import Plan
from retrieval.errors import QueryError
from retrieval.hit import Answer
from retrieval.question import Labelled, Question
from retrieval.writing import Appended

STARTER = "starter"


class Gallery(ABC):
    """Images with labels and sources, and ways to search them. Threads may share one for searching.

    Attributes:
        address: where it is, as `open` takes it.
        name: what it is called for short.
        encoder: what made its codes, and makes those of queries.
    """

    address: str
    name: str
    encoder: Encoder

    @classmethod
    def open(
        cls, path: Where | None = None, encoder: Encoder | Where | None = None, threads: int = 1
    ) -> Gallery:
        """Open a gallery.

        Args:
            path: its folder; or in Milvus, a file of Milvus Lite, ``FILE.db``, or a collection,
                ``milvus://HOST:PORT/COLLECTION``. By default the starter gallery that ships.
            encoder: an encoder or the folder of one; by default the one that ships.
            threads: how many threads a call may use. An ``Encoder`` brings its own number.

        Raises:
            GalleryError: there is none, it is damaged, or another encoder made it.
            EncoderError: there is no usable encoder.
            EngineError: it is in Milvus, and the client is not installed.
        """
        where = shipped_folder() / STARTER if path is None else path
        return _kind(where)._opened(where, _encoder(encoder, threads))

    @classmethod
    def create(cls, path: Where, encoder: Encoder | Where | None = None, threads: int = 1) -> Gallery:
        """A new, empty gallery; or the one that is there.

        Raises:
            GalleryError: the folder holds something else, or a gallery that `open` refuses.
            EncoderError: there is no usable encoder.
            EngineError: see `open`.
        """
        return _kind(path)._created(path, _encoder(encoder, threads))

    @staticmethod
    def exists(path: Where) -> bool:
        """Whether there is a gallery, whole or not."""
        return _kind(path)._is_there(path)

    @classmethod
    def reencode(
        cls,
        path: Where,
        encoder: Encoder | Where | None = None,
        progress: Progress | None = None,
        threads: int = 1,
    ) -> Gallery:
        """Bring a gallery that another encoder made to this one, from the glyphs it keeps, in one commit.

        Args:
            path: see `open`.
            encoder: see `open`.
            progress: called with how many images are done.
            threads: see `open`.

        Raises:
            GalleryError: there is no gallery, it is damaged, or another process is writing.
            EncoderError: there is no usable encoder.
            EngineError: see `open`.
        """
        return _kind(path)._reencoded(path, _encoder(encoder, threads), progress)

    @abstractmethod
    def __len__(self) -> int:
        """How many images can be found."""

    @abstractmethod
    def __contains__(self, name: object) -> bool:
        """Whether an image has this id."""

    @abstractmethod
    def ids(self) -> list[str]:
        """The ids of all images."""

    @abstractmethod
    def sources(self) -> Iterator[str]:
        """Where the images come from: each source once."""

    @abstractmethod
    def glyphs(self, ids: Sequence[str]) -> NDArray[np.uint8]:
        """What the images with these ids look like, uint8 (N, 28, 28).

        Raises:
            QueryError: no image has such an id.
        """

    @abstractmethod
    def labelled(self, source: str | None = None) -> Labelled:
        """All images that have a label, in the order of their arrival; or those whose source fits, as in `search`."""

    def search(  # noqa: PLR0917 - by position or by name, as the caller likes
        self,
        glyphs: NDArray[np.uint8],
        k: int = 10,
        mode: str = "precision",
        engine: str = "auto",
        rerank: bool = True,
        label: int | None = None,
        source: str | None = None,
    ) -> Answer:
        """The most similar images of each query.

        Args:
            glyphs: uint8 (N, 28, 28), taken as they are.
            k: how many hits to return at most.
            mode: "precision": by the dense code; "recall": candidates by the wide code, which finds more of the
                disturbed copies of an image; "duplicates": only those that are the same image or nearly so.
            engine: "auto" (see `plan`), "exact" or "pynndescent"; in recall mode "inverted". A gallery in Milvus has
                "milvus" alone.
            rerank: in recall mode, whether the dense code chooses the k hits among a hundred candidates of the wide
                code; otherwise they are the wide code's k. Distance, similarity and order are the dense code's in
                either case.
            label: find only images with this label.
            source: find only images whose source fits this pattern, with ``*``, ``?`` and ``[…]``; the source as a
                whole, or what follows one of its slashes.

        Returns:
            A list of at most k hits for each query, nearest first, no id twice; as an `Answer`, which names the
            engine that ran. Filters count before ranking: there are k hits if k images pass them.

        Raises:
            QueryError: an argument is out of range, or arguments don't go together.
            GalleryError: the gallery turns out to be damaged.
        """
        checked = checked_glyphs(glyphs)
        if k < 1:
            raise QueryError(f"k must be 1 or more, not {k}")
        return self._search(checked, Question(k, mode, engine, rerank, label, source))

    @abstractmethod
    def plan(self, queries: int, mode: str = "precision", engine: str = "auto") -> Plan:
        """Which engine a search of that many queries would run on, and why; nothing is loaded.

        Raises:
            QueryError: there is no such mode or engine, or they don't go together.
        """

    @abstractmethod
    def prepare(self, engine: str | None = None) -> str:
        """Load an engine now, or build it: for services, and so that the first search need not wait.

        Args:
            engine: by default the one for many questions.

        Returns:
            Which one is ready.

        Raises:
            QueryError: there is no such engine.
        """

    def duplicates(
        self, distance: float | None = None, progress: Progress | None = None
    ) -> list[DuplicateGroup]:
        """Groups of images that are the same, or nearly so.

        Args:
            distance: how far apart neighbours in a group may be; by default the encoder's, which was chosen for a
                stated precision. 0 finds only images that are the same, pixel by pixel.
            progress: called with how many images are done.
        """
        return self._groups(self.encoder.duplicate_distance if distance is None else distance, progress)

    def append(
        self,
        glyphs: NDArray[np.uint8],
        ids: Sequence[str] | None = None,
        labels: Sequence[int | None] | None = None,
        sources: str | Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Appended:
        """Add images. They can be found at once.

        An image is skipped if one with the same id, glyph, label and source is there; an id that is there with
        anything else is replaced. Every 10,000 images or less are committed: what was stopped can be repeated.

        Args:
            glyphs: uint8 (N, 28, 28).
            ids: N different strings; by default made from glyph and source, so that nothing is added twice.
            labels: what each one shows, or None where that is not known.
            sources: where they come from: one string, or one for each.
            progress: called with how many of them are done.

        Raises:
            QueryError: the arguments don't fit together.
            GalleryError: another process is writing, or the gallery can't be written.
        """
        return self._append(Arrivals.checked(checked_glyphs(glyphs), ids, labels, sources), progress)

    @abstractmethod
    def remove(self, ids: Sequence[str]) -> int:
        """Remove images, and return how many there were. Unknown ids are ignored.

        Raises:
            GalleryError: another process is writing, or the gallery can't be written.
        """

    @abstractmethod
    def compact(self) -> None:
        """Write the gallery anew, without what was removed.

        Raises:
            GalleryError: another process is writing, or the gallery can't be written.
        """

    @abstractmethod
    def refresh(self) -> bool:
        """See what others have committed since; return whether there was anything.

        Raises:
            GalleryError: the gallery is gone, or another encoder made it anew.
        """

    @abstractmethod
    def verify(self) -> None:
        """Read all that is kept and compare it with its checksums.

        Raises:
            GalleryError: something is damaged.
        """

    @classmethod
    @abstractmethod
    def _opened(cls, where: Where, encoder: Encoder) -> Gallery: ...

    @classmethod
    @abstractmethod
    def _created(cls, where: Where, encoder: Encoder) -> Gallery: ...

    @classmethod
    @abstractmethod
    def _is_there(cls, where: Where) -> bool: ...

    @classmethod
    @abstractmethod
    def _reencoded(cls, where: Where, encoder: Encoder, progress: Progress | None) -> Gallery: ...

    @abstractmethod
    def _search(self, glyphs: NDArray[np.uint8], asked: Question) -> Answer: ...

    @abstractmethod
    def _groups(self, distance: float, progress: Progress | None) -> list[DuplicateGroup]: ...

    @abstractmethod
    def _append(self, arrivals: Arrivals, progress: Progress | None) -> Appended: ...


def _encoder(encoder: Encoder | Where | None, threads: int) -> Encoder:
    return encoder if isinstance(encoder, Encoder) else Encoder.open(encoder, threads)


def _kind(where: Where) -> type[Gallery]:
    if is_milvus(where):
        from retrieval.milvus import MilvusGallery

        return MilvusGallery
    from retrieval.folder import FolderGallery

    return FolderGallery
