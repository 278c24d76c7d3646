"""``POST /recognize``: which digit is on each image, or why there is no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from recognizer.errors import RecognizerError, UsageError
from recognizer.feedback.mistakes import told as in_words
from recognizer.glyph.normalise import to_glyph
from recognizer.pipeline import Recognizer
from recognizer.results import Recognition, text_of
from recognizer.service.core import Allowed, Core
from recognizer.service.problems import RequestError
from recognizer.service.routes.documented import IMAGES, upload_refusals
from recognizer.service.schemas import Answers, RecognizeQuery
from recognizer.service.told import hits_told, past_told, pixels
from recognizer.service.uploads import Upload, read_uploads, with_names
from recognizer.stages.decide import allowed_digits

_QUICK_BYTES = 1 << 16  # larger images are no work for a batch, which would make others wait
Told = dict[str, Any]


def router(core: Core) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["recognition"])

    @routes.post("/recognize", response_model=Answers, responses=upload_refusals(), openapi_extra=IMAGES)
    async def recognize(request: Request, query: Annotated[RecognizeQuery, Query()]) -> Response:
        """Read the digit on each image.

        An image that can't be read doesn't stop the others: it is an answer with its `error`. If none can be read,
        the answer is 422.
        """
        allowed = _allowed(query)
        uploads = await read_uploads(request, core.settings.max_images)
        if _quick(uploads, query):
            answer = await core.batcher.submit(uploads[0].content, allowed)
            core.note([uploads[0].content], [answer])
            return answered(with_names([answer.to_dict()], uploads))
        work = _rows if query.field else _singles
        told = await core.lane.run(lambda: work(core, uploads, query, allowed), len(uploads))
        return answered(with_names(told, uploads))

    return routes


def answered(told: Sequence[Told]) -> Response:
    """Answers as JSON; a refusal if there are only errors.

    Raises:
        RequestError: no image could be read.
    """
    if all(each["error"] for each in told):
        raise unreadable(str(told[0]["error"]))
    return Response(json.dumps({"answers": told}), media_type="application/json")


def unreadable(line: str) -> RequestError:
    """The refusal of a request without any image that can be read; ``line`` calls the first one "bytes"."""
    return RequestError(422, line.removeprefix("bytes: "))


def _allowed(query: RecognizeQuery) -> Allowed:
    if query.length and not query.field:
        raise RequestError(422, "length needs field: it says how many digits the row has")
    if query.allowed is None:
        return None
    try:
        return allowed_digits(query.allowed)
    except UsageError as error:
        raise RequestError(422, f"allowed: {error}") from None


def _quick(uploads: Sequence[Upload], query: RecognizeQuery) -> bool:
    plain = not (query.explain or query.past or query.field or query.pictures)
    return plain and len(uploads) == 1 and len(uploads[0].content) <= _QUICK_BYTES


def _singles(core: Core, uploads: Sequence[Upload], query: RecognizeQuery, allowed: Allowed) -> list[Told]:
    model = core.live.model
    recognizer = model.one if len(uploads) == 1 else model.many
    images = [upload.content for upload in uploads]
    found = recognizer.recognize_many(images, explain=query.explain, allowed=allowed)
    answers = list(core.in_time(found))
    core.note(images, answers)
    return [
        _told(core, recognizer, image, answer, query)
        for image, answer in zip(images, core.in_time(answers), strict=True)
    ]


def _told(
    core: Core, recognizer: Recognizer, image: bytes, answer: Recognition, query: RecognizeQuery
) -> Told:
    told = answer.to_dict()
    if answer.error or not (query.pictures or query.past):
        return told
    glyph = to_glyph(image)
    if query.pictures:
        told["glyph"] = pixels(glyph)
        if query.explain:
            told["neighbors"] = hits_told(answer.neighbors, recognizer.gallery)
    if query.past:
        found = core.past(glyph, query.past) if answer.reason != "blank" else []
        told["past"] = past_told(found, core.stored() if query.pictures else None)
        told["looks_like"] = in_words(found)
    return told


def _rows(core: Core, uploads: Sequence[Upload], query: RecognizeQuery, allowed: Allowed) -> list[Told]:
    recognizer = core.live.model.one
    return [_row(core, recognizer, upload.content, query, allowed) for upload in core.in_time(uploads)]


def _row(core: Core, recognizer: Recognizer, image: bytes, query: RecognizeQuery, allowed: Allowed) -> Told:
    try:
        answers = recognizer.recognize_field(image, query.length, query.explain, allowed)
    except RecognizerError as error:
        return {"digits": [], "text": "", "error": str(error)}
    core.metrics.answered(answers)
    return {"digits": [answer.to_dict() for answer in answers], "text": text_of(answers), "error": None}
