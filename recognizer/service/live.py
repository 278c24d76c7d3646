"""The model that answers now: loaded beside the one in use, and taken up in one moment."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recognizer.errors import GalleryError, RecognizerError
from recognizer.pipeline import Recognizer
from recognizer.registry.versions import Registry
from recognizer.service.preparing import Preparing
from recognizer.service.problems import RequestError
from recognizer.service.settings import WATCH_S, Settings

if TYPE_CHECKING:
    from recognizer.service.metrics import Metrics
    from retrieval import Gallery

State = Literal["loading", "ready", "failed", "stopping"]
_log = logging.getLogger("recognizer.service")


@dataclass(frozen=True, slots=True)
class Model:
    """A model in use.

    Attributes:
        one: for batches, on their own thread.
        many: for requests of several images, on several threads.
        gallery: the known digits of both; None where there are none that can be used.
    """

    one: Recognizer
    many: Recognizer
    gallery: Gallery | None


def load_model(settings: Settings, version: str | None = None) -> Model:
    """Load a model.

    Args:
        settings: which model, unless ``version`` names another.
        version: a registered version.

    Raises:
        RecognizerError: it can't be used.
    """
    name = version or settings.model
    bounds = settings.max_error, settings.threads, settings.max_pixels
    one = Recognizer.load(name, settings.max_error, 1, settings.max_pixels, settings.gallery)
    known: Gallery | None = None
    try:
        known = one.gallery  # the same one for both, so that it is in memory once
    except GalleryError as error:  # told to those who ask for neighbours; digits are read without it
        _log.warning("%s", error)
    many = Recognizer.load(one.bundle.folder, *bounds, settings.gallery if known is None else known)
    return Model(one, many, known)


class Live:
    """Holds the model in use, and follows the registry unless the settings name a model."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._model: Model | None = None
        self._changing = asyncio.Lock()
        self._watch = Registry().watch()
        self._preparing = Preparing()
        self._task: asyncio.Task[None] | None = None
        self.state: State = "loading"
        self.problem = ""

    @property
    def model(self) -> Model:
        """The model to use for a request, from its beginning to its end.

        Raises:
            RequestError: it is not loaded yet, or can't be.
        """
        if self._model is None:
            raise RequestError(
                503, self.problem or "the model is being loaded; try again in a second", retry=True
            )
        return self._model

    @property
    def name(self) -> str | None:
        """What answers call the model; None while there is none."""
        return self._model.one.model if self._model else None

    def start(self) -> None:
        """Load the model; from time to time look for another one, and whether the gallery is asked a lot."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop looking for another model."""
        self.state = "stopping"
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Take up the registry's current model now, if it is another one."""
        async with self._changing:
            if self._settings.model is None and await asyncio.to_thread(self._watch.changed):
                await self._load()

    async def _follow(self) -> None:
        async with self._changing:
            await self._load()
        while True:
            if self._model and self._model.gallery is not None:
                self._preparing.look(self._model.gallery)
            await asyncio.sleep(WATCH_S)
            try:
                await self.refresh()
            except RecognizerError as error:
                _log.error("%s", error)

    async def _load(self) -> None:
        try:
            model = await asyncio.to_thread(load_model, self._settings)
        except RecognizerError as error:
            self._failed(str(error))
            return
        except Exception as error:
            _log.exception("loading a model failed")
            self._failed(f"the model can't be loaded ({type(error).__name__})")
            return
        # What is in work goes on with the model that it began with.
        self._model = model
        self.state, self.problem = "ready", ""
        self._metrics.loads.labels(model.one.bundle.name).inc()
        _log.info("answers come from %s", model.one.model)

    def _failed(self, line: str) -> None:
        self._metrics.failures.inc()
        _log.error("%s", line)
        if self._model is None:
            self.state, self.problem = "failed", line
