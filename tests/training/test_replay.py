"""What is replayed: made once, then found again; from MNIST, or from the starter gallery without it."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("torch")

from recognizer.bundle import read_bundle, shipped_folder
from recognizer.errors import DataError
from recognizer.training import replay
from recognizer.training.pools import read_pools
from recognizer.training.progress import Progress
from recognizer.training.replay import ReplayConfig, prepare_replay

SMALL = ReplayConfig(digits=60, printed=20, rejects=30, validation=30, validation_rejects=20)
QUIET = Progress(Console(quiet=True))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RECOGNIZER_DATA", raising=False)
    return tmp_path / "home"


@pytest.mark.slow
def test_without_mnist_the_starter_gallery_is_replayed(home, monkeypatch):
    """With processes of their own for each kind of sample."""
    bundle = read_bundle(shipped_folder())
    pools = prepare_replay(bundle, SMALL, QUIET, workers=1)
    assert pools.record["digits"] == replay.STARTER
    for pool, rejects in ((pools.train, 30), (pools.validation, 20)):
        assert {"mnist", "page", "printed"} <= set(pool.sources.tolist())
        assert 0 < (pool.labels == 10).sum() <= rejects
    assert (pools.train.sources == "mnist").sum() == 60
    assert (pools.validation.sources == "mnist").sum() > 500  # all that are held out
    own = {glyph.tobytes() for glyph in pools.train.glyphs[pools.train.sources == "mnist"]}
    assert own.isdisjoint(glyph.tobytes() for glyph in pools.validation.glyphs)
    (folder,) = (home / replay.FOLDER).iterdir()
    assert len(read_pools(folder).train) == len(pools.train)
    monkeypatch.setattr(replay, "PoolMaker", None)  # nothing is made again
    again = prepare_replay(bundle, SMALL, QUIET, workers=1)
    assert np.array_equal(again.train.glyphs, pools.train.glyphs)


def test_a_folder_without_mnist_that_was_named_is_told(home, tmp_path):
    with pytest.raises(DataError, match="mnist"):
        prepare_replay(read_bundle(shipped_folder()), SMALL, QUIET, data=str(tmp_path))
