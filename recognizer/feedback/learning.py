"""From bad cases to a candidate: a copy of the current model that learnt from them. It replaces nothing by itself."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recognizer.audit import now
from recognizer.bundle import META, WEIGHTS, Bundle, read_bundle
from recognizer.errors import ModelError, UsageError
from recognizer.feedback.cases import Case, Chosen
from recognizer.feedback.comparison import Known
from recognizer.feedback.diagnosis import Diagnosis, examine, need_packages, specialists_of
from recognizer.feedback.evidence import Evidence, gather
from recognizer.feedback.ingest import recheck
from recognizer.feedback.parts import divide
from recognizer.files import locked, sync, write_whole
from recognizer.pipeline import Recognizer
from recognizer.places import home
from recognizer.results import name_and_version

if TYPE_CHECKING:
    from recognizer.feedback.store import Store
    from recognizer.training.learn import LearnConfig
    from recognizer.training.progress import Progress
    from recognizer.training.samples import Pool, Pools
    from retrieval import Gallery

VALIDATION = "validation.npz"
FOLDER = "candidate"  # below RECOGNIZER_HOME
_LOCK = ".candidate.lock"
_STAGED = ".candidate-"
FEWEST = 5  # cases to learn from


@dataclass(frozen=True)
class Material:
    """What a model is to learn from and what it is to be judged by.

    Attributes:
        learn: cases to learn from.
        judge: the numbers of cases to judge by.
        look: the numbers of cases whose labels are in doubt, which are used for neither.
        diagnosis: the proposals.
    """

    learn: Evidence
    judge: tuple[int, ...]
    look: tuple[int, ...]
    diagnosis: Diagnosis


def candidate_folder() -> Path:
    """Where the candidate is, if there is one."""
    return home() / FOLDER


def prepare(store: Store, recognizer: Recognizer, gallery: Gallery) -> Material:
    """Bring the cases up to date, diagnose them, and set aside those that are not yet, for good.

    Raises:
        UsageError: there are too few cases to learn from, none to judge by, or none of these that is wrong; or a
            package that a diagnosis needs is not installed.
    """
    need_packages()
    name = recognizer.bundle.name
    stale = [case.id for case in store.cases() if name_and_version(case.answer.model) != name]
    recheck(store, recognizer, stale)
    cases = gather(store, store.cases(), gallery.encoder)
    diagnosis = examine(cases, gallery, specialists_of(recognizer.bundle))
    look = {case for group in diagnosis.groups if group.action == "look" for case in group.cases}
    usable = cases.take(~np.isin(cases.ids, sorted(look)) | cases.settled)
    parts = _set_aside(store, usable)
    learn = usable.take(np.array([parts[case] == "learn" for case in usable.ids.tolist()], np.bool_))
    to_judge = usable.take(np.array([parts[case] == "judge" for case in usable.ids.tolist()], np.bool_))
    judge = tuple(to_judge.ids.tolist())
    if len(learn) < FEWEST or not judge:
        raise UsageError(
            f"there are {len(learn)} cases to learn from and {len(judge)} to judge by, and at least {FEWEST} and 1 "
            "are needed: report more images, if possible from several sources"
        )
    if to_judge.right.all():
        raise UsageError(
            f"{name} already reads all {len(judge)} judged cases right, so no candidate could be better: "
            "report more images that it gets wrong"
        )
    return Material(learn, judge, tuple(sorted(look)), diagnosis)


def _set_aside(store: Store, usable: Evidence) -> dict[int, str | None]:
    """The part of each usable case, after those without one got theirs."""
    wanted = set(usable.ids.tolist())
    cases: list[Case] = [case for case in store.cases() if case.id in wanted]
    keys = {case: glyph.tobytes() for case, glyph in zip(usable.ids.tolist(), usable.glyphs, strict=True)}
    fresh = divide(cases, keys)
    store.set_aside([case for case, part in fresh.items() if part == "judge"], "judge")
    store.set_aside([case for case, part in fresh.items() if part == "learn"], "learn")
    return {case.id: fresh.get(case.id, case.part) for case in cases}


def learn(  # noqa: PLR0917 - a model, what to learn, what to replay, how, and where
    bundle: Bundle, material: Material, pools: Pools, config: LearnConfig, progress: Progress, folder: Path
) -> dict[str, Any]:
    """Make the candidate, in place of an earlier one; at any moment there is a whole one or none.

    Args:
        bundle: the current model.
        material: what to learn.
        pools: what is shown again, so that nothing is forgotten.
        config: the settings of the training.
        progress: is told what is going on.
        folder: of the candidate.

    Returns:
        What was done, as the candidate's ``meta.json`` holds it under "learning".

    Raises:
        ModelError: the model has no weights to go on from.
    """
    from recognizer.training.learn import Lesson, make_candidate
    from recognizer.training.samples import Pool

    if WEIGHTS not in bundle.meta["files"]:
        raise ModelError(
            f"{bundle.folder}: the model has no {WEIGHTS} to go on learning from: train it again, "
            "or run `recognizer models use shipped`"
        )
    start = time.monotonic()
    cases = material.learn
    pool = Pool(cases.glyphs, cases.labels, np.full(len(cases), "case"))
    lesson = Lesson(pool, ~cases.right, material.diagnosis.specialists)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / _LOCK):
        for left in folder.parent.glob(f"{_STAGED}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        staged = folder.parent / f"{_STAGED}{secrets.token_hex(4)}"
        found = make_candidate(bundle, lesson, pools, config, staged, progress)
        said = {
            **_provenance(bundle, material, pools),
            **found,
            "seconds": round(time.monotonic() - start, 1),
        }
        said["validation_sha256"] = _keep_validation(staged, pools.validation)
        _describe(staged, said)
        _replace(folder, staged)
    return said


def _provenance(bundle: Bundle, material: Material, pools: Pools) -> dict[str, Any]:
    groups = material.diagnosis.groups
    return {
        "from": bundle.name,
        "at": now(),
        "learn": material.learn.ids.tolist(),
        "judge": list(material.judge),
        "look": list(material.look),
        "labels": {str(label): n for label, n in sorted(Counter(material.learn.labels.tolist()).items())},
        "proposals": [
            {"group": each.name, "cases": len(each.cases), "proposal": each.proposal} for each in groups
        ],
        "replayed": pools.record.get("digits"),
    }


def _keep_validation(folder: Path, pool: Pool) -> str:
    """Write what the candidate is to be compared on beside it; returns its SHA-256."""
    file = folder / VALIDATION
    np.savez_compressed(
        file, allow_pickle=False, glyphs=pool.glyphs, labels=pool.labels, sources=pool.sources
    )
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_validation(candidate: Bundle) -> Known:
    """What a candidate is to be compared on.

    Raises:
        ModelError: it is missing or damaged.
    """
    file = candidate.folder / VALIDATION
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: can't be read ({error.strerror}): run `badcase learn` again") from None
    if hashlib.sha256(content).hexdigest() != candidate.meta["learning"]["validation_sha256"]:
        raise ModelError(f"{file}: damaged, its checksum differs: run `badcase learn` again")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return Known(stored["glyphs"], stored["labels"], stored["sources"])


def _describe(folder: Path, said: dict[str, Any]) -> None:
    meta = json.loads((folder / META).read_text(encoding="utf-8")) | {"learning": said}
    write_whole(folder / META, (json.dumps(meta, indent=1, ensure_ascii=False) + "\n").encode())
    read_bundle(folder)
    sync(folder)


def _replace(folder: Path, staged: Path) -> None:
    """Put a new folder in the place of another; a process that is killed between leaves none, which is told."""
    leaving = staged.with_name(f"{staged.name}-old")
    if folder.exists():
        folder.rename(leaving)
    staged.rename(folder)
    shutil.rmtree(leaving, ignore_errors=True)


def judged(store: Store, look: tuple[int, ...]) -> tuple[list[Case], list[Case]]:
    """Cases to judge by: those that no model was judged by yet, and those of earlier judgements."""
    out = set(look)
    cases = [
        case for case in store.cases(Chosen(part="judge")) if case.label is not None and case.id not in out
    ]
    earlier = {case.id for case in store.cases(Chosen(used_for="judge"))}
    return [case for case in cases if case.id not in earlier], [case for case in cases if case.id in earlier]
