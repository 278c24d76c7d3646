"""Nothing that happens to a gallery's writers and readers ends in a traceback, a wrong answer or a lost commit."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval import Gallery, files
from retrieval.errors import GalleryAccessError, GalleryError
from retrieval.files import locked

NEW = np.full((1, 28, 28), 77, np.uint8)
HERE = Path(__file__).parents[1]

WRITER = """
    import sys
    import numpy as np
    from retrieval import Gallery, files, writing

    gallery = Gallery.open(sys.argv[1], sys.argv[2])
    writing.COMMIT_EVERY = 3
    steps = iter(range(10**6))
    wanted = int(sys.argv[3])
    flush = files.flush

    def flush_and_wait(file):
        flush(file)
        if next(steps) == wanted:
            print("here", flush=True)
            sys.stdin.read()

    files.flush = flush_and_wait
    glyphs = np.random.default_rng(8).integers(0, 255, (9, 28, 28), dtype=np.uint8)
    gallery.append(glyphs, ids=[f"new {n}" for n in range(9)], sources="killed")
"""


@pytest.mark.parametrize("step", [0, 7, 13, 14, 20, 27, 33])
def test_a_killed_writer_leaves_a_gallery_that_can_be_read_and_written(
    gallery, encoder, encoder_folder, images, step
):
    program = [sys.executable, "-c", textwrap.dedent(WRITER), gallery.path, encoder_folder, str(step)]
    writer = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE.parent)
    assert writer.stdout.readline() == b"here\n"
    reader = Gallery.open(gallery.path, encoder)
    writer.kill()
    writer.communicate()
    assert len(reader) in (40, 43, 46)
    reader.verify()
    assert [hits[0].id for hits in reader.search(images, k=1)] == [str(n) for n in range(40)]
    assert reader.append(NEW, ids=["after"]).added == 1
    glyphs = np.random.default_rng(8).integers(0, 255, (9, 28, 28), dtype=np.uint8)
    done = reader.append(glyphs, ids=[f"new {n}" for n in range(9)], sources="killed")
    assert done.added + done.skipped == 9
    assert len(Gallery.open(gallery.path, encoder)) == 50
    assert not list(gallery.path.rglob("*.partial"))


def test_one_writer_at_a_time(gallery, encoder, images, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with locked(gallery.path):
        for change in (
            lambda: gallery.append(NEW),
            lambda: gallery.remove(["1"]),
            gallery.compact,
            lambda: Gallery.reencode(gallery.path, encoder),
        ):
            with pytest.raises(GalleryAccessError, match="another process is writing"):
                change()
        assert len(Gallery.open(gallery.path, encoder).search(images[:1])[0]) == 10
    assert gallery.append(NEW).added == 1


def test_whoever_comes_first_makes_the_gallery_and_all_have_it(tmp_path, encoder):
    for turn in range(25):
        start = threading.Barrier(4)

        def create(folder, start=start):
            start.wait()
            return len(Gallery.create(folder, encoder))

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(create, [tmp_path / f"gallery {turn}"] * 4)) == [0] * 4


def test_what_a_killed_maker_left_is_no_other_folder(tmp_path, encoder):
    (tmp_path / "manifest.json.partial").write_text("{")
    assert len(Gallery.create(tmp_path, encoder)) == 0


def test_a_folder_that_is_refused_stays_as_it_is(tmp_path, encoder):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(GalleryError, match="not empty, and not a gallery"):
        Gallery.create(tmp_path, encoder)
    assert [file.name for file in tmp_path.iterdir()] == ["letters.txt"]


READER = """
    import sys
    from pathlib import Path
    import numpy as np
    from retrieval import Gallery

    glyph = np.full((1, 28, 28), 9, np.uint8)
    print("ready", flush=True)
    reads = 0
    while reads < 5 or not Path(sys.argv[3]).exists():
        reads += 1
        gallery = Gallery.open(sys.argv[1], sys.argv[2])
        for mode in ("precision", "recall"):
            assert len(gallery.search(glyph, k=1000, mode=mode)[0]) == len(gallery) >= 20
"""


def test_two_readers_while_one_writes(gallery, encoder_folder, images, tmp_path):
    done = tmp_path / "done"
    program = [sys.executable, "-c", textwrap.dedent(READER), gallery.path, encoder_folder, done]
    readers = [
        subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE.parent)
        for _ in range(2)
    ]
    for reader in readers:
        reader.stdout.readline()
    for step in range(30):
        gallery.append(NEW + np.uint8(step), ids=[f"more {step}"])
        gallery.remove([f"more {step - 3}", str(20 + step % 20)])
    done.touch()
    for reader in readers:
        assert reader.communicate()[1] == b""
        assert reader.returncode == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_not_be_written(gallery):
    gallery.path.chmod(0o500)
    try:
        with pytest.raises(GalleryAccessError, match="can't be written"):
            gallery.append(NEW)
    finally:
        gallery.path.chmod(0o700)


def test_a_full_disk_loses_nothing(gallery, encoder, images, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device", "dense.npy")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(GalleryError, match="No space left"):
        gallery.append(NEW)
    monkeypatch.undo()
    assert len(Gallery.open(gallery.path, encoder)) == 40
    assert gallery.append(NEW).added == 1
