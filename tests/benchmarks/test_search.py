"""What the benchmarks of the search compute: measures, baselines behind the engines' contract, curves."""

import time

import numpy as np
import pytest

from retrieval.codes import WideCodes

pytestmark = pytest.mark.usefixtures("modules")


@pytest.fixture
def glyphs():
    rng = np.random.default_rng(0)
    pages = np.zeros((60, 28, 28), np.uint8)
    pages[:, 4:24, 4:24] = rng.integers(0, 2, (60, 5, 5), np.uint8).repeat(4, 1).repeat(4, 2) * 255
    return pages


def test_originals_are_counted_by_rank():
    from search_material import agreement, found, same_digit

    ids = np.array([np.arange(100), np.arange(100)[::-1], np.arange(100) + 5])
    assert found(ids, np.array([0, 90, 3])) == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    labels = np.arange(200, dtype=np.uint8) % 2
    assert same_digit(ids, labels, np.array([0, 1, 0], np.uint8)) == 0.5
    assert agreement(np.array([[3, 1, 9]]), np.array([[1, 2, 3]])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["pixels", "centred", "gradients", "moments", "principal_components"])
def test_each_baseline_finds_what_it_was_given(glyphs, name):
    import baselines

    fitted = name in {"moments", "principal_components"}
    encode = getattr(baselines, name)(glyphs) if fitted else getattr(baselines, name)
    way = baselines.flat_way(name, encode, glyphs)
    ids, far = way.index.search(encode(glyphs), 5)
    assert (ids[:, 0] == np.arange(len(glyphs))).all()
    assert (np.diff(far, axis=1) >= 0).all()
    assert far[:, 0].max() < far[:, 1].min()


def test_centring_undoes_a_shift(glyphs):
    import baselines

    # By even numbers, so that halves are rounded in the same direction.
    moved = np.roll(glyphs, (2, -4), axis=(1, 2))
    assert np.array_equal(baselines.centred(moved), baselines.centred(glyphs))


def test_flat_search_keeps_the_contract_of_the_exact_engine(glyphs):
    import baselines

    codes = baselines.pixels(glyphs)
    keep = np.arange(len(codes)) % 3 == 0
    ids, far = baselines.FlatIndex(codes).search(codes[:7], 100, keep)
    assert ids.shape == far.shape == (7, keep.sum())
    assert keep[ids].all()
    wanted = np.linalg.norm(codes[:7, None] - codes[ids], axis=2)
    assert np.allclose(far, wanted, atol=1e-2)


def test_an_exemplar_knows_its_own_image(glyphs):
    import baselines

    codes = baselines.gradients(glyphs[:20])
    ids, far = baselines.ExemplarIndex(codes).search(codes, 3)
    assert (ids[:, 0] == np.arange(20)).all()
    assert ((far > 0) & (far < 1)).all()


def test_the_strongest_weights_stay_in_order():
    from search_recall import strongest

    codes = WideCodes.from_rows(
        np.array([[0, 0.5, 0.1, 0.7], [0.9, 0, 0, 0], [0, 0, 0, 0], [0.2, 0.3, 0.4, 0.1]])
    )
    cut = strongest(codes, 2)
    assert cut.counts.tolist() == [2, 1, 0, 2]
    assert cut.dimensions.tolist() == [1, 3, 0, 1, 2]


def test_equal_recall_lies_between_points():
    from search_recall import Point, at_recall

    points = [
        Point(str(size), [0, 0, recall], size, size, size / 10) for size, recall in ((10, 0.8), (20, 0.9))
    ]
    assert at_recall(points, 0.85) == pytest.approx((15, 1.5))
    assert at_recall(points, 0.7) == (10, 1.0)
    assert at_recall(points, 0.95) is None


def test_thresholds_of_duplicates():
    from duplicates import Counts

    counts = Counts(np.array([2, 1, 5]), np.array([2, 0, 1]), 4)
    assert counts.precision.tolist() == pytest.approx([1, 2 / 3, 3 / 8])
    assert counts.recall.tolist() == [0.5, 0.5, 0.75]
    assert [counts.largest(wanted) for wanted in (0.99, 0.5, 0.1)] == [0, 1, 2]
    assert Counts(np.array([1]), np.array([0]), 4).largest(0.5) == -1


def test_bits_and_directions_are_counted_right():
    from duplicates import BINS, dense_bins, hash_bins

    bits = np.ones((2, 64), np.float32)
    bits[1, :10] = -1
    assert hash_bins(bits, bits).tolist() == [[0, 10], [10, 0]]
    directions = np.eye(2, dtype=np.float32)
    assert dense_bins(directions, directions).tolist() == [[0, 708], [708, 0]]  # the root of 2, of BINS for 2
    assert dense_bins(directions, -directions)[0, 0] == BINS


def test_an_engine_is_measured_by_what_it_finds():
    from engine_process import ENGINES, curve

    codes = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    search = ENGINES["exact"].build(codes, 1)(codes, 1)[""]
    ((_, recall, rate),) = curve(search, [0], np.arange(300)[:, None], 1, time.perf_counter)
    assert recall == 1
    assert rate > 0


def test_a_rate_at_a_recall_lies_between_points():
    from search_engines import Curve

    curve = Curve("one", "ef", [[10, 0.9, 4000.0], [20, 0.99, 2000.0], [30, 0.999, 500.0]])
    assert curve.rate(0.99) == pytest.approx(2000)
    assert 500 < curve.rate(0.995) < 2000
    assert (curve.rate(0.8), curve.rate(0.9999)) == (4000, 0)
    assert curve.at(0.9) == "4,000 (ef 10)"


def test_growth_is_told_as_a_power():
    from search_growth import power

    assert power([10, 100, 1000], [2, 20, 2000]) == "1.50"
    assert power([10], [2]) == "–"


def hits_at(distances, labels=None, similarities=None):
    from retrieval import Hit

    rest = zip(labels or [0] * len(distances), similarities or [1.0] * len(distances), strict=True)
    return [Hit(str(d), label, d, alike, "one") for d, (label, alike) in zip(distances, rest, strict=True)]


def test_the_nearest_of_two_galleries_are_the_nearest_of_both():
    from explanations import K, merged

    some, others = hits_at([d / 10 for d in range(K)]), hits_at([d / 10 + 0.05 for d in range(K)])
    ((*nearest,),) = merged([some], [others])
    assert [hit.distance for hit in nearest] == sorted(hit.distance for hit in some + others)[:K]


def test_what_similarity_says_is_held_against_what_is_right():
    from explanations import FEW, Found, K, bins, shares

    far = list(range(K))
    sure = hits_at(far, [7] * FEW + [1] * FEW, [1.0] * K)
    unsure = hits_at(far, [1, *[7] * (K - 1)], [0.9, 0.98, *[0.5] * (K - 2)])
    found = Found.of([sure, unsure], np.array([7, 7], np.uint8))
    assert shares(found) == ["50.00 %", "90.00 %", "70.00 %", "83.80 %"]
    told = bins(found)
    assert [row[1:] for row in told] == [
        ["4", "60.0 %", "75.0 %"], ["1", "98.0 %", "100.0 %"], ["0", "–", "–"], ["5", "100.0 %", "100.0 %"],
    ]  # fmt: skip


def test_a_photograph_in_which_the_digit_was_lost_is_left_out():
    pytest.importorskip("torch")
    from explanations import photographed

    from reject_gen.typefaces import BUILT_IN, render

    inks = [render("8", BUILT_IN, 56, margin=8), np.zeros((72, 72), np.uint8)] * 3
    kept = photographed(inks, np.array([8, 0] * 3, np.uint8), np.random.default_rng(0), 0.0)
    assert kept.labels.tolist() == [8] * 3
    assert kept.glyphs.any(axis=(1, 2)).all()
