"""Side by side: this project and other readers of digits, in one run. Accuracy, false accepts, speed, memory, size.

    python benchmarks/run.py --data DIR [--quick] [--only NAME…] [--seed 0] [--model FOLDER] [--env DIR]

Each library is installed into an environment of its own (below ``--env``, a cache folder by default) and runs in
processes of its own, one after the other, with as many threads as it takes. ``--quick`` measures few images, within two
minutes once all is installed, and writes to files of its own: its figures only show that everything works. DIR holds
mnist/, usps-train.npz, omniglot.npz and sudoku-cells.npz.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import command_line
from environments import NotInstalledError, default_folder, environment, folder_bytes, installed_bytes
from peer.figures import Answers, curve, operation, right, threshold_at
from peer.material import FULL, KIND_OF, KINDS, QUICK, REPORTED, Pages, Scale, load, write_all
from peer.recognizers import OURS, Peer, peers
from peer.report import report
from PIL import Image
from processes import ROOT, measured_by

from recognizer import Recognizer
from recognizer.data import find_data

CROPS = (0.0, 0.1, 0.18, 0.25)
OWN_PACKAGES = ("recognizer", "retrieval", "reject_gen")


@dataclass(frozen=True)
class Place:
    """Where a run keeps its files, and how much it measures."""

    folder: Path
    files: Mapping[str, str]
    scale: Scale

    def job(self, peer: Peer, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """A job for a recognizer's process."""
        return {
            "reader": peer.reader,
            "packages": peer.packages,
            "learnt": str(self.folder / f"{peer.name}.npz"),
            **more,
        }


class PeerError(Exception):
    """Why a recognizer can't be measured."""


def asked(python: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """What a recognizer's process says of a job.

    Raises:
        PeerError: it failed.
    """
    try:
        result = measured_by(python, "peer_process.py", job, threads=None)
    except subprocess.CalledProcessError as error:
        raise PeerError(f"its process ended with {error.returncode}") from None
    if "error" in result:
        raise PeerError(result["error"])
    return result


def choices(peer: Peer, python: Path, place: Place) -> dict[str, Any]:
    """Options and forms, chosen on validation images where there is a choice."""
    if len(peer.options) == len(peer.forms) == 1:
        form = asdict(peer.forms[0])
        return {"options": dict(peer.options[0]), "forms": dict.fromkeys(KINDS, form), "tried": []}
    job = place.job(
        peer,
        task="choose",
        options=[dict(each) for each in peer.options],
        forms=[asdict(form) for form in peer.forms],
        crops=CROPS,
        **{kind: place.files[f"chosen {kind}"] for kind in KINDS},
        learn=place.files["learn"],
        learn_few=place.scale.learn_few,
    )
    return asked(python, job)


def measure(peer: Peer, python: Path, place: Place, sets: Mapping[str, Pages]) -> dict[str, Any]:
    """All figures of one recognizer."""
    chosen = choices(peer, python, place)
    setting = {"options": chosen["options"], "forms": chosen["forms"]}
    names = (REPORTED[0], "validation", *REPORTED[1:])
    files = [
        {
            "file": place.files[name],
            "form": KIND_OF[name],
            "out": str(place.folder / "answers" / f"{name}.npz"),
        }
        for name in names
    ]
    scale = place.scale
    speed = asked(
        python,
        place.job(
            peer, task="measure", files=files, timed=scale.timed, timed_together=scale.together, **setting
        ),
    )
    answers = {name: Answers.read(Path(part["out"])) for name, part in zip(names, files, strict=True)}
    start = cold_start(peer, python, place, setting)
    return setting | {
        "tried": chosen["tried"],
        "tried_on_photographs": chosen.get("tried_on_photographs", []),
        "versions": speed.pop("versions"),
        "speed": {**speed, **start},
        "installed_bytes": sizes(peer, python),
        **figures(answers, sets),
    }


def cold_start(peer: Peer, python: Path, place: Place, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds from the start to the end of a process that reads one file, and the most memory that it held."""
    job = place.job(peer, task="cold", image=str(place.folder / "digit.png"), bright=True, **setting)
    times, held = [], 0
    for _ in range(place.scale.starts + 1):
        start = time.perf_counter()
        held = asked(python, job)["peak_bytes"]
        times.append(time.perf_counter() - start)
    return {"cold_s": statistics.median(times[1:]), "cold_peak_bytes": held}


def sizes(peer: Peer, python: Path) -> dict[str, int]:
    """Bytes of what is installed, by part."""
    own = {name: folder_bytes(ROOT / name) for name in OWN_PACKAGES} if peer.name == OURS else {}
    return installed_bytes(python) | own


def figures(answers: Mapping[str, Answers], sets: Mapping[str, Pages]) -> dict[str, Any]:
    """Accuracy and acceptance."""
    labels = sets["MNIST"].labels
    cells = sets["sudoku"]
    printed = np.zeros(len(cells.labels), bool) if cells.printed is None else cells.printed
    return {
        "right": {
            "MNIST": right(answers["MNIST"], labels),
            "USPS": right(answers["USPS"], sets["USPS"].labels),
            "sudoku, printed": right(answers["sudoku"], cells.labels, printed),
            "sudoku, handwritten": right(answers["sudoku"], cells.labels, ~printed),
            "sudoku": right(answers["sudoku"], cells.labels),
        },
        "as_it_comes": operation(answers, labels, None),
        "at_99": operation(answers, labels, threshold_at(answers["validation"])),
        "curve": curve(answers["MNIST"], answers["Omniglot"]),
    }


def compare(args: argparse.Namespace, scale: Scale, sets: Mapping[str, Pages]) -> dict[str, dict[str, Any]]:
    """The figures of each recognizer, or why there are none."""
    found: dict[str, dict[str, Any]] = {}
    root = Path(args.env) if args.env else default_folder("compared")
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), write_all(sets, Path(folder)), scale)
        (place.folder / "answers").mkdir()
        Image.fromarray(sets["MNIST"].images[0]).save(place.folder / "digit.png")
        for peer in peers(args.model):
            if args.only and peer.name not in args.only:
                continue
            start = time.perf_counter()
            try:
                found[peer.name] = measure(peer, environment(root / peer.home, peer.libraries), place, sets)
            except (NotInstalledError, PeerError) as error:
                found[peer.name] = {"error": str(error)}
            print(f"{peer.name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measure, and write the tables, the plots and the metrics file."""
    parser = command_line(
        __doc__, data="mnist/, usps-train.npz, omniglot.npz and sudoku-cells.npz", model=True, seed=0
    )
    parser.add_argument("--quick", action="store_true", help="few images: within two minutes")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of them, by name")
    parser.add_argument("--env", help="folder of the environments (default: a cache folder)")
    args = parser.parse_args()
    scale = QUICK if args.quick else FULL
    model = Recognizer.load(args.model, threads=1)
    sets = load(find_data(args.data), model.bundle, scale, args.seed)
    found = compare(args, scale, sets)
    report(found, sets, scale, model=model.model, seed=args.seed, quick=args.quick)


if __name__ == "__main__":
    main()
