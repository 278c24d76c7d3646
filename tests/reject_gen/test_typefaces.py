"""Typefaces: found or stood in for, recorded, split by family, legible."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from reject_gen import typefaces
from reject_gen.printed import digit_typefaces, plainness, render_digits
from reject_gen.typefaces import (
    BUILT_IN,
    DIGITS,
    Typeface,
    find_typefaces,
    has_glyph,
    render,
    split_typefaces,
    supports,
)


@pytest.fixture(scope="module")
def installed():
    return find_typefaces()


def test_without_fonts_pillows_own_stands_in(tmp_path):
    (only,) = find_typefaces([tmp_path])
    assert only.path == BUILT_IN
    assert len(only.sha256) == 64
    assert digit_typefaces([only.path]) == (BUILT_IN,)


def test_a_missing_folder_is_no_error(tmp_path):
    assert find_typefaces([tmp_path / "nowhere"])[0].path == BUILT_IN


def test_broken_files_are_passed_over(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    assert [face.path for face in find_typefaces([tmp_path])] == [BUILT_IN]


def test_the_hash_is_that_of_the_file(installed):
    for face in installed[:5]:
        if face.path != BUILT_IN:
            assert hashlib.sha256(Path(face.path).read_bytes()).hexdigest() == face.sha256


def test_a_family_stays_on_one_side(installed):
    training, held_out = split_typefaces(installed)
    assert sorted(face.path for face in training + held_out) == sorted(face.path for face in installed)
    assert not {face.family for face in training} & {face.family for face in held_out}
    assert split_typefaces(installed[::-1])[1] == held_out[::-1]


def test_the_split_holds_out_about_the_share_asked_for(monkeypatch):
    monkeypatch.setattr(typefaces, "supports", lambda path, text: False)
    faces = [Typeface(f"{i}.ttf", f"Family{i} Sans", "Bold", "0" * 64) for i in range(400)]
    assert 60 < len(split_typefaces(faces, held_out=0.25)[1]) < 140
    assert split_typefaces(faces, held_out=0.0)[1] == ()


def test_families_that_draw_the_same_digits_stay_together():
    twins = [Typeface(BUILT_IN, f"{name} Sans", "Regular", "0" * 64) for name in ("Arrow", "Bolt", "Comet")]
    sides = split_typefaces(twins, held_out=0.5)
    assert sorted(map(len, sides)) == [0, 3]


def test_missing_characters_are_known():
    assert has_glyph(BUILT_IN, "A")
    assert not has_glyph(BUILT_IN, "語")
    assert not has_glyph(BUILT_IN, " ")
    assert supports(BUILT_IN, DIGITS)


def test_render_gives_tight_bright_ink():
    ink = render("8", BUILT_IN, 40, margin=3)
    assert ink.dtype == np.uint8
    assert ink.ndim == 2
    assert ink.max() > 200
    assert not ink[:3].any()
    assert not ink[:, -3:].any()
    assert render("8", BUILT_IN, 80, margin=0).shape[0] == pytest.approx(2 * (ink.shape[0] - 6), abs=2)
    assert not render(" ", BUILT_IN, 40).any()


def test_legible_faces_have_ten_distinct_digits(installed):
    faces = digit_typefaces([face.path for face in installed[::40]])
    for path in faces:
        assert 0 < plainness(path) <= 1.001
        assert len({render(digit, path, 48).tobytes() for digit in DIGITS}) == 10


def test_printed_digits_bear_their_labels():
    images, labels = render_digits(np.random.default_rng(1), 400, [BUILT_IN])
    assert set(labels.tolist()) == set(range(10))
    assert labels.dtype == np.uint8
    shapes = {}
    for image, label in zip(images, labels, strict=True):
        assert image.dtype == np.uint8
        assert image.max() > 100
        shapes.setdefault(int(label), []).append(np.resize(image[8:-8, 8:-8].mean(axis=1), 24))
    means = np.array([np.mean(shapes[digit], axis=0) for digit in range(10)])
    distances = np.linalg.norm(means[:, None] - means[None], axis=2) + np.eye(10) * 1e9
    assert distances.min() > 10


def test_printed_digits_repeat_under_a_seed():
    first = render_digits(np.random.default_rng(7), 30, [BUILT_IN])
    again = render_digits(np.random.default_rng(7), 30, [BUILT_IN])
    assert all(np.array_equal(a, b) for a, b in zip(first[0], again[0], strict=True))
    assert np.array_equal(first[1], again[1])
