"""The images of a model's mistakes, found again in the data sets that it was measured on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recognizer.errors import DataError, RecognizerError
from recognizer.image.opening import open_page
from recognizer.measure.labelled import Choice, Fingerprint
from recognizer.measure.labelled_sources import open_labelled, origin_of
from recognizer.report.pictures import thumbnail
from recognizer.report.sources import Found, Material

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def images_of(
    found: Found, material: Material, name: str, mistakes: list[Mapping[str, Any]]
) -> dict[str, NDArray[np.uint8]]:
    """Thumbnails uint8 (H, W) of the images that mistakes name.

    Args:
        found: the metrics file of `recognizer evaluate`.
        material: knows the model and the folder of data sets.
        name: of the data set.
        mistakes: rows of "image" and what was said of it.

    Raises:
        DataError: the data set is missing, or other images than those measured.
    """
    asked = found.record["arguments"]
    root = material.data or asked.get("root")
    choice = Choice(root, asked.get("limit"), asked.get("seed") or 0)
    wanted = {mistake["image"] for mistake in mistakes}
    fingerprint, shown = Fingerprint(), dict[str, Any]()
    try:
        data = open_labelled(name, choice, lambda: origin_of(material.bundle))
        for example in fingerprint.watch(data.read()):
            if example.name in wanted:
                shown[example.name] = thumbnail(open_page(example.image))
    except RecognizerError as error:
        raise DataError(str(error)) from None
    measured = next(each for each in found.record["data"] if each["name"] == name)
    if fingerprint.to_dict(name) != measured:
        raise DataError(f"{name}: holds other images now than those that were measured")
    return shown
