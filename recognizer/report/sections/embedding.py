"""The autoencoder behind the search: what its codes remember, in pictures and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recognizer.errors import DataError
from recognizer.report.figures import Table, figure
from recognizer.report.html import Html, element, join, part, table
from recognizer.report.pictures import picture, png_uri
from recognizer.report.section import Section
from recognizer.report.sources import Found, Material
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = 10
SEED = 0


def decoding(found: Found) -> Table:
    """Mean squared errors of what is decoded, by kind of network."""
    rungs = found.figures["test"]["decoding"]["rungs"]
    rows = [
        [name, *(figure(each[key], ".4f") for key in ("compressed", "denoised"))]
        for name, each in rungs.items()
    ]
    return Table(("network", "compressed: squared error", "denoised: squared error"), rows)


def _figures(found: Found) -> Html:
    compared = found.beside("embedding-reconstructions.png", "reconstructions.png")
    traded = found.beside("embedding-trade-off.png", "trade_off.png")
    return join(
        [
            table(decoding(found)),
            picture(compared, "Originals, compressed and denoised, by each network of the table"),
            picture(
                traded, "Finding the same image against the same digit, as the digit's part of the code grows"
            ),
        ]
    )


def pictures(material: Material) -> Html:
    """A digit of each kind: as it is, through the code, disturbed, and that through the code.

    Drawn with the encoder that ships; without MNIST a line says what is missing.
    """
    from recognizer.data import find_data, load_mnist
    from recognizer.training.embedding.queries import copies, usual
    from retrieval.encoder import Encoder

    try:
        images, labels = load_mnist(find_data(material.data), "test")
        glyphs = images[[int(np.flatnonzero(labels == digit)[0]) for digit in range(DIGITS)]]
        encoder = Encoder.open()
        disturbed = copies(glyphs, SEED, usual)
        rows = {
            "original": glyphs,
            "compressed": _as_bytes(encoder.reconstruct(glyphs)),
            "disturbed": disturbed,
            "denoised": _as_bytes(encoder.reconstruct(disturbed)),
        }
    except (DataError, RetrievalError) as error:
        return element("p", f"No pictures: {error}.", class_="missing")
    figures = [
        element(
            "figure",
            element("img", src=png_uri(np.hstack(list(row))), alt=f"ten digits, {name}", class_="strip"),
            element("figcaption", name),
        )
        for name, row in rows.items()
    ]
    source = f"drawn with the encoder {encoder.name} of this installation, of MNIST's test part, seed {SEED}"
    return join([*figures, element("p", source, class_="from")])


def _as_bytes(glyphs: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * glyphs.clip(0, 1)), np.uint8)


def section(material: Material) -> Section:
    """The section."""
    content = join(
        [
            element(
                "p",
                "The similarity search compares codes of images. A decoder shows what a code remembers: the image, "
                "without what disturbed it.",
            ),
            pictures(material),
            part(material, "embedding", "Plain autoencoders beside it", _figures),
        ]
    )
    return Section("embedding", "Autoencoder", content)
