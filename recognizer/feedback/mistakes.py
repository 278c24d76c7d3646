"""Past mistakes that an image looks like, by the embedding that galleries share: "4 cases where 8 was read as 3"."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.cases import Case, Chosen, Report
from recognizer.feedback.fields import label_text
from recognizer.files import locked
from recognizer.galleries import as_gallery_error
from recognizer.places import home
from recognizer.results import REJECT
from retrieval.errors import GalleryAccessError, GalleryError

if TYPE_CHECKING:
    from recognizer.feedback.store import Store
    from retrieval import Gallery, Hit
    from retrieval.encoder import Encoder

FOLDER = "mistakes"  # below RECOGNIZER_HOME: a gallery for each store
ALIKE = 0.5  # from this similarity on, an image looks like a case


@dataclass(frozen=True, slots=True)
class Mistake:
    """A past mistake, and how much an image is like it.

    Attributes:
        case: its number.
        label: what it shows, 0–10; None while its reports contradict each other.
        read: what it was read as, 0–10.
        source: where it came from.
        distance: in the embedding.
        similarity: 0–1, as a `Hit` has it.
    """

    case: int
    label: int | None
    read: int
    source: str
    distance: float
    similarity: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; labels are 0 to 9, "reject", or null."""
        return asdict(self) | {"label": label_text(self.label) or None, "read": label_text(self.read)}


class PastMistakes:
    """The mistakes in a store, to be searched; made anew from the store wherever that is needed.

    Args:
        store: the cases.
        encoder: the encoder; None for the one that ships.
    """

    def __init__(self, store: Store, encoder: Encoder | None = None) -> None:
        self._store = store
        self._encoder = encoder
        self.folder = home() / FOLDER / hashlib.sha256(os.fsencode(store.name)).hexdigest()[:16]
        self._gallery: Gallery | None = None

    def similar(self, glyphs: NDArray[np.uint8], k: int = 10) -> list[list[Mistake]]:
        """The k most similar past mistakes of each glyph, nearest first. What was just stored is among them.

        Args:
            glyphs: uint8 (N, 28, 28).
            k: 1 or more.

        Raises:
            GalleryError: no gallery can be kept or searched.
        """
        with as_gallery_error():
            gallery = self.refreshed()
            empty: list[list[Hit]] = [[] for _ in glyphs]
            found = gallery.search(glyphs, k) if len(gallery) else empty
        ids = {int(hit.id) for hits in found for hit in hits}
        cases = {case_id: self._store.get(case_id) for case_id in sorted(ids)}
        reports = self._store.reports(cases)
        return [
            [_mistake(cases[int(hit.id)], reports[int(hit.id)], hit.distance, hit.similarity) for hit in hits]
            for hits in found
        ]

    def refreshed(self) -> Gallery:
        """The gallery of mistakes, with all that the store holds now."""
        if self._gallery is None:
            self._gallery = self._opened()
        gallery = self._gallery
        gallery.refresh()
        fresh = [case for case in self._store.cases(Chosen(mistaken=True)) if str(case.id) not in gallery]
        if fresh:
            ids = [case.id for case in fresh]
            sources = [case.source for case in fresh]
            gallery.append(self._store.glyphs(ids), ids=list(map(str, ids)), sources=sources)
        return gallery

    def _opened(self) -> Gallery:
        gallery = self._usable()
        if gallery is None:
            # One process at a time, and after another look: what one has made anew, the next doesn't clear away.
            with locked(self.folder.with_suffix(".lock")):
                gallery = self._usable()
                if gallery is None:
                    shutil.rmtree(
                        self.folder, ignore_errors=True
                    )  # nothing is lost: all of it is in the store
                    gallery = self._made()
        return gallery

    def _usable(self) -> Gallery | None:
        """The gallery, new if there was none; None if what is there is damaged or another encoder's."""
        try:
            return self._made()
        except GalleryAccessError:  # it may be whole
            raise
        except GalleryError:
            return None

    def _made(self) -> Gallery:
        from retrieval import Gallery

        return Gallery.create(self.folder, self._encoder)


def _mistake(case: Case, reports: Sequence[Report], distance: float, similarity: float) -> Mistake:
    answers = [case.answer, *(report.answer for report in reports if report.answer)]
    read = next((each.digit for each in answers if each.digit != case.label), REJECT)
    return Mistake(case.id, case.label, read, case.source, round(distance, 6), round(similarity, 6))


def told(mistakes: Sequence[Mistake], alike: float = ALIKE) -> str | None:
    """In words, what an image looks like: "this looks like 4 cases where 8 was read as 3"; None for nothing."""
    near = Counter(
        (each.label, each.read) for each in mistakes if each.similarity >= alike and each.label is not None
    )
    if not near:
        return None
    (label, read), count = near.most_common(1)[0]
    cases = "1 case" if count == 1 else f"{count} cases"
    was = "refused" if read == REJECT else f"read as {read}"
    shown = "no digit" if label == REJECT else label_text(label)
    return f"this looks like {cases} where {shown} was {was}"
