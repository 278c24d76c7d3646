"""Several that change the registry at once, and one that is killed: nothing is ever half done."""

import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from bundles import names

from recognizer import Recognizer
from recognizer.bundle import read_bundle, shipped_folder
from recognizer.registry import versions


def test_two_that_register_at_once_get_two_versions(registry, bundle):
    folders = [bundle(temperature) for temperature in (0.7, 0.8, 0.9, 0.95)]
    threads = [threading.Thread(target=registry.register, args=(folder, "")) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(registry)) == ["eleven@2", "eleven@3", "eleven@4", "eleven@5"]
    assert {read_bundle(registry.folder / name).temperature for name in names(registry)} == {
        0.7,
        0.8,
        0.9,
        0.95,
    }


def test_a_current_version_that_goes_while_it_is_read_is_no_error(registry, bundle, monkeypatch):
    registry.use(registry.register(bundle(), "").version, "")
    first = iter([True])

    def read(*folder):
        if next(first, False):
            registry.use("shipped", "meanwhile")
            registry.remove("eleven@2", "meanwhile")
        return read_bundle(*folder)

    monkeypatch.setattr(versions, "read_bundle", read)
    assert registry.open().folder == shipped_folder()


SWITCHER = """
import itertools, sys
from recognizer.registry.versions import Registry
registry = Registry()
print("ready", flush=True)
for turn in itertools.count():
    version = registry.register(sys.argv[1 + turn % 2], "turn").version
    registry.use(version, "turn")
    print(version, flush=True)
    registry.rollback("turn")
    registry.remove(version, "turn")
"""


def kill_while_it_switches(folders, delay):
    command = [sys.executable, "-c", SWITCHER, *map(str, folders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL  # it had not stopped by itself


def check_after_kill(registry, folders, rounds):
    delays = random.Random(rounds)
    for _ in range(rounds):
        kill_while_it_switches(folders, delays.uniform(0, 0.4))
        current = registry.current
        assert Recognizer.load().bundle.name == {"shipped": "eleven@1"}.get(current, current)
        assert all(read_bundle(registry.folder / name).name == name for name in names(registry))
        used = [event.after for event in registry.history()]
        assert current == (used[-1] if used else "shipped")
    version = registry.register(folders[0], "afterwards").version
    registry.use(version, "afterwards")
    assert Recognizer.load().bundle.name == version
    assert not [path for path in registry.folder.iterdir() if path.name.startswith(".staged")]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_any_moment_the_current_model_is_a_model(registry, bundle):
    check_after_kill(registry, [bundle(0.8), bundle(0.9)], 3)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_fifty_times_the_current_model_is_a_model(registry, bundle):
    check_after_kill(registry, [bundle(0.8), bundle(0.9)], 50)
