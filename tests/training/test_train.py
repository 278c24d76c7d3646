"""The command that trains: from a configuration to a bundle."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pages import DIGITS, LABELS, many_digits
from small_training import small_config
from stand_in import idx, put

from recognizer import Recognizer, data

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")


from recognizer.bundle import read_bundle  # noqa: E402
from recognizer.cli import main  # noqa: E402
from recognizer.measure.record import read_record  # noqa: E402
from recognizer.stages.network import Network  # noqa: E402
from recognizer.stages.second_look import changed  # noqa: E402
from recognizer.training import samples  # noqa: E402
from recognizer.training.networks import Networks  # noqa: E402
from reject_gen.typefaces import find_typefaces  # noqa: E402


def weights(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def same_weights(one, other, tolerance=1e-5):
    assert one.keys() == other.keys()
    return all(np.allclose(one[name], other[name], atol=tolerance) for name in one)


CONFIG = small_config("tiny", {"rejects": {"fragments": 2.0}}, version="7", coverage=0.9)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    images, labels = many_digits(500, seed=3)
    files = {name: idx(images if "images" in name else labels) for name in data.MNIST}
    return put(tmp_path_factory.mktemp("data"), files)


@pytest.fixture(scope="module")
def run_folder(mnist, tmp_path_factory):
    """A finished run; the built-in typeface stands for those of this machine."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(CONFIG, encoding="utf-8")
    faces = find_typefaces([folder])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "find_typefaces", lambda: faces)
        assert train(folder / "tiny.toml", mnist, folder / "out") == 0
    return folder


def train(config, mnist, out):
    return main(["train", "--config", str(config), "--data", str(mnist), "--out", str(out), "--workers", "1"])


def test_a_run_makes_a_bundle_that_reads_digits(run_folder):
    model = Recognizer.load(run_folder / "out" / "bundle")
    assert model.model == "tiny@7, coverage 90 %"
    right = [answer.best == label for answer, label in zip(model.recognize_many(DIGITS), LABELS, strict=True)]
    assert np.mean(right) > 0.3  # ten digits after two short epochs: a guess is right one time in ten
    assert model.recognize(np.full((40, 40), 250, np.uint8)).reason == "blank"


def test_a_bundle_says_what_it_was_made_from(run_folder):
    meta = json.loads((run_folder / "out" / "bundle" / "meta.json").read_text(encoding="utf-8"))
    assert meta["config"]["optimizer"]["epochs"] == 2
    assert len(meta["data"]["mnist_train_sha256"]) == 64
    assert meta["data"]["train_rejects"] >= meta["data"]["train_rejects_dropped"] >= 0
    assert meta["validation"]["mnist"]["n"] == 100
    assert meta["versions"]["torch"]
    assert meta["operating_point"]["coverage"] == pytest.approx(0.9, abs=0.02)


def test_a_run_leaves_its_figures_behind(run_folder):
    history = json.loads((run_folder / "out" / "history.json").read_text(encoding="utf-8"))
    assert len(history["loss"]) == len(history["validation"]) == 2
    assert read_record(run_folder / "out" / "metrics.json")["figures"]["validation"]["mnist"]["n"] == 100
    for name in ("curves.png", "confusion.png"):
        assert (run_folder / "out" / name).stat().st_size > 1000


def test_the_golden_answers_are_those_of_the_bundle(run_folder):
    folder = run_folder / "out" / "bundle"
    pairs = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    glyphs = np.array([pair["glyph"] for pair in pairs], np.uint8).reshape(-1, 28, 28)
    bundle = read_bundle(folder)
    graph = Network.of(bundle).logits(glyphs) / bundle.temperature
    powers = np.exp(graph - graph.max(axis=1, keepdims=True))
    wanted = np.array([pair["scores"] for pair in pairs])
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(wanted, abs=1e-4)


def test_a_bundle_holds_the_weights_to_go_on_from(run_folder):
    model = Networks.of(read_bundle(run_folder / "out" / "bundle")).first
    state = torch.load(run_folder / "out" / "checkpoint.pt", weights_only=True)["averaged"]
    trained = {name.removeprefix("module."): value.numpy() for name, value in state.items() if "." in name}
    assert same_weights(weights(model), trained, tolerance=1e-3)


def test_a_finished_run_is_found_again(run_folder, mnist, capsys):
    bundle = run_folder / "out" / "bundle"
    before = (bundle / "stage1.onnx").read_bytes()
    assert train(run_folder / "tiny.toml", mnist, run_folder / "out") == 0
    assert capsys.readouterr().out.strip() == str(bundle)
    assert (bundle / "stage1.onnx").read_bytes() == before


def trained_before(run_folder, folder, section):
    """A configuration with a section more, and a folder that holds what the run without it left."""
    for name in ("pools.npz", "pools.json", "checkpoint.pt"):
        (folder / name).write_bytes((run_folder / "out" / name).read_bytes())
    config = folder / "more.toml"
    config.write_text(CONFIG + section, encoding="utf-8")
    return config


def test_a_run_with_a_second_reader(run_folder, mnist, tmp_path):
    reader = "[reader]\nhalf = [8, 12]\nquarter = [24]\nweight = 0.75\nepochs = 1\n"
    assert train(trained_before(run_folder, tmp_path, reader), mnist, tmp_path) == 0
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.network == read_bundle(run_folder / "out" / "bundle").network
    assert bundle.second_look.reader.weight == 0.75
    first, second = Network(bundle.network), Network(bundle.reader)
    lead = np.sort(first.logits(DIGITS), axis=1)
    doubtful = np.flatnonzero(lead[:, -1] - lead[:, -2] < bundle.second_look.lead)[0]
    looks = second.logits(changed(DIGITS[[doubtful]], bundle.second_look.views)).mean(axis=0)
    wanted = 0.25 * first.logits(DIGITS)[doubtful] + 0.75 * bundle.second_look.reader.scale * looks
    assert Network.of(bundle).logits(DIGITS)[doubtful] == pytest.approx(wanted, abs=1e-4)
    for name in ("reader-checkpoint.pt", "reader-history.json", "reader-curves.png"):
        assert (tmp_path / name).stat().st_size > 100


def test_a_network_that_goes_on_learning_from_more(run_folder, mnist, tmp_path):
    more = "[more]\nrejects = 50\nepochs = 1\nrate = 0.001\n[more.mix]\ncurls = 1.0\n"
    config = trained_before(run_folder, tmp_path, more)
    assert train(config, mnist, tmp_path) == 0
    with np.load(tmp_path / "more.npz") as added:
        assert set(added["train_sources"]) == {"curls"}
        count = len(added["train_labels"])
    bundle, before = read_bundle(tmp_path / "bundle"), read_bundle(run_folder / "out" / "bundle")
    told = bundle.meta["data"]
    assert told["more_rejects"] - told["more_rejects_dropped"] == count > 30
    assert told["split_sha256"] == before.meta["data"]["split_sha256"]
    old, new = (weights(Networks.of(each).first) for each in (before, bundle))
    assert not same_weights(old, new, tolerance=1e-3)
    made = (tmp_path / "more.npz").stat().st_mtime_ns
    assert train(config, mnist, tmp_path) == 0
    assert (tmp_path / "more.npz").stat().st_mtime_ns == made


def test_a_family_that_there_is_not_is_told_before_anything_is_made(mnist, tmp_path, capsys):
    (tmp_path / "x.toml").write_text(f"{CONFIG}[more.mix]\ncurl = 1.0\n", encoding="utf-8")
    assert train(tmp_path / "x.toml", mnist, tmp_path / "out") == 2
    assert "[more.mix]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_another_run_is_refused(run_folder, mnist, capsys):
    other = run_folder / "other.toml"
    other.write_text(CONFIG.replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    assert train(other, mnist, run_folder / "out") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "another configuration" in said.err


def test_a_run_stopped_before_its_first_epoch_gives_the_same_model(run_folder, mnist, tmp_path):
    for name in ("config.json", "pools.npz", "pools.json"):
        (tmp_path / name).write_bytes((run_folder / "out" / name).read_bytes())
    assert train(run_folder / "tiny.toml", mnist, tmp_path) == 0
    glyphs = DIGITS[:8]
    wanted = Network((run_folder / "out" / "bundle" / "stage1.onnx").read_bytes()).logits(glyphs)
    assert Network((tmp_path / "bundle" / "stage1.onnx").read_bytes()).logits(glyphs) == pytest.approx(
        wanted, abs=1e-3
    )


@pytest.mark.parametrize(
    ("change", "words"), [(("epochs = 2", "epoch = 2"), "'epoch'"), (("noise = 1.0", "nois = 1.0"), "'nois'")]
)
def test_mistakes_in_the_configuration_are_one_line(tmp_path, mnist, capsys, change, words):
    config = tmp_path / "x.toml"
    config.write_text(CONFIG.replace(*change), encoding="utf-8")
    assert train(config, mnist, tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert words in said


def test_missing_data_are_one_line(tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(CONFIG, encoding="utf-8")
    assert train(config, tmp_path, tmp_path / "out") == 3
    assert "recognizer data fetch" in capsys.readouterr().err
