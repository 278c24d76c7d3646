"""The images of a request: its body as it is, the files of a form, or base64 in JSON."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.formparsers import MultiPartException, MultiPartParser

from recognizer.image.named_files import printable
from recognizer.service.problems import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import UploadFile
    from starlette.requests import Request

KINDS = ("image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif", "image/webp")
RAW = frozenset({"application/octet-stream", "image/jpg", "image/x-ms-bmp", *KINDS})
FORM, JSON = "multipart/form-data", "application/json"
_TYPES = f"send an image as {', '.join(KINDS)} or application/octet-stream; or {FORM}; or {JSON}"
_NONE = "the request holds no image"
_UNNAMED = "bytes: "  # how errors begin that are about no file


@dataclass(frozen=True, slots=True)
class Upload:
    """An image that came, and what the client calls it: never a path, only a name to tell it by."""

    name: str
    content: bytes


def with_names(told: Sequence[dict[str, Any]], uploads: Sequence[Upload]) -> list[dict[str, Any]]:
    """What is told of uploads, with the names that came with them; an error tells which image it is about."""
    for number, (each, upload) in enumerate(zip(told, uploads, strict=True), 1):
        if upload.name:
            each["name"] = upload.name
        if each["error"] and (upload.name or len(uploads) > 1):
            called = printable(upload.name) or f"image {number}"
            each["error"] = f"{called}: {each['error'].removeprefix(_UNNAMED)}"
    return list(told)


async def read_uploads(request: Request, most: int) -> list[Upload]:
    """The images of a request, in order; one at least.

    Raises:
        RequestError: there are none, too many, or the request is of another kind.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in RAW:
        body = await request.body()
        found = [Upload("", body)] if body else []
    elif kind == FORM:
        found = await _of_form(request, most)
    elif kind == JSON:
        found = _of_json(await request.body(), most)
    else:
        raise RequestError(415, f"the content type {kind[:100]!r} is not known: {_TYPES}")
    if not found:
        raise RequestError(422, _NONE)
    return found


def too_many(most: int) -> RequestError:
    """The refusal of too many images."""
    return RequestError(413, f"the request holds more than {most} images: send them in several requests")


async def _of_form(request: Request, most: int) -> list[Upload]:
    # Everything is in memory already, within bounds: nothing needs to go to a temporary file.
    parser = MultiPartParser(request.headers, request.stream(), max_files=most, max_fields=0, max_part_size=0)
    parser.spool_max_size = 1 << 62
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise too_many(most) from None
        raise RequestError(400, f"the form can't be read: {error.message}") from None
    except (KeyError, ValueError, UnicodeError):
        raise RequestError(400, "the form can't be read: its parts are damaged") from None
    files: list[UploadFile] = [part for _, part in form.multi_items() if not isinstance(part, str)]
    try:
        return [Upload((part.filename or "")[-200:], await part.read()) for part in files]
    finally:
        await form.close()


def _of_json(body: bytes, most: int) -> list[Upload]:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError(400, "the body is not JSON") from None
    images = said.get("images") if isinstance(said, dict) and set(said) == {"images"} else None
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise RequestError(422, 'the body must be {"images": ["…", …]}, each the base64 of an image file')
    if len(images) > most:
        raise too_many(most)
    return [Upload("", _decoded(number, image)) for number, image in enumerate(images, 1)]


def _decoded(number: int, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(422, f"image {number} is not base64") from None
