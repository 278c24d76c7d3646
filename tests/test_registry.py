"""The registry of models: versions, the current one, roll-back, and that nothing is ever half done."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from bundles import copy_of_shipped

from recognizer import Recognizer
from recognizer.bundle import META, NETWORK, read_bundle, shipped_folder, write_bundle
from recognizer.cli import main
from recognizer.errors import ModelError, UsageError
from recognizer.registry import Registry
from recognizer.registry_state import FILE

BAR = np.zeros((28, 28), np.uint8)
BAR[4:24, 12:15] = 255


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    return Registry()


@pytest.fixture
def bundle(tmp_path):
    """Makes bundles that differ in their temperature."""
    made = iter(range(1000))
    return lambda temperature=0.8: copy_of_shipped(tmp_path / f"bundle-{next(made)}", temperature=temperature)


def names(registry):
    return [version.version for version in registry.versions()]


def test_without_a_registered_model_the_one_that_ships_is_used(registry):
    assert registry.current == "shipped"
    assert Recognizer.load().bundle.folder == shipped_folder()
    assert not registry.folder.exists()


def test_versions_are_counted_on_from_the_one_that_ships(registry, bundle):
    first = registry.register(bundle(0.8), "seven segments", "ann", {"errors": 3})
    assert (first.version, first.origin, first.who, first.why) == (
        "eleven@2",
        "eleven@1",
        "ann",
        "seven segments",
    )
    assert registry.register(bundle(0.9), "").version == "eleven@3"
    assert registry.versions()[0] == first
    assert registry.current == "shipped"


def test_the_current_version_is_what_is_loaded_and_named_in_answers(registry, bundle):
    registry.use(registry.register(bundle(0.8), "better").version, "better")
    loaded = Recognizer.load()
    assert loaded.bundle.temperature == 0.8
    assert loaded.recognize(BAR).model.startswith("eleven@2, ")
    assert Recognizer.load("shipped").model.startswith("eleven@1, ")


def test_a_version_a_folder_and_the_shipped_one_can_be_named(registry, bundle, tmp_path, monkeypatch):
    folder = bundle(0.8)
    registry.register(folder, "")
    for model in ("eleven@2", str(registry.folder / "eleven@2")):
        assert Recognizer.load(model).bundle.folder == registry.folder / "eleven@2"
    assert Recognizer.load(folder).model.startswith("eleven@1, ")
    assert Recognizer.load("eleven@1").bundle.folder == shipped_folder()
    monkeypatch.chdir(tmp_path)
    bundle(0.9).rename("other@7")
    assert Recognizer.load("other@7").bundle.temperature == 0.9
    copy_of_shipped(tmp_path / "eleven@2", temperature=0.9)
    assert Recognizer.load("eleven@2").bundle.temperature == 0.8
    assert Recognizer.load("./eleven@2").bundle.temperature == 0.9


def test_the_same_model_is_registered_once(registry, bundle):
    first = registry.register(bundle(0.8), "once")
    assert registry.register(bundle(0.8), "twice") == first
    assert registry.register(registry.folder / "eleven@2", "its own copy") == first
    assert names(registry) == ["eleven@2"]


def test_roll_back_goes_back_step_by_step(registry, bundle):
    for temperature in (0.8, 0.9):
        registry.use(registry.register(bundle(temperature), "").version, "")
    assert registry.rollback("worse on fives", "bob") == "eleven@2"
    assert registry.rollback("worse, too") == "shipped"
    with pytest.raises(UsageError, match="nothing to roll back to"):
        registry.rollback("once more")
    last = registry.history()[-2]
    assert (last.action, last.before, last.after, last.who, last.why) == (
        "rollback", "eleven@3", "eleven@2", "bob", "worse on fives",
    )  # fmt: skip


def test_the_history_tells_every_change(registry, bundle):
    registry.register(bundle(0.8), "new", "ann")
    registry.use("eleven@2", "better", "bob")
    registry.use("eleven@2", "again: no change")
    registry.use("shipped", "to compare")
    registry.remove("eleven@2", "too slow", "eve")
    told = [(each.action, each.version, each.before, each.after) for each in registry.history()]
    assert told == [
        ("add", "eleven@2", "shipped", "shipped"),
        ("use", "eleven@2", "shipped", "eleven@2"),
        ("use", "shipped", "eleven@2", "shipped"),
        ("remove", "eleven@2", "shipped", "shipped"),
    ]
    moments = [each.at for each in registry.history()]
    assert moments == sorted(moments)
    assert all(each.who for each in registry.history())


def test_a_removed_version_is_gone_and_its_name_not_given_again(registry, bundle):
    for temperature in (0.8, 0.9):
        registry.use(registry.register(bundle(temperature), "").version, "")
    for name, words in (("eleven@3", "is the current one"), ("shipped", "ships with the package")):
        with pytest.raises(UsageError, match=words):
            registry.remove(name, "")
    registry.remove("eleven@2", "")
    assert not (registry.folder / "eleven@2").exists()
    assert registry.register(bundle(0.8), "").version == "eleven@4"
    assert registry.rollback("") == "shipped"


def test_a_version_that_is_not_there(registry, bundle):
    registry.register(bundle(), "")
    for attempt in (lambda: Recognizer.load("eleven@9"), lambda: registry.use("eleven@9", "")):
        with pytest.raises(
            ModelError, match=r"^no model is registered as 'eleven@9': there are shipped, eleven@2$"
        ):
            attempt()


def test_what_is_no_model_is_not_registered(registry, tmp_path, bundle):
    meta = json.loads((shipped_folder() / META).read_text(encoding="utf-8"))
    write_bundle(tmp_path / "no-network", meta, {NETWORK: b"no graph"})
    damaged = bundle()
    (damaged / NETWORK).write_bytes(b"other")
    nameless = copy_of_shipped(tmp_path / "nameless", name="../up")
    for folder in (tmp_path / "nothing", tmp_path / "no-network", damaged, nameless):
        with pytest.raises(ModelError) as caught:
            registry.register(folder, "")
        assert "\n" not in str(caught.value)
    assert registry.versions() == []
    assert registry.history() == []


def test_a_damaged_version_never_becomes_current(registry, bundle):
    registry.register(bundle(), "")
    (registry.folder / "eleven@2" / NETWORK).write_bytes(b"other")
    with pytest.raises(ModelError, match="checksum differs"):
        registry.use("eleven@2", "")
    assert registry.current == "shipped"


def test_a_current_version_that_was_damaged_is_one_line_with_a_remedy_that_works(registry, bundle, capsys):
    registry.use(registry.register(bundle(), "").version, "")
    (registry.folder / "eleven@2" / META).unlink()
    assert main(["models", "list"]) == 0
    with pytest.raises(ModelError, match="`recognizer models use shipped`") as caught:
        Recognizer.load()
    assert "\n" not in str(caught.value)
    assert main(["models", "use", "shipped"]) == 0
    assert Recognizer.load().bundle.folder == shipped_folder()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format_version": 1}',
        "[" * 100_000,
        '{"format_version": 1, "current": "x@2"}',
    ],
)
def test_a_damaged_registry_is_one_line_and_never_another_model(registry, content):
    registry.folder.mkdir(parents=True)
    (registry.folder / FILE).write_text(content)
    with pytest.raises(ModelError, match="damaged; move it away") as caught:
        Recognizer.load()
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelError):
        registry.use("shipped", "")
    assert (registry.folder / FILE).read_text() == content
    assert Recognizer.load("shipped").bundle.folder == shipped_folder()


def test_a_registry_of_a_later_format(registry):
    registry.folder.mkdir(parents=True)
    (registry.folder / FILE).write_text('{"format_version": 2}')
    with pytest.raises(ModelError, match="has format 2, and this version reads 1: update the package"):
        Recognizer.load()


def test_a_lost_registry_can_be_made_again_from_its_folders(registry, bundle):
    registry.use(registry.register(bundle(0.8), "").version, "")
    (registry.folder / FILE).unlink()
    assert Recognizer.load().bundle.folder == shipped_folder()
    assert registry.register(registry.folder / "eleven@2", "found again").version == "eleven@2"


def test_the_registry_of_format_1_is_read(tmp_path):
    (tmp_path / FILE).write_bytes((Path(__file__).parent / "data" / "registry-1.json").read_bytes())
    registry = Registry(tmp_path)
    assert registry.current == "eleven@3"
    assert names(registry) == ["eleven@2", "eleven@3"]
    assert registry.versions()[1].metrics == {"mended": 12, "broken": 0}
    assert [event.action for event in registry.history()] == ["add", "use", "add", "use"]


def test_a_watch_tells_a_switch_once(registry, bundle):
    watch = registry.watch()
    assert not watch.changed()
    registry.register(bundle(0.8), "")
    assert not watch.changed()
    registry.use("eleven@2", "")
    assert watch.changed()
    assert not watch.changed()
    registry.rollback("")
    assert watch.changed()


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


SWITCHER = """
import itertools, sys
from recognizer.registry import Registry
registry = Registry()
print("ready", flush=True)
for turn in itertools.count():
    version = registry.register(sys.argv[1 + turn % 2], "turn").version
    registry.use(version, "turn")
    print(version, flush=True)
    registry.rollback("turn")
    registry.remove(version, "turn")
"""


def kill_while_it_switches(registry, folders, delay):
    """Returns what the program said before it was killed."""
    command = [sys.executable, "-c", SWITCHER, *map(str, folders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        return process.stdout.read().split()


def check_after_kill(registry, folders, rounds):
    delays = random.Random(rounds)
    for _ in range(rounds):
        kill_while_it_switches(registry, folders, delays.uniform(0, 0.4))
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


def told(capsys, *argv, code=0):
    assert main(["models", *map(str, argv)]) == code
    return capsys.readouterr().out


def test_the_command(registry, bundle, capsys):
    assert told(capsys, "add", bundle(0.8), "--why", "meters") == "eleven@2\n"
    assert told(capsys, "add", bundle(0.9), "--use", "--who", "ann") == "eleven@3\n"
    rows = [json.loads(line) for line in told(capsys, "list", "--json").splitlines()]
    assert [(row["version"], row["current"]) for row in rows] == [
        ("shipped", False),
        ("eleven@2", False),
        ("eleven@3", True),
    ]
    shown = told(capsys, "list")
    assert "meters" in shown
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("*")] == ["eleven@3"]
    assert told(capsys, "rollback", "--why", "worse") == "shipped\n"
    assert told(capsys, "use", "eleven@2") == "eleven@2\n"
    assert told(capsys, "remove", "eleven@3") == "eleven@3\n"
    events = [json.loads(line) for line in told(capsys, "list", "--history", "--json").splitlines()]
    assert [event["action"] for event in events] == ["add", "add", "use", "rollback", "use", "remove"]
    assert "worse" in told(capsys, "list", "--history")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["add", "nowhere"], 3, "no model there"),
        (["use", "eleven@9"], 3, "no model is registered"),
        (["rollback"], 2, "nothing to roll back to"),
        (["remove", "shipped"], 2, "can't be removed"),
    ],
)
def test_what_the_command_refuses_is_one_line(registry, capsys, argv, code, words):
    assert main(["models", *argv]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
