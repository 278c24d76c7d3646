"""From rows to stored cases: read, normalise, ask the model, store; batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from recognizer.errors import ImageError, RecognizerError
from recognizer.feedback.cases import Answer, Report, Sample, State
from recognizer.feedback.ledger import Ledger, Outcome, Status, other_image
from recognizer.feedback.rows import BadRow, Row
from recognizer.glyph.finder import glyph_or_error
from recognizer.glyph.normalise import Glyph, find_glyph
from recognizer.image.opening import describe, open_page, read_file

if TYPE_CHECKING:
    from recognizer.feedback.store import Store
    from recognizer.pipeline import Recognizer

BATCH = 256  # rows that are stored together
BATCH_BYTES = 64 << 20  # and the most that they may hold of images, but for one more
MOST_BYTES = 32 << 20
TOO_LARGE = f"over the limit of {MOST_BYTES >> 20} MiB for a bad case: crop it"


class Keeper(Protocol):
    """Where samples go: a store, or the rehearsal of one."""

    def known(self, keys: Sequence[str]) -> dict[str, tuple[str, Outcome]]:
        """See `Lookup.known`."""

    def add(self, samples: Sequence[Sample]) -> list[Outcome]:
        """See `Store.add`."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row; see `Outcome`.

    Attributes:
        row: its number.
        path: its image's file; "" where it has none.
        status: what it was.
        case: the number of its case; 0 where it has none, or in a rehearsal.
        state: of the case.
        problem: why it was refused; otherwise "".
    """

    row: int
    path: str
    status: Status
    case: int = 0
    state: State | None = None
    problem: str = ""


class Rehearsal:
    """Says what a store would, and leaves it as it is.

    Args:
        store: the store; None for one that is not there yet.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._ledger = Ledger()

    def known(self, keys: Sequence[str]) -> dict[str, tuple[str, Outcome]]:
        """See `Lookup.known`; what was rehearsed counts as stored."""
        stored = self._store.known(keys) if self._store else {}
        for key in keys:
            image = self._ledger.keys.get(key)
            if image is not None and key not in stored:
                entry = self._ledger.entries[image]
                stored[key] = (image, Outcome("known", entry.id, entry.state))
        return stored

    def add(self, samples: Sequence[Sample]) -> list[Outcome]:
        """See `Store.add`."""
        missing = set(self._ledger.missing(samples))
        if self._store and missing:
            found = self._store.ledger([sample for sample in samples if sample.sha256 in missing])
            self._ledger.entries |= found.entries
            self._ledger.keys |= found.keys
        outcomes = self._ledger.outcomes(samples, self._ledger.enter(samples))
        for sample in samples:
            self._ledger.entries[sample.sha256].sample = None  # nobody will ask for its image
        return outcomes


def ingest(rows: Iterable[Row | BadRow], keeper: Keeper, recognizer: Recognizer) -> Iterator[Result]:
    """Store rows, in order; a result is given once its row is on the disk.

    A row whose report is stored already costs reading its file and no more: a run that was stopped goes on quickly.

    Raises:
        StoreError: a batch could not be stored; what was given as a result is.
    """
    batch: list[_Pending | BadRow] = []
    size = 0
    for row in rows:
        batch.append(row if isinstance(row, BadRow) else _read(row))
        size += len(batch[-1].image) if isinstance(batch[-1], _Pending) else 0
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield from _ingest(batch, keeper, recognizer)
            batch, size = [], 0
    yield from _ingest(batch, keeper, recognizer)


@dataclass
class _Pending:
    row: Row
    image: bytes
    report: Report
    sha256: str


def _ingest(batch: list[_Pending | BadRow], keeper: Keeper, recognizer: Recognizer) -> list[Result]:
    pending = [each for each in batch if isinstance(each, _Pending)]
    known = keeper.known([each.report.key for each in pending])
    fresh = [each for each in pending if each.report.key not in known]
    outcomes = {
        id(each): _known(each, *known[each.report.key]) for each in pending if each.report.key in known
    }
    glyphs = [glyph_or_error(each.image) for each in fresh]
    samples, sampled = [], []
    for each, glyph, answer in zip(fresh, glyphs, recognizer.recognize_glyphs(glyphs), strict=True):
        if isinstance(glyph, Glyph):
            samples.append(Sample(each.image, glyph.image, Answer.of(answer), each.report))
            sampled.append(each)
        else:
            outcomes[id(each)] = Outcome("refused", problem=_without_name(glyph))
    stored = keeper.add(samples) if samples else []
    outcomes |= {id(each): outcome for each, outcome in zip(sampled, stored, strict=True)}
    return [
        Result(each.number, each.path, "refused", problem=each.problem)
        if isinstance(each, BadRow)
        else _result(each.row, outcomes[id(each)])
        for each in batch
    ]


def make_sample(image: bytes, report: Report, recognizer: Recognizer) -> Sample:
    """One image, ready for `Store.add`.

    Args:
        image: the bytes of its file.
        report: what was said of it.
        recognizer: the model that is used now.

    Raises:
        ImageError: it can't be read, or is too large.
    """
    if len(image) > MOST_BYTES:
        raise ImageError(f"{describe(image)}: {TOO_LARGE}")
    glyph = find_glyph(open_page(image))
    return Sample(image, glyph.image, Answer.of(recognizer.recognize_glyphs([glyph])[0]), report)


def _read(row: Row) -> _Pending | BadRow:
    try:
        image = read_file(row.path)
    except ImageError as error:
        return BadRow(row.number, row.path, _without_name(error, row.path))
    if len(image) > MOST_BYTES:
        return BadRow(row.number, row.path, TOO_LARGE)
    digest = sha256(image).hexdigest()
    return _Pending(row, image, row.report.identified(digest), digest)


def _without_name(error: RecognizerError, name: str = "bytes") -> str:
    """An error's text without what the image is called, since that is told beside it."""
    return str(error).removeprefix(f"{describe(name)}: ")


def _known(pending: _Pending, sha: str, outcome: Outcome) -> Outcome:
    if sha == pending.sha256:
        return outcome
    return other_image(pending.report)


def _result(row: Row, outcome: Outcome) -> Result:
    return Result(row.number, row.path, outcome.status, outcome.case, outcome.state, outcome.problem)


def recheck(
    store: Store,
    recognizer: Recognizer,
    ids: Sequence[int],
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Ask a model about cases anew, from their images on, and keep what it says; their states follow.

    Args:
        store: where the cases are.
        recognizer: the model.
        ids: the cases.
        watch: passes their numbers on as they are taken, to show progress.
    """
    taken = iter(watch(ids))
    while batch := list(islice(taken, BATCH)):
        glyphs = [glyph_or_error(image) for _, image in store.images(batch)]
        answers = recognizer.recognize_glyphs(glyphs)
        store.check(
            [
                (case_id, glyph.image, Answer.of(answer))
                for case_id, glyph, answer in zip(batch, glyphs, answers, strict=True)
                if isinstance(glyph, Glyph)
            ]
        )
