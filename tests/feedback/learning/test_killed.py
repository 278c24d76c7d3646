"""What a kill leaves while a candidate learns or is promoted: the current model is a model."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from learning_cases import POOLS, learnt, verdict_of

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.feedback.cases import Chosen
from recognizer.feedback.learning import candidate_folder
from recognizer.feedback.store import Store
from recognizer.registry.versions import Registry
from recognizer.training.pools import keep_pools

WORKER = """
import sys
from pathlib import Path
import retrieval.encoder, retrieval.gallery
for asked in (retrieval.encoder, retrieval.gallery):
    asked.shipped_folder = lambda: Path(sys.argv[1])
sys.path.insert(0, sys.argv[3])
import torch; torch.set_num_threads(1)
from rich.console import Console
from tiny_model import QUICK
from recognizer import Recognizer
from recognizer.feedback.learning import candidate_folder, learn, prepare, read_validation
from recognizer.feedback.promotion import judge, promote, read_candidate
from recognizer.feedback.store import Store
from recognizer.galleries import open_gallery
from recognizer.training.pools import read_pools
from recognizer.training.progress import Progress
pools = read_pools(Path(sys.argv[2]))
print("ready", flush=True)
recognizer = Recognizer.load()
with Store.open() as store:
    material = prepare(store, recognizer, open_gallery())
    learn(recognizer.bundle, material, pools, QUICK, Progress(Console(quiet=True)), candidate_folder())
    print("learnt", flush=True)
    current = recognizer.bundle
    candidate = read_candidate(candidate_folder(), current)
    promote(store, judge(store, current, candidate, read_validation(candidate)), "again")
print("promoted", flush=True)
"""


def check_killed(tmp_path, models, kills):
    keep_pools(POOLS, tmp_path / "pools")
    paths = (models, tmp_path / "pools", Path(__file__).parents[2] / "support")
    rng, struck, learning = random.Random(kills), 0, 0.0
    first = Registry().current
    for kill in range(kills):
        if Registry().current != first:
            Registry().use(first, "so that there is something to learn")
        command = [sys.executable, "-c", WORKER, *map(str, paths)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            start = time.monotonic()
            if kill % 2 == 0:
                process.stdout.readline()
                learning = time.monotonic() - start
            # Within the promotion, or anywhere while it learns.
            time.sleep(rng.uniform(0, learning if kill % 2 else 0.5))
            process.send_signal(signal.SIGKILL)
        struck += process.returncode == -signal.SIGKILL
        current = Registry().open()
        assert Recognizer.load().recognize(np.zeros((28, 28), np.uint8)).model.startswith(current.name)
        if candidate_folder().exists():
            assert read_bundle(candidate_folder()).meta["learning"]["learn"]
        with Store.open() as store:
            cases = list(store.cases())
            assert len(cases) == 108
            for case in store.cases(Chosen(used_for="learn")):
                assert case.part == "learn"
    assert struck
    Registry().use(first, "so that there is something to learn")
    with Store.open() as store:
        current, _, _ = learnt(store)
        assert verdict_of(store, current).checks


no_kill = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")


@no_kill
def test_killed_while_it_learns_or_promotes_the_current_model_is_a_model(tmp_path, store, models):
    store.close()
    check_killed(tmp_path, models, 3)


@no_kill
@pytest.mark.slow
def test_killed_fifty_times_the_current_model_is_a_model(tmp_path, store, models):
    store.close()
    check_killed(tmp_path, models, 50)
