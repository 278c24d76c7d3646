"""What the training of the embedding is told; every default of it stands here and nowhere else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recognizer.errors import UsageError
from recognizer.training.config import AugmentConfig
from recognizer.training.settings import make_sections, read_toml

KIND = "embedding"  # the value of a configuration file's `kind` that makes it one of these


@dataclass(frozen=True)
class EmbeddingDataConfig:
    """The glyphs that are learnt from.

    Attributes:
        validation: MNIST training images held out for validation, stratified by digit.
        limit: MNIST training images to use; 0 for all.
        queries: disturbed copies, and digits, to search with where something is measured.
    """

    validation: int = 5000
    limit: int = 0
    queries: int = 2000


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of the network.

    Attributes:
        half: channels of the convolutions at half the glyph's size.
        quarter: the same at a quarter.
        squeezed: channels that the last map is reduced to before it is laid out flat.
        hidden: units that the codes are read from.
        dense: numbers of the dense code.
        digit: how many of them are for the digit.
        detail: how many are for what only decoding needs; the others are for the image.
        wide: numbers of the wide code.
        decoder: units of the two layers between the dense code and the pixels.
    """

    half: tuple[int, ...] = (32, 48)
    quarter: tuple[int, ...] = (96, 96, 96)
    squeezed: int = 32
    hidden: int = 256
    dense: int = 128
    digit: int = 10
    detail: int = 60
    wide: int = 1024
    decoder: int = 384

    def __post_init__(self) -> None:
        if not (self.digit > 0 and self.detail > 0 and self.image > 0):
            raise UsageError(
                f"digit: {self.digit}, detail: {self.detail}; parts of the {self.dense} of dense"
            )

    @property
    def image(self) -> int:
        """How many numbers of the dense code are for the image."""
        return self.dense - self.digit - self.detail


@dataclass(frozen=True)
class DisturbConfig:
    """How a glyph's copy is disturbed, each time anew: most of each, uniformly distributed.

    Attributes:
        rotation: degrees.
        scale: share.
        shift: pixels.
        elastic: standard deviation of the smooth displacement, pixels.
        thick: share of the copies whose strokes are made a pixel thicker.
        pen: share of the copies that are blurred and made sharp again at another level, as with another pen.
        gap: share of the copies that a rectangle is missing from.
        gap_side: longest side of this rectangle, pixels.
        clean: share of the copies without stray pixels and noise.
        stray: share of the pixels that are set to ink, and of those that are set to paper.
        noise: standard deviation of the noise that is added, of 1.
        normalised: share of the copies that pass the normaliser, as a user's images do.
    """

    rotation: float = 12.0
    scale: float = 0.1
    shift: float = 3.0
    elastic: float = 0.3
    thick: float = 0.5
    pen: float = 0.3
    gap: float = 0.6
    gap_side: float = 20.0
    clean: float = 0.15
    stray: float = 0.03
    noise: float = 0.15
    normalised: float = 0.4

    @property
    def move(self) -> AugmentConfig:
        """What of this moves pixels."""
        return AugmentConfig(self.rotation, self.scale, 0.0, self.shift, self.elastic, 0.0)


@dataclass(frozen=True)
class LossConfig:
    """What is asked of the codes, and how much it weighs; the image's part of the dense code weighs 1, the wide code 1.

    Attributes:
        temperature: of the softmax that picks a copy's original out of the batch; low ones ask for the nearest most.
        leaf: images that lie near each other are put into a batch in groups of this size, so that originals are hard to
            pick.
        digit: weight of telling the digit.
        reconstruction: weight of decoding the clean glyph.
        of_clean: share of this that falls on codes of clean glyphs; the rest on those of disturbed ones.
        sparsity: weight of the L1 norm of wide codes of unit length.
        pose: weight of finding the same pose in a glyph and in its copy.
        digit_share: share of the dense code's squared length in the digit's part.
        detail_share: the same in the detail's part.
    """

    temperature: float = 0.05
    leaf: int = 32
    digit: float = 0.5
    reconstruction: float = 20.0
    of_clean: float = 0.8
    sparsity: float = 0.05
    pose: float = 10.0
    digit_share: float = 0.25
    detail_share: float = 0.08

    def __post_init__(self) -> None:
        if not min(self.shares) > 0:
            raise UsageError(
                f"digit_share: {self.digit_share}, detail_share: {self.detail_share}; "
                "both are above 0, and leave something for the image"
            )

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of the dense code's squared length: the digit's, the image's and the detail's."""
        return self.digit_share, 1 - self.digit_share - self.detail_share, self.detail_share


@dataclass(frozen=True)
class EmbeddingOptimizerConfig:
    """The loop.

    Attributes:
        epochs: passes over the images.
        batch: images a step, each with a disturbed copy.
        rate: highest learning rate of the one-cycle schedule.
        weight_decay: of AdamW.
        average: decay, per step, of the exponential average of weights that is kept.
    """

    epochs: int = 40
    batch: int = 512
    rate: float = 4e-3
    weight_decay: float = 0.02
    average: float = 0.999


@dataclass(frozen=True)
class FinishConfig:
    """The end of the training: the detail's part of the code, and the decoder, by themselves.

    Attributes:
        epochs: passes over the images.
        batch: images a step, each with a disturbed copy.
        rate: highest learning rate of the one-cycle schedules of Adam.
        decoder_epochs: passes of the decoder alone, when the detail's part is done.
    """

    epochs: int = 25
    batch: int = 256
    rate: float = 2e-3
    decoder_epochs: int = 8


@dataclass(frozen=True)
class PlainConfig:
    """The rungs below: plain autoencoders, trained on clean and on noisy glyphs.

    Attributes:
        hidden: units.
        epochs: passes over the images.
        batch: images a step.
        rate: learning rate of Adam.
        noise: standard deviation of the noise added to what the second one is shown, of 1.
    """

    hidden: int = 100
    epochs: int = 50
    batch: int = 128
    rate: float = 1e-3
    noise: float = 0.3


@dataclass(frozen=True)
class TradeOffConfig:
    """Short runs that show what the digit's part costs and gives.

    Attributes:
        weights: of telling the digit: one run each.
        limit: images to learn from in these runs.
        epochs: passes over them.
    """

    weights: tuple[float, ...] = (0.0, 0.2, 1.0)
    limit: int = 15000
    epochs: int = 6


@dataclass(frozen=True)
class EmbeddingConfig:
    """A whole training of the embedding."""

    kind: str = KIND
    name: str = "embedding"
    version: str = "1"
    seed: int = 0
    precision: float = 0.99
    data: EmbeddingDataConfig = field(default_factory=EmbeddingDataConfig)
    network: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    disturb: DisturbConfig = field(default_factory=DisturbConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: EmbeddingOptimizerConfig = field(default_factory=EmbeddingOptimizerConfig)
    finish: FinishConfig = field(default_factory=FinishConfig)
    plain: PlainConfig = field(default_factory=PlainConfig)
    trade_off: TradeOffConfig = field(default_factory=TradeOffConfig)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values."""
        return asdict(self)


SECTIONS: dict[str, type] = {
    "data": EmbeddingDataConfig,
    "network": AutoencoderConfig,
    "disturb": DisturbConfig,
    "loss": LossConfig,
    "optimizer": EmbeddingOptimizerConfig,
    "finish": FinishConfig,
    "plain": PlainConfig,
    "trade_off": TradeOffConfig,
}


def make_embedding_config(values: dict[str, Any], where: str) -> EmbeddingConfig:
    """A configuration from plain values, such as ``EmbeddingConfig.to_dict`` gives; ``where`` they are from.

    Raises:
        UsageError: they name a setting that there is not, or one makes no sense.
    """
    if values.get("kind") != KIND:
        raise UsageError(f"{where}: kind must be {KIND!r}, not {values.get('kind')!r}")
    made: EmbeddingConfig = make_sections(EmbeddingConfig, SECTIONS, values, where)
    return made


def load_embedding_config(path: str | Path) -> EmbeddingConfig:
    """Read a TOML file; what it leaves out keeps its default.

    Raises:
        UsageError: the file is missing, is no TOML, is of another kind, or names a setting that there is not.
    """
    return make_embedding_config(read_toml(path), str(path))
