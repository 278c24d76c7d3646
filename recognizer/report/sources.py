"""Where the report's figures come from: which command writes which file, and the files that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.bundle import META, Bundle
from recognizer.errors import DataError
from recognizer.measure.record import FILE, model_hashes, read_record
from recognizer.results import name_and_version

TRAINING = "training"
ENCODER_DIGITS = 12
RUN = Path("runs/best")
RESULTS = (Path("benchmarks/results"), Path("runs"))


@dataclass(frozen=True)
class Source:
    """A metrics file that the report reads.

    Attributes:
        name: of the file, without its ending, or of the folder that holds it.
        command: what writes it.
        minutes: how long that takes on two cores, roughly; 0 for less than one.
    """

    name: str
    command: str
    minutes: int


_RESULT = "benchmarks/results"
# In the order in which they can be made.
ALL = (
    Source(TRAINING, "recognizer train --config configs/best.toml", 60),
    Source("ladder", "recognizer ladder --config configs/ladder.toml", 8),
    Source("shuffling", "python benchmarks/studies.py shuffling --run runs/best", 6),
    Source("rejects", "python benchmarks/studies.py rejects --run runs/best", 10),
    Source(
        "specialists",
        "recognizer specialists --config configs/specialists.toml --run runs/best "
        "--light runs/light-fortieth runs/light",
        15,
    ),
    Source(
        "evaluation",
        f"recognizer evaluate --data mnist rejects --failures 60 --json > {_RESULT}/evaluation.json",
        0,
    ),
    Source(
        "stage_two",
        "recognizer evaluate --stages --data mnist rejects --model runs/specialists/bundle --json "
        f"> {_RESULT}/stage_two.json",
        0,
    ),
    Source(
        "stage_two_light",
        "recognizer evaluate --stages --data mnist usps.npz cells.npz rejects --model runs/specialists/bundle-light "
        f"--json > {_RESULT}/stage_two_light.json",
        0,
    ),
    Source(
        "stage_two_light_b",
        "recognizer evaluate --stages --data mnist usps.npz cells.npz rejects --model runs/specialists/bundle-light-b "
        f"--json > {_RESULT}/stage_two_light_b.json",
        0,
    ),
    Source("stages", "python benchmarks/stages.py --data mnist:validation rejects", 1),
    Source("strangers", "python benchmarks/strangers.py", 0),
    Source("signals", "python benchmarks/signals.py --run runs/best", 2),
    Source("robustness", "python benchmarks/robustness.py", 1),
    Source("reasons", "python benchmarks/reasons.py", 1),
    Source("fields", "python benchmarks/fields.py --test", 5),
    Source("speed", "python benchmarks/speed.py", 1),
    Source("peers", "python benchmarks/run.py", 30),
    Source("detectors", "python benchmarks/detectors.py --run runs/best", 5),
    Source("embedding", "recognizer train --config configs/embedding.toml", 30),
    Source("search_schemes", "python benchmarks/search_schemes.py", 5),
    Source("search_recall", "python benchmarks/search_recall.py", 3),
    Source("search_engines", "python benchmarks/search_engines.py", 10),
    Source("search_growth", "python benchmarks/search_growth.py", 5),
    Source("duplicates", "python benchmarks/duplicates.py", 3),
    Source("badcases", "python benchmarks/badcases.py", 60),
    Source("planted", "python benchmarks/planted.py", 15),
    Source("service", "python benchmarks/service.py", 5),
)
SOURCES = {source.name: source for source in ALL}


@dataclass(frozen=True)
class Found:
    """A metrics file that is there.

    Attributes:
        source: what it is.
        file: where it is.
        record: what it holds.
        other: the model or encoder that it is about, if that is not the report's; "" otherwise.
    """

    source: Source
    file: Path
    record: dict[str, Any]
    other: str

    @property
    def place(self) -> str:
        """Where the file is, for people: below the current folder where it lies there."""
        here = Path.cwd()
        return (
            str(self.file.resolve().relative_to(here))
            if self.file.resolve().is_relative_to(here)
            else str(self.file)
        )

    @property
    def figures(self) -> dict[str, Any]:
        """What was found."""
        figures: dict[str, Any] = self.record["figures"]
        return figures

    def origin(self) -> Iterator[tuple[str, str]]:
        """What a reader needs to judge and repeat it: names and values."""
        record, hardware = self.record, self.record["hardware"]
        yield "command", record["command"]
        for name in ("n", "seed"):
            value = record.get(name)
            if value not in (None, ""):
                yield name, f"{value:,}" if isinstance(value, int) else str(value)
        yield "date", record["date"][:10]
        yield "hardware", f"{hardware['cpu']}, {hardware['cores']} cores"
        if record.get("model"):
            yield "model", record["model"]["name"]
        if record.get("note"):
            yield "note", record["note"]

    def beside(self, *names: str) -> Path | None:
        """The first of these files that lies in the same folder."""
        return next((file for name in names if (file := self.file.parent / name).is_file()), None)


@dataclass(frozen=True)
class Material:
    """All that the report is made of.

    Attributes:
        bundle: the model that it is about.
        found: the files that are there, by the names of their sources.
        problems: why a file that is there can't be used, by the name of its source.
        data: the folder of data sets; None for that of RECOGNIZER_DATA.
    """

    bundle: Bundle
    found: dict[str, Found]
    problems: dict[str, str]
    data: str | None = None

    @property
    def description(self) -> str:
        """What to call the file in which the model describes itself."""
        return f"{META} of {self.bundle.name}"


def gather(bundle: Bundle, results: Sequence[Path], run: Path, data: str | None) -> Material:
    """Find and read all files.

    Args:
        bundle: the model that the report is about.
        results: folders to search, the first one first.
        run: the folder of the model's training.
        data: the folder of data sets.
    """
    found: dict[str, Found] = {}
    problems: dict[str, str] = {}
    encoder = _encoder()
    for source in ALL:
        file = _file_of(source.name, results, run)
        if file is None:
            continue
        try:
            record = read_record(file)
            other = _other_model(record, bundle) or _other_encoder(record, encoder)
            found[source.name] = Found(source, file, record, other)
            list(found[source.name].origin())
        except (DataError, KeyError, TypeError) as error:
            found.pop(source.name, None)
            problems[source.name] = str(error) if isinstance(error, DataError) else f"{file}: is incomplete"
    return Material(bundle, found, problems, data)


def _file_of(name: str, results: Sequence[Path], run: Path) -> Path | None:
    places = [place for folder in results for place in (folder / f"{name}.json", folder / name / FILE)]
    if name == TRAINING:
        places.append(run / FILE)
    return next((place for place in places if place.is_file()), None)


def _other_model(record: dict[str, Any], bundle: Bundle) -> str:
    """The name of the model that was measured, unless it is the one of the report."""
    model = record.get("model")
    if not model or record["command"].startswith("recognizer specialists"):
        return ""
    name, files = str(model["name"]), model.get("files")
    if files is None:  # a benchmark tells name and operating point
        return "" if name_and_version(name) == bundle.name else name
    own = model_hashes(bundle)["files"]
    # A version may be renamed: what answers are the networks.
    same = files.get(META) == own[META] or _networks(files) == _networks(own)
    return "" if same else name


def _networks(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name.endswith(".onnx")}


def _encoder() -> str:
    """The start of the installed encoder's hash, as benchmarks write it; "" where there is none."""
    from retrieval.encoder import Encoder
    from retrieval.errors import RetrievalError

    try:
        return Encoder.open().hash[:ENCODER_DIGITS]
    except RetrievalError:
        return ""


def _other_encoder(record: dict[str, Any], encoder: str) -> str:
    """The encoder that a benchmark measured, unless it is the installed one."""
    told = str(record.get("facts", {}).get("encoder", ""))
    return f"encoder {told}" if told and (not encoder or encoder not in told) else ""
