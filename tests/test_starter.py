"""The encoder and the starter gallery that ship."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer import Recognizer, to_glyph
from recognizer.galleries import MNIST_SOURCE, PRINT_SOURCE
from reject_gen.typefaces import BUILT_IN, DIGITS, built_in, names, render
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
    assert len(gallery) == 10_600


def hits_of(gallery, source):
    """All that a source's pattern finds."""
    return gallery.search(np.zeros((1, 28, 28), np.uint8), len(gallery), source=source)[0]


def test_it_holds_as_many_of_each_digit_and_tells_writing_from_print(gallery):
    written, printed = hits_of(gallery, MNIST_SOURCE), hits_of(gallery, f"{PRINT_SOURCE}/*")
    assert Counter(hit.label for hit in written) == dict.fromkeys(range(10), 1000)
    assert all(0 <= int(hit.id) < 60_000 for hit in written)
    assert Counter(hit.label for hit in printed) == dict.fromkeys(range(10), 60)
    assert all(hit.id == f"{hit.source}/{hit.label}" for hit in printed)
    assert len({hit.id for hit in (*written, *printed)}) == len(gallery)


def test_print_in_a_typeface_that_it_has_not_is_found(gallery):
    assert not [source for source in gallery.sources() if names(BUILT_IN)[0] in source]
    pages = [render(digit, BUILT_IN, 56, margin=8) for digit in DIGITS]
    found = gallery.search(np.stack([to_glyph(page) for page in pages]), 5)
    assert [[hit.label for hit in hits] for hits in found] == [[digit] * 5 for digit in range(10)]


def test_print_is_drawn_in_typefaces_that_training_may_learn_from(monkeypatch):
    pytest.importorskip("torch")
    from recognizer.training.embedding import starter

    face = built_in()
    held_out = replace(face, path="held out", family="Other")  # there is no such file to be drawn from
    monkeypatch.setattr(starter, "find_typefaces", lambda: (face, held_out))
    monkeypatch.setattr(starter, "split_typefaces", lambda faces, _: (faces[:1], faces[1:]))
    known = starter.known_print()
    source = f"{PRINT_SOURCE}/{face.family} {face.style}"
    assert known.ids == [f"{source}/{digit}" for digit in DIGITS]
    assert (known.sources, known.labels.tolist()) == ([source] * 10, list(range(10)))
    assert np.array_equal(known.glyphs[8], to_glyph(render("8", BUILT_IN, 56, margin=8)))
    monkeypatch.setattr(starter, "split_typefaces", lambda faces, _: ((), faces))
    assert starter.known_print().ids == known.ids


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
