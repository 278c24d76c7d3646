"""Pictures that stand in the page itself, as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.report.html import Html, element

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL = 84  # pixels of the longer side


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """An image uint8 (H, W) as a data URI."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return _uri(file.getvalue())


def _uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def thumbnail(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey page uint8 (H, W), made smaller where it is larger than a thumbnail."""
    import cv2
    import numpy as np

    factor = THUMBNAIL / max(page.shape)
    if factor >= 1:
        return page
    size = (max(1, round(page.shape[1] * factor)), max(1, round(page.shape[0] * factor)))
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)


def picture(file: Path | None, words: str) -> Html:
    """A PNG file, and what is on it; nothing where there is none."""
    if file is None:
        return Html("")
    image = element("img", src=_uri(file.read_bytes()), alt=words, class_="plot")
    return element("figure", image, element("figcaption", words))
