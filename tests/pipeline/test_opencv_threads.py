"""Processes that are ours keep OpenCV from threads of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment

TASKS = Path("/proc/self/task")
BLUR = """
import os, sys, cv2, numpy as np
from recognizer.glyph.finder import without_opencv_threads
cv2.setNumThreads(2)
if sys.argv[1] == "without":
    without_opencv_threads()
before = len(os.listdir("/proc/self/task"))
cv2.GaussianBlur(np.zeros((2000, 2000), np.uint8), (3, 3), 0)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not TASKS.is_dir(), reason="threads are counted where the system lists them")
@pytest.mark.parametrize(("how", "started"), [("with", 1), ("without", 0)])
def test_no_thread_is_started(how, started):
    done = subprocess.run(
        [sys.executable, "-c", BLUR, how], env=environment(), capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == started
