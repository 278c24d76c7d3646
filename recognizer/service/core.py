"""What the routes share: the model, the queues of work, the stores; made and ended with the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from recognizer.feedback.mistakes import Mistake, PastMistakes
from recognizer.feedback.store import Store
from recognizer.glyph.ink import Grey
from recognizer.results import Recognition
from recognizer.service.batching import Batcher, Lane
from recognizer.service.doubtful import DoubtfulStore, is_doubtful
from recognizer.service.live import Live
from recognizer.service.metrics import Metrics
from recognizer.service.problems import RequestError
from recognizer.service.settings import Settings

Allowed = frozenset[int] | None
Item = TypeVar("Item")
_LANES = 2  # requests of several images, or long ones, at a time; each on `Settings.threads` threads
_DESKS = 4  # questions to stores and the registry at a time


class Core:
    """The parts of a service in one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.live = Live(settings, self.metrics)
        self.batcher: Batcher[bytes, Allowed, Recognition] = Batcher(
            self._read, settings.batch, settings.queue, settings.patience_s, self.metrics
        )
        self.lane = Lane(_LANES, settings.queue, settings.patience_s)
        self.desk = Lane(_DESKS, settings.queue, settings.patience_s)
        self.doubtful = DoubtfulStore(settings.keep_doubtful)
        self.metrics.waiting.set_function(lambda: self.waiting)
        self._store: Store | None = None
        self._past: PastMistakes | None = None
        self._searching = threading.Lock()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many images wait or are in work."""
        return self.batcher.waiting + self.lane.held

    async def start(self) -> None:
        """Begin to load the model; answers are given once that is done."""
        self.live.start()

    async def stop(self) -> None:
        """End what runs, with nothing lost; requests were answered before."""
        await self.live.stop()
        for part in (self.batcher, self.lane, self.desk, self.doubtful):
            part.close()
        if self._store is not None:
            self._store.close()

    def stored(self) -> Store | None:
        """The bad cases, to read; None where there are none yet."""
        with self._lock:
            if self._store is None:
                self._store = Store.find(self.settings.store)
            return self._store

    def storing(self) -> Store:
        """The bad cases, to add to."""
        with self._lock:
            if self._store is None:
                self._store = Store.open(self.settings.store)
            return self._store

    def past(self, glyph: Grey, k: int) -> list[Mistake]:
        """The ``k`` past mistakes that are most similar to a glyph, uint8 (28, 28), nearest first."""
        store = self.stored()
        if store is None:
            return []
        with self._searching:
            if self._past is None:
                self._past = PastMistakes(store, self.live.model.one.gallery.encoder)
            return self._past.similar(glyph[None], k)[0]

    def note(self, images: Sequence[bytes], answers: Sequence[Recognition]) -> None:
        """Count answers, and keep the doubtful ones for review."""
        self.metrics.answered(answers)
        for image, answer in zip(images, answers, strict=True):
            if answer.error is None and is_doubtful(answer) and self.settings.keep_doubtful:
                kept = self.doubtful.keep(image, answer)
                self.metrics.doubtful.labels("yes" if kept else "no").inc()

    def in_time(self, items: Iterable[Item]) -> Iterator[Item]:
        """Items, until they have taken too long.

        Raises:
            RequestError: they have.
        """
        end = time.monotonic() + self.settings.work_s
        for item in items:
            yield item
            if time.monotonic() > end:
                raise RequestError(
                    413, f"the work took over {self.settings.work_s:g} s: send fewer or smaller images"
                )

    def _read(self, allowed: Allowed, images: Sequence[bytes]) -> list[Recognition]:
        model = self.live.model
        return list(model.one.recognize_many(images, len(images), allowed=allowed))
