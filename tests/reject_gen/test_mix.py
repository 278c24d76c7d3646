"""Mixes: proportions, seeds, held-out families, a user's own images, and what a wrong recipe says."""

import tomllib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from reject_gen.base import FAMILIES, GreyImage
from reject_gen.mix import CHUNK, Mix, draw_mix
from reject_gen.recipe import MixError, make_recipe
from reject_gen.sources import MAX_PIXELS, SourceError, folder_family, printed_digits

MATERIAL = printed_digits()
WEIGHTS = {"noise": 1.0, "fragments": 3.0, "tick": 0.5}


def small(image: GreyImage) -> GreyImage:
    return np.asarray(cv2.resize(image, (28, 28), interpolation=cv2.INTER_AREA), np.uint8)


def dimmed(image: GreyImage, rng: np.random.Generator) -> GreyImage:
    return (image * rng.uniform(0.5, 1)).astype(np.uint8)


def same(one: Mix, other: Mix) -> bool:
    pairs = zip(one.images, other.images, strict=True)
    return one.families == other.families and all(np.array_equal(a, b) for a, b in pairs)


def test_a_mix_is_the_same_for_any_number_of_workers() -> None:
    n = CHUNK + 40
    one = draw_mix(WEIGHTS, n, 5, MATERIAL, degrade=dimmed, normalise=small)
    two = draw_mix(WEIGHTS, n, 5, MATERIAL, degrade=dimmed, normalise=small, workers=2)
    assert same(one, two)
    assert not same(one, draw_mix(WEIGHTS, n, 6, MATERIAL, degrade=dimmed, normalise=small))


def test_a_longer_mix_begins_with_the_shorter_one_and_can_be_continued() -> None:
    longer = draw_mix(WEIGHTS, 90, 1, MATERIAL)
    first, rest = draw_mix(WEIGHTS, 50, 1, MATERIAL), draw_mix(WEIGHTS, 40, 1, MATERIAL, start=50)
    assert same(longer, Mix(first.images + rest.images, first.families + rest.families))
    assert len({image.tobytes() for image in longer.images}) == 90


def test_weights_become_shares() -> None:
    counts = Counter(draw_mix(WEIGHTS, 4_000, 2, MATERIAL).families)
    by_group = Counter(
        {g: sum(n for f, n in counts.items() if FAMILIES[f].group == g) for g in ("noise", "fragments")}
    )
    assert by_group["noise"] / 4_000 == pytest.approx(1 / 4.5, abs=0.03)
    assert by_group["fragments"] / 4_000 == pytest.approx(3 / 4.5, abs=0.03)
    assert counts["tick"] / 4_000 == pytest.approx(0.5 / 4.5, abs=0.03)


def test_a_family_with_its_own_weight_leaves_the_others_the_weight_of_the_group() -> None:
    recipe = make_recipe({"noise": 1.0, "snow": 1.0})
    shares = dict(zip((family.name for family in recipe.families), recipe.shares, strict=True))
    assert shares["snow"] == pytest.approx(0.5)
    assert "snow" not in [f.name for f in make_recipe({"noise": 1.0, "snow": 0.0}).families]


def test_held_out_families_and_groups_are_absent_and_only_keeps_just_these() -> None:
    held = ("gratings", "strokes")
    names = set(draw_mix({**WEIGHTS, "strokes": 1}, 1_500, 3, MATERIAL, exclude=held).families)
    assert "gratings" not in names
    assert {FAMILIES[name].group for name in names} == {"noise", "fragments"}
    kept = set(draw_mix({**WEIGHTS, "strokes": 1}, 600, 3, MATERIAL, only=held).families)
    assert {name for name in kept if FAMILIES[name].group != "strokes"} == {"gratings"}
    assert not names & kept


def test_holding_out_a_family_keeps_the_weight_of_its_group() -> None:
    recipe = make_recipe({"noise": 1, "tick": 1}, exclude=["snow", "gratings"])
    assert recipe.shares[[family.name for family in recipe.families].index("tick")] == pytest.approx(0.5)


def test_scripts_that_no_typeface_has_are_left_out() -> None:
    names = {family.name for family in make_recipe({"characters": 1}, typefaces=()).families}
    everything = {family.name for family in make_recipe({"characters": 1}).families}
    assert "latin_capitals" in names
    assert names < everything


def test_glyphs_are_one_array_and_an_audit_can_thin_them() -> None:
    mix = draw_mix(WEIGHTS, 30, 0, MATERIAL, normalise=small)
    assert mix.glyphs.shape == (30, 28, 28)
    thinned = mix.keep(np.arange(30) % 3 == 0)
    assert np.array_equal(thinned.glyphs, mix.glyphs[::3])
    assert thinned.families == mix.families[::3]
    assert draw_mix(WEIGHTS, 0, 0, MATERIAL).glyphs.shape == (0, 28, 28)
    with pytest.raises(MixError, match="normalise"):
        _ = draw_mix(WEIGHTS, 30, 0, MATERIAL).glyphs


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ({"snwo": 1}, {}, "'snwo'"),
        ({"noise": -1}, {}, "noise: the weight"),
        ({"noise": float("nan")}, {}, "noise: the weight"),
        ({"noise": float("inf")}, {}, "noise: the weight"),
        ({"noise": "much"}, {}, "noise: the weight"),
        ({"noise": True}, {}, "noise: the weight"),
        ({"noise": {"weight": 1}}, {}, "noise: a family of your own"),
        ({"scans": {"folder": "scans", "wieght": 1}}, {}, "scans: a family of your own"),
        ({"noise": {"folder": "scans"}}, {}, "noise: a built-in"),
        ({"noise": 0}, {}, "leave no family"),
        ({}, {}, "leave no family"),
        ({"noise": 1}, {"exclude": ["noise"]}, "leave no family"),
        ({"noise": 1}, {"exclude": ["snwo"]}, "'snwo'"),
        ({"noise": 1}, {"only": ["snwo"]}, "'snwo'"),
        ({"noise": 1}, {"exclude": "noise"}, "list of names"),
    ],
)
def test_a_wrong_recipe_is_one_line_that_names_the_entry(weights: dict, options: dict, message: str) -> None:
    with pytest.raises(MixError, match=message) as caught:
        make_recipe(weights, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"exclude": ["noise"]}, {"only": ["noise"]}])
def test_a_choice_beside_a_finished_recipe_is_refused(options: dict) -> None:
    with pytest.raises(MixError, match="make_recipe"):
        draw_mix(make_recipe(WEIGHTS), 3, 0, MATERIAL, **options)


def write_scans(folder: Path) -> None:
    (folder / "deeper").mkdir(parents=True)
    Image.new("L", (40, 30), 10).save(folder / "a.png")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(folder / "deeper" / "clear.PNG")
    Image.new("RGB", (2_000, 1_000), "white").save(folder / "large.jpg")
    (folder / "notes.txt").write_text("not an image")


def test_own_images_are_a_family_of_a_toml_section(tmp_path: Path) -> None:
    write_scans(tmp_path / "scans")
    section = tomllib.loads('snow = 1\nscans = {folder = "scans", weight = 3}')
    recipe = make_recipe(section, base=tmp_path)
    mix = draw_mix(recipe, CHUNK + 1, 0, MATERIAL, workers=2)
    assert same(mix, draw_mix(recipe, CHUNK + 1, 0, MATERIAL))
    assert mix.families.count("scans") / len(mix.families) == pytest.approx(0.75, abs=0.08)
    own = {
        image.shape: int(image[0, 0])
        for image, name in zip(mix.images, mix.families, strict=True)
        if name == "scans"
    }
    assert own == {(30, 40): 10, (30, 30): 255, (128, 256): 255}
    assert {f.name for f in make_recipe(section, base=tmp_path, exclude=["own"]).families} == {"snow"}


def test_own_images_that_cannot_be_used_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        folder_family(tmp_path / "missing")
    with pytest.raises(SourceError, match="no image files"):
        folder_family(tmp_path)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    with pytest.raises(SourceError, match=r"broken\.png: not a readable image"):
        folder_family(tmp_path)
    broken.unlink()
    Image.new("1", (MAX_PIXELS // 5_000 + 1, 5_000)).save(tmp_path / "huge.png")
    with pytest.raises(SourceError, match=r"huge\.png: more than 50 million pixels"):
        folder_family(tmp_path)
    monkeypatch.setattr("reject_gen.sources.MAX_IMAGES", 0)
    with pytest.raises(SourceError, match="1 images; at most 0"):
        folder_family(tmp_path)
