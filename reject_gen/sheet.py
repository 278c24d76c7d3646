"""A contact sheet: one row of samples a family, to look at before training on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reject_gen.base import Family, GreyImage, Material

CELL = 64
LABEL = 230
GROUND = 60  # neither ink nor paper, so that the edge of each image shows


def contact_sheet(families: Sequence[Family], material: Material, per_family: int, seed: int) -> Image.Image:
    """Draw ``per_family`` samples of each family in a row beside its name and group.

    A family's row depends on the seed and the family alone, not on which others are shown.
    """
    sheet = Image.new("L", (LABEL + per_family * (CELL + 4), len(families) * (CELL + 4)), GROUND)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for row, family in enumerate(families):
        top = row * (CELL + 4)
        pen.text((6, top + 14), f"{family.name}\n({family.group})", fill=255, font=font)
        rng = np.random.default_rng([seed, *family.name.encode()])
        for column, image in enumerate(family.sample(rng, per_family, material)):
            sheet.paste(_fitted(image), (LABEL + column * (CELL + 4), top))
    return sheet


def _fitted(image: GreyImage) -> Image.Image:
    """The image in a cell, its proportions kept; small ones enlarged without smoothing."""
    scale = CELL / max(image.shape)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    resample = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    return Image.fromarray(image).resize(size, resample)
