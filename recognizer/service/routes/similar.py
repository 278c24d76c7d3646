"""``POST /similar``: the images of the gallery that are most like each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from recognizer.errors import RecognizerError
from recognizer.glyph.finder import glyph_or_error
from recognizer.service.core import Core
from recognizer.service.routes.documented import IMAGES, upload_refusals
from recognizer.service.routes.recognize import answered
from recognizer.service.schemas import SimilarAnswers, SimilarQuery
from recognizer.service.told import hits_told, pixels
from recognizer.service.uploads import Upload, read_uploads, with_names


def router(core: Core) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["recognition"])

    @routes.post("/similar", response_model=SimilarAnswers, responses=upload_refusals(), openapi_extra=IMAGES)
    async def similar(request: Request, query: Annotated[SimilarQuery, Query()]) -> Response:
        """Find the most similar images of the gallery.

        An image that can't be read is an answer with its `error`; if none can be read, the answer is 422.
        """
        uploads = await read_uploads(request, core.settings.max_images)
        told = await core.lane.run(lambda: _similar(core, uploads, query), len(uploads))
        return answered(with_names(told, uploads))

    return routes


def _similar(core: Core, uploads: Sequence[Upload], query: SimilarQuery) -> list[dict[str, Any]]:
    gallery = core.live.model.one.gallery
    most = core.settings.max_pixels
    read = [glyph_or_error(upload.content, most) for upload in core.in_time(uploads)]
    inked = [g.image for g in read if not isinstance(g, RecognizerError) and g.kind != "blank"]
    answer = gallery.search(
        np.array(inked, np.uint8).reshape(-1, 28, 28),
        query.k,
        query.mode,
        label=query.label,
        source=query.source,
    )
    hits = iter(answer)
    told = []
    for glyph in read:
        each: dict[str, Any] = {"mode": query.mode, "engine": None, "neighbors": [], "error": None}
        if isinstance(glyph, RecognizerError):
            each["error"] = str(glyph)
        else:
            if glyph.kind != "blank":
                each["engine"] = answer.engine
                each["neighbors"] = hits_told(next(hits), gallery if query.pictures else None)
            if query.pictures:
                each["glyph"] = pixels(glyph.image)
        told.append(each)
    return told
