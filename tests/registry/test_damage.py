"""Bundles and registries that are damaged, lost or of another format: one line, and never another model."""

import json
import sys
from pathlib import Path

import pytest
from bundles import copy_of_shipped, names

from recognizer import Recognizer
from recognizer.bundle import META, NETWORK, read_bundle, shipped_folder, write_bundle
from recognizer.cli import main
from recognizer.errors import ModelError
from recognizer.places import REGISTRY_FILE
from recognizer.registry.versions import Registry


def test_what_is_no_model_is_not_registered(registry, tmp_path, bundle):
    meta = json.loads((shipped_folder() / META).read_text(encoding="utf-8"))
    files = {name: (shipped_folder() / name).read_bytes() for name in meta["files"]}
    write_bundle(tmp_path / "no-network", meta, files | {NETWORK: b"no graph"})
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
    (registry.folder / REGISTRY_FILE).write_text(content)
    with pytest.raises(ModelError, match="damaged; move it away") as caught:
        Recognizer.load()
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelError):
        registry.use("shipped", "")
    assert (registry.folder / REGISTRY_FILE).read_text() == content
    assert Recognizer.load("shipped").bundle.folder == shipped_folder()


@pytest.mark.parametrize("change", [{"version": 5}, {"at": None}, {"why": ["x"]}])
@pytest.mark.parametrize("part", ["history", "versions"])
def test_a_value_of_another_kind_is_damage(registry, bundle, part, change):
    registry.register(bundle(), "")
    file = registry.folder / REGISTRY_FILE
    whole = json.loads(file.read_text(encoding="utf-8"))
    (whole[part][0] if part == "history" else whole[part]["eleven@2"]).update(change)
    file.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(ModelError, match="damaged; move it away"):
        registry.register(bundle(0.7), "")


def test_a_registry_of_a_later_format(registry):
    registry.folder.mkdir(parents=True)
    (registry.folder / REGISTRY_FILE).write_text('{"format_version": 2}')
    with pytest.raises(ModelError, match="has format 2, and this version reads 1: update the package"):
        Recognizer.load()


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_registry_that_can_not_be_looked_at_is_one_line_and_never_another_model(registry):
    registry.folder.mkdir(parents=True)
    (registry.folder / REGISTRY_FILE).symlink_to(REGISTRY_FILE)
    for attempt in (Recognizer.load, registry.watch):
        with pytest.raises(ModelError, match=r"registry.json: can't be read \(.+\)$"):
            attempt()


def test_nothing_is_registered_in_a_home_that_can_not_be(monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", __file__)
    assert Recognizer.load().bundle.folder == shipped_folder()
    assert Recognizer.load("eleven@1").bundle.folder == shipped_folder()
    assert Registry().watch().changed() is False


def test_a_lost_registry_can_be_made_again_from_its_folders(registry, bundle):
    registry.use(registry.register(bundle(0.8), "").version, "")
    (registry.folder / REGISTRY_FILE).unlink()
    assert Recognizer.load().bundle.folder == shipped_folder()
    assert registry.register(registry.folder / "eleven@2", "found again").version == "eleven@2"


def test_a_folder_that_holds_something_else_is_left_alone(registry, bundle):
    registry.register(bundle(0.8), "")
    (registry.folder / REGISTRY_FILE).unlink()
    (registry.folder / "eleven@3").mkdir()
    assert registry.register(bundle(0.9), "").version == "eleven@4"
    assert Recognizer.load("eleven@4").bundle.temperature == 0.9
    assert read_bundle(registry.folder / "eleven@2").temperature == 0.8


def test_the_registry_of_format_1_is_read(tmp_path):
    (tmp_path / REGISTRY_FILE).write_bytes(
        (Path(__file__).parents[1] / "data" / "registry-1.json").read_bytes()
    )
    registry = Registry(tmp_path)
    assert registry.current == "eleven@3"
    assert names(registry) == ["eleven@2", "eleven@3"]
    assert registry.versions()[1].metrics == {"mended": 12, "broken": 0}
    assert [event.action for event in registry.history()] == ["add", "use", "add", "use"]
