"""The encoder and the starter gallery that ship."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from recognizer import Recognizer
from recognizer.galleries import MNIST_SOURCE
from retrieval import Gallery

ROOT = Path(__file__).parents[1]
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def gallery():
    return Gallery.open()


def test_it_is_whole_and_small(gallery):
    gallery.verify()
    size = sum(file.stat().st_size for file in gallery.path.rglob("*") if file.is_file())
    assert size <= MOST_BYTES
    assert len(gallery) == 10_000


def test_it_holds_as_many_of_each_digit_with_positions_as_ids(gallery):
    hits = [
        hit
        for digit in range(10)
        for hit in gallery.search(np.zeros((1, 28, 28), np.uint8), 2000, label=digit)[0]
    ]
    assert Counter(hit.label for hit in hits) == dict.fromkeys(range(10), 1000)
    assert len({hit.id for hit in hits}) == 10_000
    assert all(0 <= int(hit.id) < 60_000 for hit in hits)
    assert {hit.source for hit in hits} == {MNIST_SOURCE}


@pytest.mark.parametrize(("name", "digit"), [("photo-4.png", 4), ("paper-5.png", 5), ("shadow-2.jpg", 2)])
def test_similar_answers_right_after_installation(name, digit):
    code = "import sys; from recognizer.cli.similar import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--json", str(ROOT / "examples" / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    labels = [hit["label"] for hit in json.loads(done.stdout)["neighbors"]]
    assert labels[0] == digit
    assert labels.count(digit) >= 8


def test_an_image_gets_the_same_neighbours_alone_and_in_a_batch(gallery):
    known = gallery.glyphs([hit.id for hit in gallery.search(np.zeros((1, 28, 28), np.uint8), 70)[0]])
    model = Recognizer.load(threads=1)
    together = list(model.recognize_many(known, explain=5))
    for glyph, answer in list(zip(known, together, strict=True))[::7]:
        assert model.recognize(glyph, explain=5).neighbors == answer.neighbors
