"""Strangers: families of non-digits that can be drawn anywhere, and the benchmark that counts which pass for digits."""

import re
from dataclasses import replace

import numpy as np
import pytest
import stand_in
from pages import many_digits
from report_files import benchmarks, run_benchmark

from recognizer import data
from recognizer.measure.labelled_sources import origin_of
from recognizer.measure.record import read_record
from reject_gen.typefaces import built_in, find_typefaces

WITHOUT = {"icons", "music", "print_cjk", "print_scripts"}
"""What matplotlib's typefaces alone can't print."""


@pytest.fixture(scope="module", autouse=True)
def modules(tmp_path_factory):
    with benchmarks(tmp_path_factory.mktemp("results")):
        import strangers  # noqa: F401

        yield


@pytest.fixture(scope="module")
def material():
    from stranger.drawing import Material
    from stranger.typefaces import Typefaces, matplotlib_fonts

    return Material(*many_digits(300), Typefaces(find_typefaces([matplotlib_fonts()]), {}))


@pytest.fixture(scope="module")
def made(material):
    """Three images of each family that can be drawn, with their numbers."""
    from stranger.family import FAMILIES

    return {
        name: [family.sample(7, index, material) for index in range(3)]
        for name, family in FAMILIES.items()
        if name not in WITHOUT
    }


def test_images_are_such_as_people_send(made):
    assert len(made) == 51
    for name, images in made.items():
        for image in images:
            assert image.dtype == np.uint8, name
            assert image.ndim == 2, name
            assert 28 <= max(image.shape) <= 130, name
            assert min(image.shape) >= 16, name
            assert np.ptp(image) >= 10, name
        assert len({image.tobytes() for image in images}) == 3, name


def test_a_seed_draws_the_same_again(made, material):
    from stranger.family import FAMILIES

    for name in made:
        again, other = (FAMILIES[name].sample(seed, 1, material) for seed in (7, 8))
        assert np.array_equal(again, made[name][1]), name
        assert not np.array_equal(other, made[name][1]), name


def test_pages_and_bright_ink_take_turns(made):
    drawn = made["hand_latin_upper"]
    assert [np.median(image) > 128 for image in drawn] == [True, False, True]


def test_a_drawing_is_read_from_its_line():
    from stranger.shapes import _signs

    (one, two), (join,) = _signs("a: 0,0 .5,1 /\n    *.2,-.3\nb: -1,0 + @0,0 1,2 180,360").values()
    assert one.tolist() == [[0, 0], [0.5, 1]]
    assert two == pytest.approx(np.array([[0.2, -0.3], [0.21, -0.29]]))
    assert join[[0, 1, -1]] == pytest.approx(np.array([[-1, 0], [-1, 0], [1, 0]]))


def test_typefaces_that_training_used_come_last():
    from stranger.typefaces import NoTypefaceError, Typefaces, matplotlib_fonts

    found = find_typefaces([matplotlib_fonts()])
    names = ("DejaVu Sans", "STIXGeneral", "Elsewhere")
    every = Typefaces(found, {}).having(names, "AZ")
    chosen = Typefaces(found, {"DejaVu Serif Bold": "0"}).having(names, "AZ")
    assert chosen
    assert set(chosen) < set(every)
    assert not any("DejaVu" in path for path in chosen)
    # Known by its content, under whatever name: three are too few to do alone.
    known = {"Another": next(face.sha256 for face in found if face.path == chosen[0])[:16], "DejaVu": "0"}
    assert set(Typefaces(found, known).having(names, "AZ")) == set(every)
    none = Typefaces(found, {})
    with pytest.raises(NoTypefaceError, match="Elsewhere"):
        none.having(("Elsewhere",), "A")
    assert none.missing == {"Elsewhere"}


def test_scripts_whose_typeface_is_there_are_printed(material):
    from stranger.drawing import Material
    from stranger.family import FAMILIES
    from stranger.typefaces import Typefaces, matplotlib_fonts

    sans = next(face for face in find_typefaces([matplotlib_fonts()]) if face.path.endswith("DejaVuSans.ttf"))
    typefaces = Typefaces([replace(sans, family="Noto Sans Hebrew")], {})
    only = Material(material.digits, material.labels, typefaces)
    assert np.ptp(FAMILIES["print_scripts"].sample(0, 0, only)) > 10
    assert typefaces.used == {"Noto Sans Hebrew": True}
    assert "Noto Sans Runic" in typefaces.missing


def test_the_sheet_is_small_and_shows_what_passed(tmp_path):
    from stranger.family import FAMILIES
    from strangers import Found, sheet

    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (64, 64), dtype=np.uint8) for _ in range(200)]
    family = FAMILIES["noise"]
    found = Found(family, images, [None, 4] * 100)
    assert found.row()[-1] == "4: 100"
    assert found.row()[2:4] == [200, "50.00"]
    picture = sheet([found])
    assert picture.size == (800, 200)
    sheet([Found(family, images, [1] * 200)]).save(tmp_path / "a.png", bits=4, optimize=True)
    assert (tmp_path / "a.png").stat().st_size < 150_000
    assert sheet([Found(family, images, [None] * 200)]) is None


def test_a_quick_run_writes_both_files(tmp_path, monkeypatch):
    images, labels = many_digits(400)
    files = {name: stand_in.idx(images if "images" in name else labels) for name in data.MNIST}
    root = stand_in.put(tmp_path / "data", files)
    # This machine's own would take seconds to find.
    monkeypatch.setattr(
        "stranger.typefaces.find_typefaces", lambda folders=None: find_typefaces(folders) if folders else (built_in(),)
    )  # fmt: skip
    # The model that ships was trained on other digits than these stand-ins for MNIST.
    monkeypatch.setattr(
        "strangers.origin_of", lambda bundle: replace(origin_of(bundle), split_sha256=None)
    )  # fmt: skip
    printed = run_benchmark(tmp_path, "strangers", "--quick", "--data", root)
    record = read_record(tmp_path / "strangers-quick.json")
    figures = record["figures"]
    text = (tmp_path / "strangers-quick.md").read_text(encoding="utf-8")
    assert text.strip() in printed
    assert WITHOUT - {"music"} <= set(re.findall(r"`(\w+)`", text.partition("Left out for want")[2]))
    assert len(figures["families"]) in {51, 52}
    for name, each in figures["families"].items():
        assert each["n"] == 4
        assert sum(each["read_as"].values()) == each["count"]
        assert f"| {name} | " in text
    counts = [each["count"] for each in figures["families"].values()]
    assert counts == sorted(counts, reverse=True)
    assert figures["totals"]["all families"]["count"] == sum(counts)
    assert figures["totals"]["all families"]["n"] == 4 * len(counts)
    assert figures["control"]["n"] == 16
    assert figures["control"]["share"] > 0.5
    assert (tmp_path / "strangers-quick.png").exists() == (sum(counts) > 0)
    assert record["facts"]["seed"] == "20242"
