"""How pages are lit, lined, photographed and stored: the settings of the acquisition simulation."""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class PaperSettings:
    """Probabilities (0–1) and ranges (low, high) of everything that happens between the pen and the file.

    Lengths that scale with the picture are shares: of the larger side of the ink ("of the ink"), or of the
    smaller side of the crop ("of the crop"). Contrasts are shares of the paper's light that ink takes away.

    Attributes:
        ink_side: larger side of the ink, pixels; drawn log-uniformly.
        tight: probability that the crop hugs the ink.
        tight_ratio: crop side over ink side when tight.
        crop_ratio: crop side over the ink's larger side otherwise.
        crop_aspect: most that the crop's width differs from its height, share.
        max_side: largest side of a crop, pixels; larger ones shrink, the ink with them.
        rotation: standard deviation, degrees.
        shear: standard deviation, share.
        stretch: standard deviation of the logarithm of width over height.
        perspective: most that a corner of the ink moves, of the ink.
        pen: change of the pen's width, from thinner (-1) to thicker (+1).
        contrast: of the ink.
        min_levels: least grey levels between ink and paper, before blur and light.
        paper_level: grey level of the lit paper.
        dim: probability of an underexposed picture.
        dim_exposure: what is left of its light.
        light_on_dark: probability of bright ink on a dark ground.
        in_cell: probability that the ink stands in a cell with border lines.
        side_line: probability of each of the four sides of such a cell to show.
        line_width: of the crop.
        line_inset: greatest distance of a line from the crop's edge, of the crop.
        line_contrast: of lines.
        line_tilt: standard deviation of a line's slope, share.
        line_gap: probability that a line is interrupted, or dotted.
        line_touch: probability that a line may run into the ink.
        rule: probability of a ruled line below or through the crop.
        specks: probability of stray specks.
        neighbour: probability of strokes that intrude at an edge.
        ramp: probability of a linear change of light.
        shadow: probability of a shadow's edge, soft or hard.
        vignette: probability of darker corners.
        clouds: probability of irregular light.
        light_depth: share of the light lost where it is darkest; small losses are the likelier.
        texture: paper grain, standard deviation, share of the paper level; at most an eighth of the contrast.
        blur: standard deviation of the Gaussian, of the ink; little blur is the likelier.
        motion: probability of motion blur.
        motion_length: of the ink.
        noise: sensor noise, standard deviation, grey levels; at most an eighth of the ink's contrast.
        jpeg: probability of JPEG compression.
        jpeg_quality: as libjpeg counts it, 1–100.
    """

    ink_side: Range = (12.0, 90.0)
    tight: float = 0.2
    tight_ratio: Range = (1.02, 1.35)
    crop_ratio: Range = (1.2, 2.6)
    crop_aspect: float = 0.2
    max_side: int = 128
    rotation: float = 3.0
    shear: float = 0.05
    stretch: float = 0.08
    perspective: float = 0.05
    pen: Range = (-0.6, 0.8)
    contrast: Range = (0.15, 1.0)
    min_levels: float = 20.0
    paper_level: Range = (110.0, 255.0)
    dim: float = 0.12
    dim_exposure: Range = (0.2, 0.6)
    light_on_dark: float = 0.1
    in_cell: float = 0.55
    side_line: float = 0.45
    line_width: Range = (0.012, 0.11)
    line_inset: float = 0.14
    line_contrast: Range = (0.12, 1.0)
    line_tilt: float = 0.02
    line_gap: float = 0.12
    line_touch: float = 0.08
    rule: float = 0.06
    specks: float = 0.15
    neighbour: float = 0.08
    ramp: float = 0.5
    shadow: float = 0.15
    vignette: float = 0.15
    clouds: float = 0.2
    light_depth: Range = (0.03, 0.5)
    texture: Range = (0.0, 0.05)
    blur: Range = (0.0, 0.08)
    motion: float = 0.08
    motion_length: Range = (0.04, 0.12)
    noise: Range = (0.0, 8.0)
    jpeg: float = 0.5
    jpeg_quality: Range = (30.0, 95.0)


PHONE = PaperSettings()
"""A page photographed by hand."""

SCANNER = PaperSettings(
    rotation=1.5,
    shear=0.03,
    stretch=0.05,
    perspective=0.015,
    pen=(-0.3, 0.5),
    contrast=(0.45, 1.0),
    paper_level=(190.0, 255.0),
    dim=0.0,
    light_on_dark=0.04,
    in_cell=0.35,
    line_width=(0.01, 0.05),
    line_gap=0.08,
    line_touch=0.04,
    rule=0.04,
    specks=0.1,
    neighbour=0.04,
    ramp=0.15,
    shadow=0.02,
    vignette=0.02,
    clouds=0.05,
    light_depth=(0.02, 0.15),
    texture=(0.0, 0.02),
    blur=(0.0, 0.04),
    motion=0.0,
    noise=(0.0, 4.0),
    jpeg=0.4,
    jpeg_quality=(60.0, 95.0),
)
"""A page on a flat-bed scanner: the mild preset."""
