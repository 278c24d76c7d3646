"""What a training run is told, from a TOML file: every default stands here and nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import UsageError

NOT_ZERO = frozenset(
    {"epochs", "batch", "queries", "squeezed", "hidden", "dense", "wide", "decoder", "leaf", "temperature"}
)
SHARES = frozenset(
    {
        "coverage",
        "scanner_share",
        "plain_share",
        "held_out_typefaces",
        "audit_limit",
        "smoothing",
        "average",
        "known_share",
        "precision",
        "digit_share",
        "of_clean",
        "thick",
        "pen",
        "gap",
        "clean",
        "stray",
        "normalised",
    }
)


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
            raise UsageError(f"[data] hard_rounds: {self.hard_rounds}; a search has at least 1 round")


@dataclass(frozen=True)
class NetworkConfig:
    """The network.

    Attributes:
        half: channels of the convolutions at half of the glyph's size.
        quarter: channels of those at a quarter of it.
        int8: whether the graph that ships works on 8-bit integers.
        second_look: lead of the likeliest class, in logits, below which the network looks again at the glyph, turned,
            sheared, scaled and moved a little; 0: it never does.
    """

    half: tuple[int, ...] = (32, 48)
    quarter: tuple[int, ...] = (96, 96, 96)
    int8: bool = True
    second_look: float = 2.0


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
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    rejects: dict[str, Any] = field(default_factory=lambda: {"noise": 1.0, "fragments": 3.0, "strokes": 2.0})

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values."""
        return asdict(self)


def load_config(path: str | Path) -> TrainingConfig:
    """Read a TOML file; what it leaves out keeps its default.

    Raises:
        UsageError: the file is missing, is no TOML, or names a setting that there is not.
    """
    return make_config(read_toml(path), str(path))


def read_toml(path: str | Path) -> dict[str, Any]:
    """The values of a TOML file, and of the file beside it that it names as its ``base``, where it sets none itself.

    Raises:
        UsageError: a file is missing or is no TOML, or a base has a base itself.
    """
    file = Path(path)
    values = _parsed(file)
    base = values.pop("base", None)
    if base is None:
        return values
    known = _parsed(file.parent / str(base))
    if "base" in known:
        raise UsageError(f"{file}: its base {base} has a base itself, which is one too many")
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(known.get(key), dict)
        known[key] = known[key] | value if both else value
    return known


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such configuration file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a TOML file ({error})") from None


def make_config(values: dict[str, Any], where: str) -> TrainingConfig:
    """A configuration from plain values, such as ``TrainingConfig.to_dict`` gives; ``where`` they are from.

    Raises:
        UsageError: they name a setting that there is not.
    """
    sections = {
        "data": DataConfig,
        "network": NetworkConfig,
        "optimizer": OptimizerConfig,
        "augment": AugmentConfig,
    }
    made: TrainingConfig = make_sections(TrainingConfig, sections, values, where)
    return made


def make_sections(kind: type, sections: Mapping[str, type], values: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401
    """A configuration of the kind, some of whose values are sections: dataclasses, too.

    Raises:
        UsageError: the values name a setting that there is not, or one makes no sense.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        made[key] = _section(sections[key], value, f"{where}: [{key}]") if key in sections else value
    return _section(kind, made, where)


def _section(kind: type, values: object, where: str) -> Any:  # noqa: ANN401
    if not isinstance(values, dict):
        raise UsageError(f"{where}: expected a table of settings")
    known = {f.name: f for f in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise UsageError(f"{where}: there is no setting {key!r} (there are: {', '.join(sorted(known))})")
        if is_dataclass(value):
            continue
        _check(value, _default_of(known[key]), f"{where}: {key}")
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


def _default_of(setting: Field[Any]) -> object:
    if setting.default_factory is not MISSING:
        return setting.default_factory()
    return setting.default


def _kinds(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)


def _check(value: object, default: object, where: str) -> None:
    """Check a value's type by the default's, and that it is no number that nothing could be done with.

    Raises:
        UsageError: it is not of that type, negative, 0 where that makes no sense, or a share above 1.
    """
    name = where.rpartition(" ")[2]
    if isinstance(default, tuple):
        each = _kinds(default[0]) if default else (str,)
        if not isinstance(value, list | tuple) or not all(type(item) in each for item in value):
            raise UsageError(f"{where} must be a list")
        if name in {"half", "quarter"} and not (value and min(value) > 0):
            raise UsageError(f"{where} must hold numbers of channels, 1 or more")
        return
    if type(value) not in _kinds(default):
        raise UsageError(f"{where} must be of the kind of its default, {default!r}, not {value!r}")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if value < 0 or (name in NOT_ZERO and value == 0) or (name in SHARES and value > 1):
        raise UsageError(f"{where} is {value}, which makes no sense")
