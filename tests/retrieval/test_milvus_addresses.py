"""Addresses of galleries in Milvus, what is none, and which indexes a server can build."""

from __future__ import annotations

import sys

import pytest

from retrieval import Gallery
from retrieval.addresses import is_milvus, milvus_address
from retrieval.errors import EngineError, QueryError
from retrieval.milvus_indexes import BUILDS, building, looking, possible, preferred


@pytest.mark.parametrize(
    ("text", "uri", "database", "collection", "index"),
    [
        ("milvus://host/digits", "http://host:19530", "", "digits", None),
        ("milvus://10.0.0.7:1234/digits?index=ivf_sq8", "http://10.0.0.7:1234", "", "digits", "IVF_SQ8"),
        ("milvus+tls://host:443/team/digits", "https://host:443", "team", "digits", None),
        ("milvus://[::1]:19530/_a1", "http://[::1]:19530", "", "_a1", None),
        ("my/images.db", "my/images.db", "", "gallery", None),
        ("my/images.db?index=FLAT", "my/images.db", "", "gallery", "FLAT"),
    ],
)
def test_addresses(text, uri, database, collection, index):
    assert is_milvus(text)
    found = milvus_address(text)
    assert (found.uri, found.database, found.collection, found.index) == (uri, database, collection, index)
    assert found.text == text
    assert found.name == ("images.db" if "db" in uri else collection)


@pytest.mark.parametrize(
    "text", ["gallery", "a/b", "images.db/x", "starter", "db", ".db", "C:\\images", "x.dbs"]
)
def test_folders(text):
    assert not is_milvus(text)


@pytest.mark.parametrize(
    "text",
    [
        "milvus://",
        "milvus://host",
        "milvus://host/",
        "milvus:///digits",
        "milvus://host:port/digits",
        "milvus://host/a/b/c",
        "milvus://host/a-b",
        "milvus://user:secret@host/digits",
        "milvus://host/digits?index=",
        "milvus://host/digits?nprobe=3",
        "images.db?index",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(QueryError) as caught:
        Gallery.open(text)
    assert caught.value.exit_code == 2
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_may_be_called_like_a_file(tmp_path, encoder):
    Gallery.create(tmp_path / "plain", encoder)
    (tmp_path / "plain").rename(tmp_path / "mine.db")
    assert Gallery.open(tmp_path / "mine.db", encoder).plan(1).engine == "exact"


def test_every_index_can_be_built_and_searched():
    assert preferred("v2.6.1")[0] == preferred("milvus_lite-3.2.2")[0] == "HNSW"
    assert set(possible("milvus_lite-3.2.2")) < set(possible("v2.6.1")) == set(BUILDS)
    for name in BUILDS:
        assert all(value > 0 for value in looking(name, 10).values())
    assert building("HNSW", "v2.6.1") == building("HNSW", "milvus_lite-3.2.2")["params"] == BUILDS["HNSW"]
    assert looking("HNSW", 5000)["ef"] >= 5000
    assert looking("HNSW", 16_384)["ef"] <= 32_768


def test_without_the_client(tmp_path, encoder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(EngineError, match="extra 'scale'") as caught:
        Gallery.create(tmp_path / "gallery.db", encoder)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "gallery.db").exists()
