"""`similar` and explanations with a gallery in Milvus: the commands are those of any gallery."""

import numpy as np
import pytest
from pages import DIGITS
from similar_command import code_of, draw, found_by, ids_of

from recognizer import Recognizer
from recognizer.galleries import galleries_folder, gallery_names
from retrieval import Gallery

pytest.importorskip("pymilvus", reason="the extra scale is not installed")
pytest.importorskip("milvus_lite", reason="Milvus Lite is not to be had for this system")


pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def built(drawn, tmp_path_factory):
    """A gallery of the drawn pages."""
    file = tmp_path_factory.mktemp("built") / "own.db"
    assert code_of("--build", drawn, "--gallery", file) == 1, "one file is no image"
    return file


def test_what_was_built_is_found(built, drawn, capsys):
    for mode in ("precision", "recall"):
        (found,) = found_by(capsys, drawn / "3.png", "--gallery", built, "-k", 2, "--mode", mode)
        assert found["engine"] == "milvus"
        assert ids_of(found)[0] == (drawn / "3.png").as_posix()
        assert found["neighbors"][0]["distance"] == 0
    (found,) = found_by(capsys, drawn / "3.png", "--gallery", built, "--source", "5.png")
    assert ids_of(found) == [(drawn / "5.png").as_posix()]


def test_building_again_adds_nothing(built, drawn, capsys):
    assert code_of("--build", drawn, "--gallery", built) == 1
    assert f"{built}: 0 added, 6 there already, 0 replaced" in capsys.readouterr().out


def test_a_sheet_shows_what_was_found(built, drawn, tmp_path):
    assert code_of(drawn / "2.png", "--gallery", built, "--sheet", tmp_path / "sheet.png") == 0
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_keeping_it_in_order(built, drawn, capsys):
    assert code_of("--prepare", "--gallery", built) == 0
    assert capsys.readouterr().out == f"{built}: milvus is ready for 6 images\n"
    assert code_of("--duplicates", "--gallery", built) == 0
    assert "6 images; groups of the same image: 0" in capsys.readouterr().err
    assert code_of("--remove", (drawn / "0.png").as_posix(), "nothing", "--gallery", built) == 1
    assert capsys.readouterr().out == f"{built}: 1 removed; 5 in all\n"
    assert code_of("--reencode", "--gallery", built) == 0
    assert capsys.readouterr().out == f"{built}: 5 images encoded by random-0\n"


def test_it_explains_answers(built):
    known = Gallery.open(built)
    model = Recognizer.load(gallery=built)
    answer = model.recognize(DIGITS[4], explain=3)
    assert [hit.id for hit in answer.neighbors] == [
        hit.id for hit in known.search(np.asarray(DIGITS[4])[None], 3)[0]
    ]
    assert model.gallery.name == "own.db"


def test_a_kept_one_is_found_by_its_name(drawn, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Gallery.create(galleries_folder() / "kept.db")
    assert gallery_names() == ["kept.db"]
    assert found_by(capsys, drawn / "1.png", "--gallery", "kept.db")[0]["neighbors"] == []


def test_addresses_that_are_none(drawn, capsys):
    assert code_of(drawn / "1.png", "--gallery", "milvus://host/no-name") == 2
    assert capsys.readouterr().err.startswith("error: milvus://host/no-name: not the address of a gallery")
    assert code_of(drawn / "1.png", "--gallery", "nowhere.db") == 3
    assert "nowhere.db: no gallery there" in capsys.readouterr().err
