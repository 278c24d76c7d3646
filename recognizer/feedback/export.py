"""Cases as a folder: images by label, and a table that `badcase ingest` reads again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.csv_table import csv_table
from recognizer.errors import ImageError
from recognizer.feedback.cases import Case, Report
from recognizer.feedback.fields import label_text
from recognizer.feedback.rows import TABLE
from recognizer.files import write_whole
from recognizer.image.opening import kind_of

if TYPE_CHECKING:
    from recognizer.feedback.store import Store

DISPUTED = "disputed"  # the folder of cases that have no label
COLUMNS = (
    *(
        "path",
        "label",
        "source",
        "reporter",
        "time",
        "answer",
        "best",
        "reason",
        "confidence",
        "scores",
        "model",
    ),
    *("name", "note", "decision", "report", "case", "state"),
)
_PAGE = 500
_SUFFIX = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "BMP": ".bmp", "GIF": ".gif", "WebP": ".webp"}


def export(store: Store, cases: Iterable[Case], folder: Path) -> Iterator[Case]:
    """Write cases to a folder, one after the other, and then the table; each is given once its image is written.

    The table has a row for each report, in the order of their storage, so that reading it again gives the same cases.
    """
    text = io.StringIO(newline="")
    table = csv_table(text, COLUMNS)
    source = iter(cases)
    folder.mkdir(parents=True, exist_ok=True)
    while page := list(islice(source, _PAGE)):
        reports = store.reports([case.id for case in page])
        for case in page:
            ((_, image),) = store.images([case.id])
            path = f"{label_text(case.label) or DISPUTED}/{case.id:06d}{_suffix(image)}"
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(image)
            table.writerows(_row(path, report, case) for report in reports[case.id])
            yield case
    write_whole(folder / TABLE, text.getvalue().encode())


def _suffix(image: bytes) -> str:
    try:
        return _SUFFIX[kind_of(image)]
    except ImageError:  # it could be read when it was stored, by a version that knew its kind
        return ".bin"


def _row(path: str, report: Report, case: Case) -> dict[str, object]:
    said: dict[str, object] = {
        "path": path,
        "label": label_text(report.label),
        "source": report.source,
        "reporter": report.reporter,
        "time": report.time,
        "name": report.name,
        "note": report.note,
        "decision": "yes" if report.decision else "",
        "report": report.key,
        "case": case.id,
        "state": case.state,
    }
    answer = report.answer
    if answer is None:
        return said
    return said | {
        "answer": label_text(answer.digit),
        "best": label_text(answer.best),
        "reason": answer.reason,
        "confidence": answer.confidence,
        "scores": " ".join(map(str, answer.scores)),
        "model": answer.model,
    }
