"""The engine: Daft in this process and others of this machine, or on the machines of a Ray cluster."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recognizer.bulk import storage
from recognizer.bulk.output import packed, unpacked
from recognizer.bulk.parts import Part
from recognizer.errors import RecognizerError, UsageError, WorkerError

if TYPE_CHECKING:
    from daft import Series

    from recognizer.bulk.worker import Setup
    from recognizer.results import Tally

_PATIENCE_S = 10.0
LOCAL = "local"  # a cluster of this machine alone, which ends with the program
# Neither engine reports to its makers, and the only progress that is shown is ours.
_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TQDM": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs the work.

    Attributes:
        workers: how many parts are in work at the same time.
        ray: whether it is a cluster.
    """

    workers: int
    ray: bool

    def tallies(self, parts: Sequence[Part], setup: Setup) -> Iterator[Tally]:
        """Have the parts done; yields the counts of each when its answers are written, in any order.

        Raises:
            WorkerError: a worker could not go on.
        """
        import daft

        workers = min(self.workers, len(parts))
        frame = daft.from_pydict({"part": [part.packed() for part in parts]})
        if self.ray:
            frame = frame.into_partitions(len(parts))
        # Several parts go to processes, one for each worker: finding ink holds Python's lock.
        alone = len(parts) == 1 and not self.ray
        reader = daft.cls(
            _reader_class(),
            cpus=None if alone else 1,
            use_process=False if alone else None,
            max_concurrency=None if alone else workers,
        )
        done = frame.select(reader(setup).read(frame["part"]))
        try:
            with daft.execution_config_ctx(maintain_order=False):
                for batch in done.to_arrow_iter(results_buffer_size=None):
                    for counts in batch.column(0).to_pylist():
                        yield unpacked(json.loads(counts))
        except Exception as error:
            raise _told(error) from error


def start(ray: str | None, workers: int | None) -> Engine:
    """Start the engine, once in a process.

    Args:
        ray: the address of a Ray cluster, or "local" for one on this machine; None to work without.
        workers: how many; None for as many as there are cores.

    Raises:
        UsageError: there is no such cluster, or the process uses another engine.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        cores = os.cpu_count() or 1 if ray is None else _connect(ray, workers)
        _choose("native" if ray is None else "ray")
    except Exception as error:
        raise UsageError(f"--ray {ray}: can't be used here ({storage.one_line(error)})") from None
    return Engine(workers or cores, ray is not None)


def _choose(kind: str) -> None:
    """Make Daft use an engine, unless it does already: it takes one for the life of a process."""
    import daft
    from daft.runners import get_or_create_runner

    logging.getLogger("daft_local_execution").setLevel(logging.CRITICAL)  # what it says, our own errors say
    try:
        if kind == "native":
            daft.set_runner_native()
        else:
            daft.set_runner_ray(noop_if_initialized=True)
    except Exception:  # it tells what it uses only once it uses something
        used = get_or_create_runner().name
        if used != kind:
            raise UsageError(
                f"this process already uses Daft's engine {used!r}: start another process"
            ) from None


def _connect(address: str, workers: int | None) -> int:
    """Connect to a cluster; returns how many cores it has."""
    import ray

    if not ray.is_initialized():
        _check(address)
        settings: dict[str, Any] = (
            {"num_cpus": workers, "include_dashboard": False} if address == LOCAL else {"address": address}
        )
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **settings)
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get("CPU", 1))


def _check(address: str) -> None:
    """Make sure that somebody listens at an address: Ray would go on trying.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()


def _told(error: BaseException) -> WorkerError:
    """What stopped the work, for people: what is behind the engine's errors, without its traceback."""
    while error.__cause__ is not None and not isinstance(error, RecognizerError):
        error = error.__cause__
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return WorkerError(f"a worker stopped: {lines[-1]}; what was written is kept: run the same command again")


def _reader_class() -> type:
    """A worker as Daft calls it: made once in each process, given a part at a time."""
    from daft import DataType, method

    class Reader:
        def __init__(self, setup: Setup) -> None:
            from recognizer.bulk.worker import Worker

            self.worker = Worker(setup)

        @method.batch(return_dtype=DataType.string(), batch_size=1)
        def read(self, parts: Series) -> list[str]:
            # Daft's own threads may not wait for what they are to fetch, others may.
            with ThreadPoolExecutor(1) as pool:
                tallies = pool.map(self.worker.read, map(Part.unpacked, parts.to_pylist()))
                return [json.dumps(packed(tally)) for tally in tallies]

    return Reader
