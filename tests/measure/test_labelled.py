import gzip
import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer import data
from recognizer.errors import DataError, UsageError
from recognizer.measure.labelled import Choice, Fingerprint, Origin
from recognizer.measure.labelled_sources import open_labelled
from recognizer.training.config import make_config
from recognizer.training.samples import stratified_split
from reject_gen.typefaces import built_in

with np.load(Path(__file__).parents[1] / "data" / "digits.npz", allow_pickle=False) as stored:
    DIGITS, LABELS = stored["images"], stored["labels"]


def origin():
    return Origin(
        make_config({"data": {"validation": 10}, "rejects": {"noise": 1.0, "strokes": 1.0}}, "test")
    )


def opened(spec, **choice):
    return open_labelled(str(spec), Choice(**choice), origin)


def labels_of(found):
    return [example.label for example in found.read()]


@pytest.fixture
def mnist(tmp_path):
    """MNIST's layout, with the forty digits as both parts."""
    (tmp_path / "mnist").mkdir()
    for prefix in ("train", "t10k"):
        images = b"\0\0\x08\x03" + np.array(DIGITS.shape, ">u4").tobytes() + DIGITS.tobytes()
        labels = b"\0\0\x08\x01" + np.array(LABELS.shape, ">u4").tobytes() + LABELS.tobytes()
        data.packed(tmp_path, f"{prefix}-images-idx3-ubyte").write_bytes(gzip.compress(images))
        data.packed(tmp_path, f"{prefix}-labels-idx1-ubyte").write_bytes(gzip.compress(labels))
    return tmp_path


def test_mnist_is_read_and_its_fingerprint_is_that_of_the_file(mnist):
    found, fingerprint = opened("mnist", root=str(mnist)), Fingerprint()
    assert [example.label for example in fingerprint.watch(found.read())] == LABELS.tolist()
    assert fingerprint.to_dict("mnist") == {
        "name": "mnist",
        "n": 40,
        "images_sha256": hashlib.sha256(DIGITS.tobytes()).hexdigest(),
        "labels_sha256": hashlib.sha256(LABELS.tobytes()).hexdigest(),
    }


def test_digits_that_training_held_out(mnist):
    held_out = stratified_split(LABELS, 10, 0)[1]
    assert labels_of(opened("mnist:validation", root=str(mnist))) == LABELS[held_out].tolist()
    recorded = hashlib.sha256(held_out.astype("<i8").tobytes()).hexdigest()
    same = Origin(origin().config, recorded)
    assert open_labelled("mnist:validation", Choice(str(mnist)), lambda: same).size == 10
    other = Origin(origin().config, "0" * 64)
    with pytest.raises(DataError, match="splits MNIST differently"):
        open_labelled("mnist:validation", Choice(str(mnist)), lambda: other)


def test_a_limit_chooses_the_same_ones_each_time(mnist):
    few = labels_of(opened("mnist:train", root=str(mnist), limit=7, seed=1))
    assert len(few) == 7
    assert few == labels_of(opened("mnist:train", root=str(mnist), limit=7, seed=1))
    names = [[e.name for e in opened("mnist", root=str(mnist), limit=7, seed=s).read()] for s in (1, 2)]
    assert names[0] != names[1]


def test_a_folder_of_sorted_images(tmp_path):
    for name in (
        "0/a.png",
        "0/deep/b.PNG",
        "7/c.png",
        "reject/d.png",
        "0/._a.png",
        "letters/e.png",
        "7/note.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"anything: reading is the recognizer's")
    found = opened(tmp_path)
    assert [(Path(e.image).name, e.label) for e in found.read()] == [
        ("a.png", 0),
        ("b.PNG", 0),
        ("c.png", 7),
        ("d.png", 10),
    ]
    assert len(found.problems) == 1
    assert "letters" in found.problems[0]


def test_a_list_of_paths_and_labels(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("L", (9, 9)).save(tmp_path / name)
    rows = "label,path,by\n3,a.png,me\nreject,b.png,me\nx,a.png,me\n5\n\n255,b.png,me\n"
    (tmp_path / "list.csv").write_text(rows)
    found = opened(tmp_path / "list.csv")
    assert [(Path(e.image), e.label) for e in found.read()] == [
        (tmp_path / "a.png", 3),
        (tmp_path / "b.png", 10),
        (tmp_path / "b.png", 10),
    ]
    assert [line.split(": ")[0].rsplit(", ", 1)[1] for line in found.problems] == ["row 4", "row 5"]
    (tmp_path / "plain.csv").write_text("a.png,9\n")
    assert labels_of(opened(tmp_path / "plain.csv")) == [9]


def test_arrays_of_small_grey_images(tmp_path):
    images = DIGITS[:5, 6:22, 6:22]
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([0, 9, 10, 255, 300]))
    assert labels_of(opened(tmp_path / "a.npz")) == [0, 9, 10, 10, 10]


def arrays(path, **stored):
    np.savez(path, **stored)


BAD_ARRAYS = {
    "lacks one": (lambda p: arrays(p, images=DIGITS), "needs the arrays images and labels"),
    "other lengths": (lambda p: arrays(p, images=DIGITS, labels=LABELS[:3]), r"\(40, 28, 28\) and \(3,\)"),
    "flat": (lambda p: arrays(p, images=DIGITS.reshape(40, -1), labels=LABELS), "needs images"),
    "shares": (lambda p: arrays(p, images=DIGITS, labels=LABELS / 10), "whole numbers"),
    "negative": (lambda p: arrays(p, images=DIGITS, labels=LABELS.astype(int) - 1), "whole numbers"),
    "objects": (lambda p: arrays(p, images=np.array([{}], object), labels=LABELS[:1]), "plain arrays"),
    "no archive": (lambda p: p.write_bytes(b"PK no"), "not a readable .npz"),
    "other archive": (lambda p: zipfile.ZipFile(p, "w").close(), "needs the arrays"),
    "missing": (lambda p: None, "no such file"),
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_unusable_arrays_are_one_line(tmp_path, kind):
    make, message = BAD_ARRAYS[kind]
    make(tmp_path / "bad.npz")
    with pytest.raises(DataError, match=message) as caught:
        opened(tmp_path / "bad.npz")
    assert "bad.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [None, b"", b"\xff\xfe", b"path,label\n", b"only\n"])
def test_unusable_lists_are_one_line(tmp_path, text):
    if text is not None:
        (tmp_path / "bad.csv").write_bytes(text)
    with pytest.raises(DataError, match=r"bad\.csv") as caught:
        opened(tmp_path / "bad.csv")
    assert "\n" not in str(caught.value)


def test_what_is_no_data_set(tmp_path):
    with pytest.raises(DataError, match="no images in sub-folders"):
        opened(tmp_path)
    with pytest.raises(UsageError, match="parts test, train and validation"):
        opened("mnist:best", root=str(tmp_path))
    with pytest.raises(UsageError, match="no such data set"):
        opened("nowhere")
    with pytest.raises(DataError, match=r"data fetch.*--root"):
        opened("mnist", root=str(tmp_path))


def test_generated_non_digits_are_the_same_each_time(monkeypatch, tmp_path, mnist):
    monkeypatch.setenv("RECOGNIZER_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr("recognizer.measure.nondigits.find_typefaces", lambda: (built_in(),))
    found = opened("rejects", limit=40)
    assert "printed digits" in found.note
    first, again = list(found.read()), list(opened("rejects", limit=33).read())
    assert all(e.label == 10 and e.family and e.image.dtype == np.uint8 for e in first)
    assert [e.family for e in again] == [e.family for e in first[:33]]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(again, first, strict=False))
    assert "held out" in opened("rejects", limit=1, root=str(mnist)).note
    unknown = Origin(make_config({"rejects": {"nothing": 1.0}}, "test"))
    with pytest.raises(UsageError, match="nothing"):
        open_labelled("rejects", Choice(), lambda: unknown)
