"""A configuration says what it means, or what is wrong with it in one line."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from recognizer.errors import UsageError
from recognizer.training.config import TrainingConfig, load_config, make_config
from reject_gen.recipe import make_recipe

OTHERS = ("embedding", "specialists")  # configurations of another kind, which other tests read
CONFIGS = [
    file
    for file in sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
    if not file.stem.startswith(OTHERS)
]


def loaded(tmp_path, text):
    file = tmp_path / "run.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def refusal(tmp_path, text):
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, text)
    line = str(caught.value)
    assert line.isprintable()
    assert "run.toml" in line
    assert caught.value.exit_code == 2
    return line


def test_what_is_left_out_keeps_its_default(tmp_path):
    assert loaded(tmp_path, "") == TrainingConfig()
    config = loaded(tmp_path, 'name = "x"\n[optimizer]\nepochs = 3\n[network]\nhalf = [8, 16]')
    assert (config.name, config.optimizer.epochs, config.network.half) == ("x", 3, (8, 16))
    assert config.optimizer.batch == TrainingConfig().optimizer.batch
    assert config.data == TrainingConfig().data


def test_a_base_gives_what_a_configuration_leaves_out(tmp_path):
    (tmp_path / "base.toml").write_text(
        'name = "x"\nseed = 4\n[optimizer]\nepochs = 3\nbatch = 64', encoding="utf-8"
    )
    config = loaded(
        tmp_path, 'base = "base.toml"\nname = "y"\n[optimizer]\nepochs = 9\n[network]\nhalf = [8, 16]'
    )
    assert (config.name, config.seed) == ("y", 4)
    assert (config.optimizer.epochs, config.optimizer.batch, config.network.half) == (9, 64, (8, 16))


def test_a_second_reader_is_trained_as_the_first_but_for_what_is_said(tmp_path):
    config = loaded(tmp_path, "[optimizer]\nbatch = 99\n[reader]\nquarter = [7]\nepochs = 3\nweight = 0.4")
    of_reader = config.of_reader()
    assert (of_reader.network.quarter, of_reader.optimizer.epochs, of_reader.optimizer.batch) == ((7,), 3, 99)
    assert of_reader.optimizer.known_share == config.reader.known_share < config.optimizer.known_share
    assert (of_reader.reader, of_reader.data) == (None, config.data)
    turned = loaded(tmp_path, "[augment]\nrotation = 3\nelastic = 0.1\n[reader]\nelastic = 0.9")
    assert turned.of_reader().augment == replace(turned.augment, elastic=0.9)
    for each in (config, turned, TrainingConfig()):
        assert make_config(json.loads(json.dumps(each.to_dict())), "meta.json") == each
    with pytest.raises(UsageError, match=r"no \[reader\]"):
        TrainingConfig().of_reader()
    assert "weight is 1.5" in refusal(tmp_path, "[reader]\nweight = 1.5")
    assert "elastic is -1" in refusal(tmp_path, "[reader]\nelastic = -1.0")
    assert "elastic must be" in refusal(tmp_path, '[reader]\nelastic = "much"')


def test_a_network_goes_on_learning_as_before_but_for_what_is_said(tmp_path):
    config = loaded(tmp_path, "[optimizer]\nbatch = 99\n[more]\nepochs = 3\n[more.mix]\nletters = 2.0")
    on = config.going_on()
    assert (on.optimizer.batch, on.optimizer.epochs, on.optimizer.rate) == (99, 3, config.more.rate)
    assert config.more.mix == {"letters": 2.0}
    assert make_config(json.loads(json.dumps(config.to_dict())), "meta.json") == config
    with pytest.raises(UsageError, match=r"no \[more\]"):
        TrainingConfig().going_on()
    assert "[more]: rejects: 0" in refusal(tmp_path, "[more]\nrejects = 0")


def test_a_base_that_is_missing_or_has_a_base_is_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"base\.toml: no such"):
        loaded(tmp_path, 'base = "base.toml"')
    (tmp_path / "base.toml").write_text('base = "other.toml"', encoding="utf-8")
    assert "one too many" in refusal(tmp_path, 'base = "base.toml"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3", ["'epoch'", "optimizer"]),
        ("[optimizer]\nepoch = 3", ["'epoch'", "[optimizer]", "epochs"]),
        ("[data]\nimages = 3", ["'images'", "[data]", "page_copies"]),
        ("[network]\nlayers = 3", ["'layers'", "[network]", "quarter"]),
        ("[augment]\nzoom = 3", ["'zoom'", "[augment]", "rotation"]),
        ("[optimiser]\nepochs = 3", ["'optimiser'"]),
        ("optimizer = 3", ["[optimizer]", "table"]),
        ("data = [1]", ["[data]", "table"]),
        ("name =", ["TOML"]),
        ("name = 'x'\nname = 'y'", ["TOML"]),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, text, words):
    line = refusal(tmp_path, text)
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    "text",
    [
        "seed = 'x'",
        "coverage = 2.0",
        "rejects = 3",
        "[optimizer]\nepochs = 'many'",
        "[optimizer]\nepochs = 0",
        "[optimizer]\nbatch = 0",
        "[network]\nhalf = 8",
        "[network]\nhalf = []",
        "[data]\nvalidation = -1",
        "[data]\nplain_share = 1.5",
    ],
)
def test_a_value_that_makes_no_sense_is_one_line(tmp_path, text):
    refusal(tmp_path, text)


def test_files_that_are_no_configuration(tmp_path):
    with pytest.raises(UsageError, match="no such"):
        load_config(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="TOML"):
        load_config(tmp_path / "bytes.toml")


def test_a_folder_is_no_configuration(tmp_path):
    """Either an error of ours, or one of the system's that every command turns into a line."""
    with pytest.raises((UsageError, OSError)):
        load_config(tmp_path)


def test_a_configuration_survives_json():
    config = make_config({"network": {"half": [4]}, "data": {"held_out_families": ["noise"]}}, "here")
    again = make_config(json.loads(json.dumps(config.to_dict())), "there")
    assert again == config
    assert again.network.half == (4,)


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_the_configurations_that_come_along_are_right(file):
    config = load_config(file)
    assert make_recipe(config.rejects, exclude=config.data.held_out_families).families
    assert 0 < config.coverage < 1
    assert config.data.validation > 0


def test_there_are_configurations_for_a_trial_and_for_real():
    assert {"smoke", "default"} <= {file.stem for file in CONFIGS}


def test_every_setting_is_described():
    for section in fields(TrainingConfig):
        kind = type(getattr(TrainingConfig(), section.name))
        if "Attributes:" in (kind.__doc__ or ""):
            for setting in fields(kind):
                assert (
                    f"\n        {setting.name}: " in kind.__doc__ or f"\n    {setting.name}: " in kind.__doc__
                )
