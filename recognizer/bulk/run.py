"""A bulk run: list the inputs, leave out what is done already, and give the rest to workers."""

from __future__ import annotations

import io
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZipFile

from recognizer.bulk import storage
from recognizer.bulk.asked import Asked
from recognizer.bulk.engine import start
from recognizer.bulk.output import RUN, add, look, opened
from recognizer.bulk.plan import Inputs, Plan, make_plan
from recognizer.bulk.worker import Setup
from recognizer.errors import UsageError
from recognizer.needs import need_extra

if TYPE_CHECKING:
    from recognizer.results import Tally

PART_ROWS = 10_000
_PACKAGES = ("daft", "ray", "pyarrow")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did.

    Attributes:
        out: the folder with the answers.
        tally: how all images were answered that are in it, those of earlier runs included.
        skipped: images of this run's inputs that were in it before.
    """

    out: str
    tally: Tally
    skipped: int


def recognize_bulk(
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    column: str | None = None,
    asked: Asked | None = None,
    ray: str | None = None,
    workers: int | None = None,
    part_rows: int = PART_ROWS,
    retry: bool = False,
    progress: Callable[[int, int], object] | None = None,
    stdin: BinaryIO | None = None,
) -> Result:
    """Read the digits on very many images; see docs/bulk.md.

    Args:
        inputs: files, folders, patterns and URLs of images; with ``column``, of Parquet files.
        out: the folder, or its URL, where a Parquet file is written for each part. What is in it is not done again.
        column: the column of the Parquet files that holds images, as the bytes of files, or their paths or URLs.
        asked: how to read them.
        ray: the address of a Ray cluster, or "local" for one on this machine; None to work without.
        workers: how many images are read at the same time; None for as many as there are cores.
        part_rows: the most images of a part: what is lost, for each worker, when a run is killed.
        retry: try images again that could not be read before.
        progress: is told how many images are done, and of how many.
        stdin: where an input ``-`` reads from; standard input when not given.

    Raises:
        UsageError: an argument, an input or the output can't be used.
        ModelError: there is no usable model.
        GalleryError: neighbours are asked for, and there is no gallery that can be used.
        WorkerError: a worker could not go on; what is written stays, and the same call goes on from there.
    """
    if part_rows < 1 or (workers is not None and workers < 1):
        raise UsageError("part_rows and workers must be 1 or more")
    need_extra("scale", "bulk work needs", *_PACKAGES)
    asked, folder = asked or Asked(), os.fspath(out)
    recognizer = asked.load()
    told = asked.told(recognizer)
    engine, new = start(ray, workers), 0
    with opened(folder), tempfile.TemporaryDirectory(prefix="recognizer-") as scratch:
        found = look(folder, told, retry)
        setup = Setup(asked.of(recognizer.bundle), told, _absolute(folder), _run_name(), os.getpid(), None)
        names = Path(scratch, "names.parquet")
        plan = make_plan(Inputs([os.fspath(i) for i in inputs], column, stdin), found.done, names)
        with _within_reach(plan, setup, names) if engine.ray else nullcontext((plan, setup)) as (near, reach):
            parts = near.parts(engine.workers, part_rows)
            for tally in engine.tallies(parts, reach) if parts else ():
                add(found.tally, tally)
                new += tally.files
                if progress is not None:
                    progress(new, near.rows)
    return Result(folder, found.tally, plan.skipped)


@contextmanager
def _within_reach(plan: Plan, setup: Setup, names: Path) -> Iterator[tuple[Plan, Setup]]:
    """Give the machines of a cluster what only this one has: the model, and the list of names."""
    copies = {}
    for place, content in ((names, names.read_bytes()), (Path("model.zip"), _zipped(setup.asked.model))):
        copies[place.name] = storage.below(setup.out, f".{setup.run}-{place.name}")
        storage.put(copies[place.name], content)
    spans = [replace(s, file=copies[names.name]) if s.file == str(names) else s for s in plan.spans]
    try:
        yield replace(plan, spans=spans), replace(setup, driver=None, model=copies["model.zip"])
    finally:
        for copy in copies.values():
            if not storage.is_remote(copy):  # Daft, which reaches stores, removes nothing from them
                Path(copy).unlink()


def _zipped(model: str | os.PathLike[str] | None) -> bytes:
    stream = io.BytesIO()
    with ZipFile(stream, "w") as archive:
        for file in sorted(Path(model or "").iterdir()):
            archive.write(file, file.name)
    return stream.getvalue()


def _absolute(folder: str) -> str:
    return folder if storage.is_remote(folder) else str(Path(storage.local_path(folder)).absolute())


def _run_name() -> str:
    """Differs from run to run, and sorts by time."""
    return f"{RUN}{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
