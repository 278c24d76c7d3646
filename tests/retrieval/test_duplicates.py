"""Groups of images that are the same, or nearly so."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval import Gallery, duplicates


@pytest.fixture
def mixed(tmp_path, encoder, images):
    """Image 0 three times, image 1 and its disturbed copy, and five others."""
    gallery = Gallery.create(tmp_path / "gallery", encoder)
    glyphs = np.concatenate([images[[0, 1, 2, 0, 21]], images[3:6], images[[0]]])
    gallery.append(glyphs, ids=[f"i{n}" for n in range(9)], sources="scan")
    return gallery


def groups(gallery, distance=None):
    return [(group.exact, [hit.id for hit in group.hits]) for group in gallery.duplicates(distance)]


def test_the_same_image(mixed):
    assert groups(mixed, 0) == [(True, ["i0", "i3", "i8"])]
    group = mixed.duplicates(0)[0]
    assert [hit.distance for hit in group.hits] == [0, 0, 0]
    assert [hit.similarity for hit in group.hits] == [1, 1, 1]
    assert group.hits[1].source == "scan"


def test_groups_come_in_the_order_of_the_gallery(tmp_path, encoder, images):
    gallery = Gallery.create(tmp_path / "gallery", encoder)
    twice = np.concatenate([images[:12], images[11::-1]])
    gallery.append(twice, ids=[f"i{n}" for n in range(24)], sources="scan")
    assert groups(gallery, 0) == [(True, [f"i{n}", f"i{23 - n}"]) for n in range(12)]


def test_images_with_the_same_code_are_not_the_same_image(mixed, images):
    """Codes are rounded: one grey level of one pixel is lost in them."""
    faint = images[5].copy()
    faint[14, 14] ^= 1
    mixed.append(faint[None], ids=["faint"])
    (near,) = (hit for hit in mixed.search(images[5:6], k=2)[0] if hit.id == "faint")
    assert near.distance == 0
    assert groups(mixed, 0) == [(True, ["i0", "i3", "i8"])]
    assert (False, ["i7", "faint"]) in groups(mixed, 0.001)


def test_nearly_the_same_image(mixed, images):
    far = mixed.search(images[1:2], k=3)[0]
    assert [hit.id for hit in far][:2] == ["i1", "i4"]
    limit = (far[1].distance + far[2].distance) / 2
    found = groups(mixed, min(limit, far[1].distance * 1.01))
    assert found == [(True, ["i0", "i3", "i8"]), (False, ["i1", "i4"])]
    assert mixed.duplicates(far[1].distance)[1].hits[1].distance == far[1].distance


def test_everything_is_one_group_when_the_distance_is_large(mixed):
    steps = []
    found = mixed.duplicates(2, steps.append)
    assert [hit.id for hit in found[0].hits] == [f"i{n}" for n in range(9)]
    assert not found[0].exact
    assert steps == [7]


def test_removed_images_belong_to_no_group(mixed):
    mixed.remove(["i0"])
    assert groups(mixed, 0) == [(True, ["i3", "i8"])]
    mixed.remove(["i3"])
    assert groups(mixed, 0) == []


@pytest.mark.parametrize("at_once", [1, 3, 256])
def test_groups_are_the_connected_ones(mixed, monkeypatch, at_once):
    """Against a plain search over the whole matrix of distances, with any size of blocks."""
    monkeypatch.setattr(duplicates, "_AT_ONCE", at_once)
    glyphs = mixed.glyphs([f"i{n}" for n in range(9)])
    far = np.zeros((9, 9))
    for n, hits in enumerate(mixed.search(glyphs, k=9)):
        for hit in hits:
            far[n, int(hit.id[1])] = hit.distance
    for limit in np.linspace(0.01, 1.0, 12):
        reach = far <= limit
        for _ in range(9):
            reach = reach @ reach
        expected = {tuple(np.flatnonzero(row)) for row in reach if row.sum() > 1}
        found = {tuple(int(name[1]) for name in names) for _, names in groups(mixed, float(limit))}
        assert found == expected
