"""The engine: Daft in this process and others of this machine, or on the machines of a Ray cluster."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recognizer.bulk import storage
from recognizer.bulk.output import packed, unpacked
from recognizer.bulk.parts import Part
from recognizer.errors import RecognizerError, UsageError, WorkerError

if TYPE_CHECKING:
    from daft import Series

    from recognizer.bulk.worker import Setup
    from recognizer.cli.formats import Tally

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
        # A worker alone needs no process of its own. Several do: finding ink holds Python's lock.
        reader = daft.cls(
            _reader_class(), cpus=1, max_concurrency=workers, use_process=not self.ray and workers > 1
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
    import daft

    try:
        if ray is None:
            daft.set_runner_native()
            return Engine(workers or os.cpu_count() or 1, False)
        cores = _connect(ray, workers)
        daft.set_runner_ray(noop_if_initialized=True)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"--ray {ray}: can't be used here ({storage.one_line(error)})") from None
    return Engine(workers or cores, True)


def _connect(address: str, workers: int | None) -> int:
    """Connect to a cluster; returns how many cores it has."""
    import logging

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
            return [json.dumps(packed(self.worker.read(Part.unpacked(part)))) for part in parts.to_pylist()]

    return Reader
