"""Gets the gallery ready for many questions while the service answers; until then they are answered exactly."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from retrieval.cost import SERVED
from retrieval.engines import PYNNDESCENT
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from retrieval import Gallery

_log = logging.getLogger("recognizer.service")


class Preparing:
    """Loads or builds a gallery's graph on a thread of its own, once the rule of "auto" says that a service needs it.

    As it counts on many questions more, it does so before any of them would have to wait for it.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._done: Gallery | None = None

    def look(self, gallery: Gallery) -> None:
        """Begin, if the gallery is worth it by now and nothing was begun; returns at once."""
        if gallery is self._done or (self._thread and self._thread.is_alive()):
            return
        # A daemon: the service does not wait for it when it stops.
        self._thread = threading.Thread(target=self._prepare, args=(gallery,), daemon=True)
        self._thread.start()

    def _prepare(self, gallery: Gallery) -> None:
        try:
            if gallery.plan(SERVED).engine != PYNNDESCENT:
                return
            _log.info("%s is searched by %s", gallery.name, gallery.prepare())
        except RetrievalError as error:  # it goes on being searched exactly
            _log.warning("%s", error)
        except Exception:
            _log.exception("getting the gallery ready failed")
        self._done = gallery
