"""A store with the cases of a writer that a tiny model can't read, and candidates that learnt from them."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from rich.console import Console
from tiny_model import QUICK, make_pools, pictures

from recognizer import Recognizer
from recognizer.feedback.cases import Report
from recognizer.feedback.comparison import Known
from recognizer.feedback.ingest import make_sample
from recognizer.feedback.learning import candidate_folder, learn, prepare, read_validation
from recognizer.feedback.promotion import judge, read_candidate
from recognizer.galleries import open_gallery
from recognizer.training.progress import Progress

POOLS = make_pools()
KNOWN = Known(POOLS.validation.glyphs, POOLS.validation.labels, POOLS.validation.sources)
QUIET = Progress(Console(quiet=True))


def fill(store, seed=5):
    """Upside-down sevens of six writers, and ordinary digits from six forms."""
    recognizer = Recognizer.load()
    images = [(*each, f"writer {i % 6}") for i, each in enumerate(pictures(48, seed))]
    images += [(*each, f"form {i % 6}") for i, each in enumerate(pictures(60, seed + 1, inverted=False))]
    store.add(
        [make_sample(image, Report(label, source, "ann"), recognizer) for image, label, source in images]
    )


def learnt(store):
    recognizer = Recognizer.load()
    material = prepare(store, recognizer, open_gallery())
    said = learn(recognizer.bundle, material, POOLS, QUICK, QUIET, candidate_folder())
    return recognizer.bundle, material, said


def verdict_of(store, current):
    candidate = read_candidate(candidate_folder(), current)
    return judge(store, current, candidate, read_validation(candidate))
