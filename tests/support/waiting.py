"""Waiting for what another thread or process does: as long as it takes, and not for ever."""

from __future__ import annotations

import time


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
