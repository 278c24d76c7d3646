"""What a run that makes specialists is told, from a TOML file: every default stands here and nowhere else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recognizer.errors import UsageError
from recognizer.training.settings import make_sections, read_toml


@dataclass(frozen=True)
class FoldsConfig:
    """The networks that answer glyphs which they did not learn from.

    Attributes:
        count: folds, 2 or more.
        epochs: of a network like the model's, on all folds but one.
        small_epochs: of a network like the light model's.
    """

    count: int = 2
    epochs: int = 5
    small_epochs: int = 8

    def __post_init__(self) -> None:
        if self.count < 2:
            raise UsageError(f"[folds] count: {self.count}; there must be 2 or more")


@dataclass(frozen=True)
class PairsConfig:
    """Which pairs are looked at.

    Attributes:
        significance: the error rate of the test, over all pairs together (Holm 1979).
        most: the most pairs that get a specialist, those with most confusions first.
    """

    significance: float = 0.01
    most: int = 12


@dataclass(frozen=True)
class FitConfig:
    """The training of specialists.

    Attributes:
        epochs: passes of convolutional specialists over what they learn from.
        rate: their highest learning rate.
        batch: glyphs a step.
        smoothing: label smoothing.
        lead: of the light network's best class, in logits, up to which a glyph is hard enough to learn from.
        views: places that a glyph is looked at in, by the most thorough kind.
        others: non-digits for each digit, in a pair with reject.
        simple_samples: the most glyphs that a specialist of another kind learns from.
        kinds: of specialists that are compared; all, if none is named.
    """

    epochs: int = 5
    rate: float = 2e-3
    batch: int = 128
    smoothing: float = 0.02
    lead: float = 4.0
    views: int = 5
    others: float = 1.0
    simple_samples: int = 2000
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpecialistConfig:
    """A whole run."""

    seed: int = 0
    folds: FoldsConfig = field(default_factory=FoldsConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    fit: FitConfig = field(default_factory=FitConfig)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values."""
        return asdict(self)


def load_specialist_config(path: str | Path) -> SpecialistConfig:
    """Read a TOML file; what it leaves out keeps its default.

    Raises:
        UsageError: the file is missing, is no TOML, or names a setting that there is not.
    """
    sections = {"folds": FoldsConfig, "pairs": PairsConfig, "fit": FitConfig}
    made: SpecialistConfig = make_sections(SpecialistConfig, sections, read_toml(path), str(path))
    return made
