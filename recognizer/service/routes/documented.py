"""What several routes say in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from recognizer.service.schemas import Refusal
from recognizer.service.uploads import FORM, JSON, RAW

_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_FILES = {
    "schema": {
        "type": "object",
        "required": ["images"],
        "properties": {
            "images": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
        },
    }
}
_BASE64 = {
    "schema": {
        "type": "object",
        "required": ["images"],
        "additionalProperties": False,
        "properties": {
            "images": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "format": "byte", "description": "An image file as base64."},
            }
        },
    }
}
IMAGES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One image as it is; or several, as files of a form or base64 in JSON.",
        "content": {**dict.fromkeys(sorted(RAW), _BINARY), FORM: _FILES, JSON: _BASE64},
    }
}
_REFUSALS = {
    400: "The body is not valid.",
    401: "The token is missing or wrong.",
    403: "A page of another site asks.",
    404: "There is nothing of that number or name.",
    408: "The request took too long to arrive.",
    409: "It can't be done as things are.",
    413: "Too large, or too many images.",
    415: "The content type is not known.",
    421: "The service is not called by that name.",
    422: "An option is not valid, or no image could be read.",
    503: "Busy, or not ready: try again after Retry-After.",
}
_ALWAYS = (400, 401, 403, 421, 422, 503)
_OF_UPLOADS = (408, 413, 415)


def refusals(*further: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that are not 200."""
    return {
        status: {"model": Refusal, "description": _REFUSALS[status]}
        for status in sorted({*_ALWAYS, *further})
    }


def upload_refusals() -> dict[int | str, dict[str, Any]]:
    """Those of a route that takes images."""
    return refusals(*_OF_UPLOADS)
