"""A model's temperature and operating point for somebody's own images: a new bundle, without training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import GOLDEN, Bundle, OperatingPoint, golden_outputs, write_bundle
from recognizer.errors import DataError, RecognizerError
from recognizer.glyph.normalise import Kind
from recognizer.measure.calibrate import (
    choose_by_error,
    choose_threshold,
    fit_temperature,
    images_needed,
    risk_coverage,
)
from recognizer.measure.evaluation import Columns, problem_line
from recognizer.measure.labelled import Example, Fingerprint, Labelled
from recognizer.measure.record import model_hashes
from recognizer.pipeline import Recognizer
from recognizer.results import REJECT
from recognizer.stages.both_stages import Stages
from recognizer.stages.decide import Decision, decide, softmax

FEWEST = 100
# A temperature is learnt from mistakes: with hardly any, the best fit is boundless certainty.
FEWEST_MISTAKES = 10
_WRITTEN_ANEW = ("files", "format_version", "preprocessing", "labels")
Watch = Callable[[Iterable[Example], int], Iterable[Example]]


@dataclass(frozen=True)
class Goal:
    """What the operating point is chosen for: a share of digits to accept, or of errors among the accepted.

    Attributes:
        coverage: 0–1, or None.
        max_error: 0–1, or None; one of the two is given.
    """

    coverage: float | None = None
    max_error: float | None = None

    @property
    def needed(self) -> int:
        """The fewest digits that can show it (the rule of three)."""
        rare = self.max_error if self.max_error is not None else 1 - (self.coverage or 0)
        return max(FEWEST, images_needed(rare))

    def __str__(self) -> str:
        if self.max_error is not None:
            return f"an error of {self.max_error:g}"
        return f"a coverage of {self.coverage:g}"

    def point(
        self, scores: NDArray[np.float64], labels: NDArray[np.uint8], fewest: int
    ) -> OperatingPoint | None:
        """The operating point for scores (N, 11) of digits; None where no threshold reaches the goal."""
        if self.max_error is None:
            return OperatingPoint(**choose_threshold(scores, labels, self.coverage or 0))
        found = choose_by_error(scores, labels, self.max_error, fewest)
        return OperatingPoint(**found) if found else None


@dataclass(frozen=True)
class Seen:
    """What the model says of labelled images; those that could not be read are left out.

    Attributes:
        logits: float32 (N, 11), after stage two; NaN for blank pages.
        kinds: N of "one", "blank", "several".
        labels: uint8 (N,), 0–10.
        sources: text (N,), the data set of each.
        specialists: text (N,), which specialist decided, or "".
        first: float32 (N, 11), the logits of stage one; NaN for blank pages.
        problems: a line for each image or entry that could not be used.
        described: the data sets as a metrics file describes them.
    """

    logits: NDArray[np.float32]
    kinds: NDArray[np.str_]
    labels: NDArray[np.uint8]
    sources: NDArray[np.str_]
    specialists: NDArray[np.str_]
    first: NDArray[np.float32]
    problems: tuple[str, ...] = ()
    described: tuple[dict[str, Any], ...] = ()

    def take(self, chosen: NDArray[np.bool_]) -> Seen:
        """The images of a mask, bool (N,)."""
        return Seen(
            self.logits[chosen],
            self.kinds[chosen],
            self.labels[chosen],
            self.sources[chosen],
            self.specialists[chosen],
            self.first[chosen],
        )

    @property
    def digits(self) -> Seen:
        """Those that show a digit."""
        return self.take(self.labels < REJECT)

    def scores(self, temperature: float) -> NDArray[np.float64]:
        """Scores (N, 11) as answers have them."""
        scores = softmax(self.logits, temperature)
        scores[self.kinds == "blank"] = np.eye(REJECT + 1)[REJECT]
        return scores

    def columns(self, fitted: Fitted) -> Columns:
        """The answers at a temperature and an operating point."""
        kinds: list[Kind] = self.kinds.tolist()
        names = [name or None for name in self.specialists.tolist()]
        answers = decide(self.logits, kinds, Decision(fitted.temperature, fitted.point, ""), None, names)
        return Columns.of(answers, self.labels.tolist(), [""] * len(kinds))


@dataclass(frozen=True)
class Fitted:
    """A temperature and an operating point."""

    temperature: float
    point: OperatingPoint


def see(recognizer: Recognizer, sets: Sequence[Labelled], watch: Watch) -> Seen:
    """Run the network on data sets; ``watch`` passes the examples of each on, and may show how many there are."""
    parts, problems, described = [], list[str](), []
    for data in sets:
        fingerprint, asked = Fingerprint(), list[tuple[int, str]]()
        reading, kinds = recognizer.read_many(
            _images(watch(fingerprint.watch(data.read()), data.size), asked)
        )
        read = np.array([not isinstance(kind, RecognizerError) for kind in kinds], np.bool_)
        problems += data.problems
        problems += [
            problem_line(name, str(kind))
            for kind, (_, name) in zip(kinds, asked, strict=True)
            if isinstance(kind, RecognizerError)
        ]
        labels = np.array([label for label, _ in asked], np.uint8)
        names = np.array([str(kind) for kind in kinds], np.str_)
        second = np.array([name or "" for name in reading.specialists], np.str_)
        parts.append(
            Seen(reading.logits, names, labels, np.full(len(kinds), data.name), second, reading.first).take(
                read
            )
        )
        described.append(fingerprint.to_dict(data.name))
    return Seen(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.sources for part in parts]),
        np.concatenate([part.specialists for part in parts]),
        np.concatenate([part.first for part in parts]),
        tuple(problems),
        tuple(described),
    )


def _images(examples: Iterable[Example], asked: list[tuple[int, str]]) -> Iterator[Any]:
    for example in examples:
        asked.append((example.label, example.name))
        yield example.image


def fit(seen: Seen, goal: Goal, before: Fitted) -> Fitted:
    """Fit the temperature, and choose the operating point, on the digits among the images.

    Raises:
        DataError: they are too few to show the goal, or no operating point reaches it.
    """
    digits = seen.digits
    if len(digits.labels) < goal.needed:
        raise DataError(
            f"{len(digits.labels)} readable images of digits are too few for {goal}: {goal.needed} are needed "
            "(the rule of three)"
        )
    fitted = _fit(digits, goal, before, goal.needed)
    if fitted is None:
        raise DataError(
            f"no operating point reaches {goal}: none accepts {goal.needed} digits with so few errors; "
            "ask for a larger --max-error, or give more images"
        )
    return fitted


def _fit(digits: Seen, goal: Goal, before: Fitted, fewest: int) -> Fitted | None:
    inked = digits.take(digits.kinds != "blank")
    logits = inked.logits[:, :REJECT]
    temperature = before.temperature
    if int((logits.argmax(axis=1) != inked.labels).sum()) >= FEWEST_MISTAKES:
        temperature = fit_temperature(logits, inked.labels)
    point = goal.point(digits.scores(temperature), digits.labels, fewest)
    return Fitted(temperature, point) if point else None


def cross_check(seen: Seen, goal: Goal, before: Fitted, seed: int) -> Columns | None:
    """Answers to each half of the images, by what was fitted to the other half: what to expect of new images.

    Returns:
        The answers; None where half of the images are too few to fit anything.
    """
    first = np.random.default_rng(seed).permutation(len(seen.labels)) < len(seen.labels) / 2
    halves = [(seen.take(first), seen.take(~first)), (seen.take(~first), seen.take(first))]
    parts = []
    for learnt, judged in halves:
        fitted = _fit(learnt.digits, goal, before, 1) if len(learnt.digits.labels) else None
        if fitted is None:
            return None
        parts.append(judged.columns(fitted))
    return Columns(*(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])))


def write_calibrated(
    folder: Path, bundle: Bundle, seen: Seen, fitted: Fitted, provenance: dict[str, Any]
) -> None:
    """Write a copy of a model with another temperature and operating point.

    Args:
        folder: a new or empty folder.
        bundle: the model; all its files are copied, and its golden outputs made anew.
        seen: the images that were fitted to.
        fitted: the new temperature and operating point.
        provenance: what ``meta.json`` is to say of the calibration, besides the data and the model it came from.
    """
    files = {name: (bundle.folder / name).read_bytes() for name in bundle.meta["files"]}
    if GOLDEN in files:
        glyphs = np.array([pair["glyph"] for pair in json.loads(files[GOLDEN])], np.uint8).reshape(-1, 28, 28)
        scores = softmax(Stages(bundle).read(glyphs).logits, fitted.temperature)
        files[GOLDEN] = golden_outputs(glyphs, scores.astype(np.float32))
    digits = seen.digits
    own = hashlib.sha256("".join(each["images_sha256"] for each in seen.described).encode()).hexdigest()[:8]
    meta = {name: value for name, value in bundle.meta.items() if name not in _WRITTEN_ANEW}
    meta |= {
        "version": f"{bundle.meta['version'].partition('-own-')[0]}-own-{own}",
        "temperature": fitted.temperature,
        "operating_point": vars(fitted.point),
        "risk_coverage": risk_coverage(digits.scores(fitted.temperature), digits.labels),
        "validation": {name: _validation(seen, fitted, name) for name in np.unique(seen.sources).tolist()},
        "calibration": {
            "from": model_hashes(bundle),
            "n": len(seen.labels),
            "data": list(seen.described),
            **provenance,
        },
    }
    write_bundle(folder, meta, files)


def _validation(seen: Seen, fitted: Fitted, source: str) -> dict[str, Any]:
    """Figures of one data set, as a training run records them."""
    columns = seen.take(seen.sources == source).columns(fitted)
    figures: dict[str, Any] = {"n": len(columns), "accepted": round(float(columns.accepted.mean()), 5)}
    digits = columns.digits
    if len(digits):
        figures["forced"] = round(float(digits.right.mean()), 5)
        figures["wrong_accepted"] = int((digits.accepted & ~digits.right).sum())
    return figures
