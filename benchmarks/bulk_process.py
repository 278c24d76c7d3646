"""One bulk run in a process of its own: what it took, as an object on the last line; see `bulk.py`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from processes import peak

MIB = 1 << 20


def largest_worker() -> int:
    """Peak memory, in bytes, of the largest child process that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def main() -> None:
    """Do the job of the first argument: files, out, column, workers, ray, part_rows."""
    job = json.loads(sys.argv[1])
    from recognizer.bulk import recognize_bulk

    told: list[tuple[float, int]] = []
    start = time.perf_counter()
    result = recognize_bulk(
        job["files"],
        job["out"],
        column=job["column"],
        workers=job["workers"],
        ray=job["ray"],
        part_rows=job["part_rows"],
        progress=lambda done, _: told.append((time.perf_counter(), done)),
    )
    end = time.perf_counter()
    # From the first part on, all workers have loaded their model, or nearly so.
    (first, before), (last, after) = (told[0], told[-1]) if told else ((end, 0), (end, 0))
    print(
        json.dumps({
            "n": result.tally.files,
            "skipped": result.skipped,
            "unreadable": result.tally.unreadable,
            "seconds": end - start,
            "first_s": first - start,
            "rate": (after - before) / (last - first) if last > first else None,
            "driver_mib": peak() / MIB,
            "worker_mib": largest_worker() / MIB,
            "out_bytes": sum(file.stat().st_size for file in Path(job["out"]).glob("*.parquet")),
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
