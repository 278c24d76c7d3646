"""What a training run is told: every default stands here and nowhere else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recognizer.errors import UsageError
from recognizer.training.settings import make_sections, read_toml


@dataclass(frozen=True)
class DataConfig:
    """The pool of training glyphs.

    Attributes:
        validation: MNIST training images held out for validation, stratified by digit.
        limit: MNIST training images to use; 0 for all.
        page_copies: simulated photographs of each MNIST training image.
        printed: digits rendered from typefaces.
        rejects: generated non-digits, before the audit.
        validation_rejects: the same, from families and typefaces held out of training.
        scanner_share: share of the simulated pages from a scanner; the others are phone photographs.
        plain_share: share of printed digits and rejects that reach the normaliser without a simulated page.
        held_out_typefaces: share of the families of typefaces kept for validation.
        held_out_families: families or groups of rejects kept for validation.
        audit_limit: a reject that a plain classifier gives a digit this probability or more is dropped.
        hard_rejects: most non-digits to add that a model takes for digits, searched for; 0 for no search.
        hard_rounds: rounds of this search, each against a network that has learnt from those before.
        hard_model: folder of a bundle to search against in all rounds; "" for quick networks trained for this.
    """

    validation: int = 5000
    limit: int = 0
    page_copies: int = 2
    printed: int = 60000
    rejects: int = 80000
    validation_rejects: int = 8000
    scanner_share: float = 0.4
    plain_share: float = 0.3
    held_out_typefaces: float = 0.15
    held_out_families: tuple[str, ...] = ()
    audit_limit: float = 0.9
    hard_rejects: int = 0
    hard_rounds: int = 2
    hard_model: str = ""

    def __post_init__(self) -> None:
        if self.hard_rounds < 1:
            raise UsageError(f"hard_rounds: {self.hard_rounds}; a search has at least 1 round")


@dataclass(frozen=True)
class NetworkConfig:
    """The network.

    Attributes:
        half: channels of the convolutions at half of the glyph's size.
        quarter: channels of those at a quarter of it.
        int8: whether the graph that ships works on 8-bit integers.
        second_look: lead of the likeliest class, in logits, below which the network looks again at the glyph, turned,
            sheared, scaled and moved a little; 0: it never does.
        reject_bias: calibrated log-odds that are added to reject after training, as if non-digits came so much more
            often than in the pool.
    """

    half: tuple[int, ...] = (32, 48)
    quarter: tuple[int, ...] = (96, 96, 96)
    int8: bool = True
    second_look: float = 2.0
    reject_bias: float = 0.0


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimisation.

    Attributes:
        epochs: passes over the pool, reshuffled each time.
        batch: glyphs a step.
        rate: highest learning rate of the one-cycle schedule.
        weight_decay: of AdamW.
        smoothing: label smoothing.
        known_share: share of the passes over the pool that a well known sample takes part in; those less known fill
            its place. 1: all take part in every pass.
        average: decay, per step, of the exponential average of weights that is kept.
        sanity: whether to check first that the loss starts near ln 11 and that 300 samples can be overfitted.
    """

    epochs: int = 20
    batch: int = 256
    rate: float = 6e-3
    weight_decay: float = 0.02
    smoothing: float = 0.03
    known_share: float = 1.0
    average: float = 0.999
    sanity: bool = True


@dataclass(frozen=True)
class ReaderConfig:
    """The second reader: a larger network for second looks. What is not said here is as for the first network.

    Attributes:
        half: channels of the convolutions at half of the glyph's size.
        quarter: channels of those at a quarter of it.
        weight: share of its answers in the final ones, where it is asked.
        epochs: as in `[optimizer]`.
        rate: as in `[optimizer]`.
        smoothing: as in `[optimizer]`.
        known_share: as in `[optimizer]`.
        rotation: in the place of that in `[augment]`.
        scale: in the place of that in `[augment]`.
        elastic: in the place of that in `[augment]`.
    """

    half: tuple[int, ...] = (32, 48)
    quarter: tuple[int, ...] = (128, 128, 128)
    weight: float = 0.6
    epochs: int = 17
    rate: float = 6e-3
    smoothing: float = 0.0
    known_share: float = 0.3
    rotation: float | None = None
    scale: float | None = None
    elastic: float | None = None


@dataclass(frozen=True)
class MoreConfig:
    """Non-digits that the trained first network goes on learning from, beside all that it learnt from before.

    Attributes:
        rejects: how many are generated, before the audit.
        epochs: passes over the larger pool.
        rate: highest learning rate of these.
        mix: weights of families and groups, as in `[rejects]`.
    """

    rejects: int = 140000
    epochs: int = 4
    rate: float = 2e-3
    mix: dict[str, Any] = field(default_factory=lambda: {"letters": 1.0})

    def __post_init__(self) -> None:
        if self.rejects < 1:
            raise UsageError(f"rejects: {self.rejects}; without any, leave [more] out")


@dataclass(frozen=True)
class AugmentConfig:
    """Disturbances of glyphs in training, drawn anew each time: most of each, uniformly distributed.

    Attributes:
        rotation: degrees.
        scale: share.
        shear: share.
        shift: pixels.
        elastic: standard deviation of the smooth displacement, pixels.
        pen: probability that strokes are made thicker, and that they are made thinner.
    """

    rotation: float = 12.0
    scale: float = 0.12
    shear: float = 0.2
    shift: float = 1.2
    elastic: float = 0.6
    pen: float = 0.08


@dataclass(frozen=True)
class TrainingConfig:
    """A whole training run."""

    name: str = "eleven"
    version: str = "1"
    seed: int = 0
    coverage: float = 0.992
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    reader: ReaderConfig | None = None
    more: MoreConfig | None = None
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    rejects: dict[str, Any] = field(default_factory=lambda: {"noise": 1.0, "fragments": 3.0, "strokes": 2.0})

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values."""
        return asdict(self)

    def of_reader(self) -> TrainingConfig:
        """The configuration of the second reader's training, which has none itself.

        Raises:
            UsageError: there is no second reader.
        """
        if self.reader is None:
            raise UsageError("the configuration has no [reader]")
        settings = {name: value for name, value in vars(self.reader).items() if name != "weight"}
        size = {name: settings.pop(name) for name in ("half", "quarter")}
        disturb = {name: settings.pop(name) for name in ("rotation", "scale", "elastic")}
        own = {name: value for name, value in disturb.items() if value is not None}
        return replace(
            self,
            reader=None,
            network=replace(self.network, **size),
            optimizer=replace(self.optimizer, **settings),
            augment=replace(self.augment, **own),
        )

    def going_on(self) -> TrainingConfig:
        """The configuration of how the first network goes on learning, from `[more]` and the rest.

        Raises:
            UsageError: there is nothing more.
        """
        if self.more is None:
            raise UsageError("the configuration has no [more]")
        return replace(
            self,
            optimizer=replace(self.optimizer, epochs=self.more.epochs, rate=self.more.rate, sanity=False),
        )


def load_config(path: str | Path) -> TrainingConfig:
    """Read a TOML file; what it leaves out keeps its default.

    Raises:
        UsageError: the file is missing, is no TOML, or names a setting that there is not.
    """
    return make_config(read_toml(path), str(path))


def make_config(values: dict[str, Any], where: str) -> TrainingConfig:
    """A configuration from plain values, such as ``TrainingConfig.to_dict`` gives; ``where`` they are from.

    Raises:
        UsageError: they name a setting that there is not.
    """
    sections = {
        "data": DataConfig,
        "network": NetworkConfig,
        "optimizer": OptimizerConfig,
        "reader": ReaderConfig,
        "more": MoreConfig,
        "augment": AugmentConfig,
    }
    optional = (("reader", None), ("more", None))
    given = {key: value for key, value in values.items() if (key, value) not in optional}
    made: TrainingConfig = make_sections(TrainingConfig, sections, given, where)
    return made
