"""Versions, the current one, roll-back, and the history that tells of them."""

import numpy as np
import pytest
from bundles import copy_of_shipped, names

from recognizer import Recognizer
from recognizer.bundle import shipped_folder
from recognizer.errors import ModelError, UsageError

BAR = np.zeros((28, 28), np.uint8)
BAR[4:24, 12:15] = 255


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


def test_versions_of_another_name_are_counted_by_themselves(registry, bundle, tmp_path):
    assert registry.register(bundle(0.8), "").version == "eleven@2"
    assert registry.register(copy_of_shipped(tmp_path / "a", name="seven"), "").version == "seven@1"
    assert (
        registry.register(copy_of_shipped(tmp_path / "b", name="seven", temperature=0.9), "").version
        == "seven@2"
    )
    assert registry.register(bundle(0.9), "").version == "eleven@3"


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


def test_who_and_why_are_kept_as_text_or_refused(registry, bundle, monkeypatch):
    monkeypatch.setenv("LOGNAME", "J\udcfcrgen")
    version = registry.register(bundle(), "na\udcefve\0").version
    assert [(each.who, each.why) for each in registry.history()] == [("J\\xfcrgen", "na\\xefve\\0")]
    for who, why in (("w" * 501, ""), ("ann", "w" * 501), ("ann", "\ud800")):
        for change in (registry.register, registry.use, registry.remove):
            with pytest.raises(UsageError, match=r"^wh[oy] is (longer|not valid text)"):
                change(bundle() if change == registry.register else version, why, who)
        with pytest.raises(UsageError, match=r"^wh[oy] is"):
            registry.rollback(why, who)
    assert len(registry.history()) == 1


def test_a_description_may_hold_any_text(registry, tmp_path):
    odd = copy_of_shipped(tmp_path / "odd", training={"note": "\ud800"})
    version = registry.register(odd, "").version
    assert registry.open(version).meta["training"] == {"note": "\ud800"}
    assert registry.register(odd, "").version == version


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
