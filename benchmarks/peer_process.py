"""One recognizer in a process of its own: chooses its input form, answers images, is timed.

Started by `run.py` with a job as JSON; arrays come and go as .npz files. Nothing but numpy, Pillow and the recognizer's
own library is imported.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peer.forms import Form, Grey, prepare
from peer.readers import Answer, Reader
from PIL import Image
from processes import peak

Job = dict[str, Any]
WARM_UP = 20
KINDS = ("digits", "tight")


def make(job: Job, options: dict[str, Any]) -> Any:  # noqa: ANN401 - a Reader, which may be a Learner
    """The job's reader, which has not learnt yet."""
    module, _, name = job["reader"].partition(":")
    return getattr(importlib.import_module(module), name)(options)


def learnt(job: Job) -> Reader:
    """The job's reader, ready to read."""
    reader = make(job, job["options"])
    if reader.learns:
        reader.load(Path(job["learnt"]))
    return reader  # type: ignore[no-any-return]


def material(file: str) -> tuple[list[Grey], bool, NDArray[np.uint8]]:
    """A file's images, whether their ink is bright, and what they show."""
    with np.load(file, allow_pickle=False) as stored:
        return list(stored["images"]), bool(stored["bright"]), stored["labels"]


def prepared(file: str, form: Form) -> list[Grey]:
    """A file's images in a form."""
    images, bright, _ = material(file)
    return [prepare(image, bright, form) for image in images]


def right(reader: Reader, file: str, form: Form) -> float:
    """The share of a file's images whose best guess is right."""
    answers = reader.many(prepared(file, form))
    return float(np.mean([p.best == label for p, label in zip(answers, material(file)[2], strict=True)]))


def choose(job: Job) -> dict[str, Any]:
    """The options, and the form of each kind of page, with the most validation images read right; the first of equals.

    Options are chosen by the mean over two kinds, each in its best form: "digits", as MNIST has them, and "tight",
    cut to their ink. Then the form of "photographs" is chosen, with some of the border cut off or none. A learner
    learns from few images while options are tried, then from all.
    """
    forms = [Form(**form) for form in job["forms"]]
    tried = []
    for options in job["options"]:
        reader = _taught(job, options, job["learn_few"])
        tried.append(
            {"options": options, "kinds": {kind: _shares(reader, job[kind], forms) for kind in KINDS}}
        )
    best = max(tried, key=lambda each: sum(_best(shares)["right"] for shares in each["kinds"].values()))
    reader = _taught(job, best["options"], job["learn_few"])
    photographs = _shares(reader, job["photographs"], list(_cropped(forms, job["crops"])))
    if reader.learns:
        _taught(job, best["options"], None).save(Path(job["learnt"]))
    kinds = best["kinds"] | {"photographs": photographs}
    return {
        "options": best["options"],
        "forms": {kind: _best(shares)["form"] for kind, shares in kinds.items()},
        "tried": tried,
        "tried_on_photographs": photographs,
    }


def _shares(reader: Reader, file: str, forms: Sequence[Form]) -> list[dict[str, Any]]:
    return [{"form": asdict(form), "right": right(reader, file, form)} for form in forms]


def _best(shares: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return max(shares, key=lambda each: float(each["right"]))


def _taught(job: Job, options: dict[str, Any], first: int | None) -> Any:  # noqa: ANN401
    reader = make(job, options)
    if reader.learns:
        images, _, labels = material(job["learn"])
        reader.fit(images[:first], labels[:first])
    return reader


def _cropped(forms: Sequence[Form], crops: Sequence[float]) -> Iterator[Form]:
    for form, crop in product(forms, crops):
        yield Form(**asdict(form) | {"crop": crop})


def measure(job: Job) -> dict[str, Any]:
    """Answer all files, and time the first images of the first: alone, and all at once."""
    reader = learnt(job)
    forms = {name: Form(**form) for name, form in job["forms"].items()}
    for part in job["files"]:
        write_answers(Path(part["out"]), reader.many(prepared(part["file"], forms[part["form"]])))
    pages = prepared(job["files"][0]["file"], forms[job["files"][0]["form"]])
    times = one_by_one(reader, pages[: job["timed"]])
    rate = 1 / float(np.mean(times))
    if reader.batches:
        many = pages[: job["timed_together"]]
        start = time.perf_counter()
        reader.many(many)
        rate = max(rate, len(many) / (time.perf_counter() - start))
    median, high = (1000 * float(np.percentile(times, share)) for share in (50, 95))
    return {"median_ms": median, "p95_ms": high, "per_second": rate, "peak_bytes": peak()}


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Answers as arrays: best and digit int8 (N,), confidence float64 (N,)."""
    np.savez(
        path,
        allow_pickle=False,
        best=np.array([p.best for p in answers], np.int8),
        digit=np.array([p.digit for p in answers], np.int8),
        confidence=np.array([p.confidence for p in answers], np.float64),
    )


def one_by_one(reader: Reader, pages: Sequence[Grey]) -> list[float]:
    """Seconds of each page, after some that do not count."""
    for page in pages[:WARM_UP]:
        reader.quick(page)
    times = []
    for page in pages:
        start = time.perf_counter()
        reader.quick(page)
        times.append(time.perf_counter() - start)
    return times


def cold(job: Job) -> dict[str, Any]:
    """Read one file, in a process that does nothing else."""
    page = np.asarray(Image.open(job["image"]).convert("L"))
    answer = learnt(job).one(prepare(page, job["bright"], Form(**job["forms"]["digits"])))
    return {"best": answer.best, "peak_bytes": peak()}


def found_versions(packages: Sequence[str]) -> dict[str, str]:
    """The versions of packages that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Do the job of the first argument, and print what came of it as JSON."""
    job = json.loads(sys.argv[1])
    tasks = {"choose": choose, "measure": measure, "cold": cold}
    try:
        result = tasks[job["task"]](job) | {"versions": found_versions(job["packages"])}
    except Exception as error:  # whatever a library raises becomes a line of the table
        result = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
