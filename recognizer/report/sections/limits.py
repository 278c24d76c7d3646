"""Limits and known failures: what the model gets wrong, in pictures, and what it was not made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from recognizer.errors import DataError
from recognizer.report.failures import images_of
from recognizer.report.figures import count, percent
from recognizer.report.html import Html, element, join, paragraph, part
from recognizer.report.pictures import png_uri
from recognizer.report.section import Section, benchmark
from recognizer.report.sources import Found, Material
from recognizer.results import REJECT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIMITS = (
    "One character an image, or one row. Pages are not searched for digits.",
    "Western digits, upright or nearly so: a 6 on its head is a 9.",
    "Letters that look like digits, such as O, l, I, Z, S and B, may be read as digits: one character has no context.",
    "What the model was not taught to refuse may be read as a digit.",
    "Confidence is calibrated on MNIST, on simulated photographs of it, and on print. Other material shifts it: "
    "measure on your own, and calibrate.",
    "MNIST's writers were clerks and pupils of one country in the twentieth century. Whoever writes digits in another "
    "way may be read worse; by how much was not measured.",
)


def mistakes(material: Material) -> Html:
    """The mistakes with their images, the surest wrong answers first."""

    def draw(found: Found) -> Html:
        return join(_mistakes(found, material))

    return part(
        material, "evaluation", "Known mistakes", draw,
        intro="What the image shows → what was answered, with its confidence. Wrong answers come first, then digits "
        "that were refused with a wrong best guess.",
    )  # fmt: skip


def _mistakes(found: Found, material: Material) -> Iterator[Html]:
    for name, each in found.figures["sets"].items():
        failures = each["failures"]
        worst = failures["worst"]
        yield element("h4", f"{name}: ", count(failures["n"]), " mistakes; ", count(len(worst)), " shown")
        try:
            images = images_of(found, material, name, worst)
        except DataError as error:
            yield element("p", f"No pictures: {error}.", class_="missing")
            images = {}
        yield element("div", *(_tile(mistake, images) for mistake in worst), class_="tiles")


def _tile(mistake: Mapping[str, Any], images: Mapping[str, NDArray[np.uint8]]) -> Html:
    image = images.get(mistake["image"])
    picture = element("img", src=png_uri(image), alt=mistake["image"]) if image is not None else ""
    best = "–" if mistake["best"] < 0 else str(mistake["best"])
    label = "no digit" if mistake["label"] == REJECT else str(mistake["label"])
    words = element("b", f"{label} → {best}")
    verdict = "answered" if mistake["answered"] else mistake["reason"]
    told = element(
        "figcaption",
        words,
        Html("<br>"),
        percent(mistake["confidence"], 1),
        Html("<br>"),
        mistake.get("family") or verdict,
    )
    kind = "bad" if mistake["answered"] else "refused"
    return element("figure", picture, told, class_=kind, title=mistake["image"])


def section(material: Material) -> Section:
    """The section."""
    content = join(
        [
            element("ul", *(element("li", limit) for limit in LIMITS)),
            mistakes(material),
            benchmark(material, "reasons", "Whether reasons of refusals mean what they say"),
            benchmark(material, "fields", "Rows of digits"),
            benchmark(material, "badcases", "Learning from mistakes"),
            benchmark(material, "planted", "Planted mistakes and wrong labels"),
            paragraph("A mistake of your own? `badcase add` keeps it with the right answer, to learn from."),
        ]
    )
    return Section("limits", "Limits and known failures", content)
