"""Galleries on a server that speaks as Milvus does, and servers that hold none or do not answer."""

from __future__ import annotations

import importlib.util

import pytest
from hits import ids

from retrieval import Gallery
from retrieval.errors import GalleryError

needs_lite = pytest.mark.skipif(
    importlib.util.find_spec("milvus_lite") is None or importlib.util.find_spec("pymilvus") is None,
    reason="Milvus Lite is not installed: it comes with the extra scale",
)


@pytest.fixture
def server(tmp_path):
    """A server at an address, and what keeps it running: it speaks what Milvus speaks, over the network."""
    pytest.importorskip("pymilvus", reason="the extra scale is not installed")
    adapter = pytest.importorskip("milvus_lite.adapter.grpc.server", reason="Milvus Lite is not to be had")
    running, database, port = adapter.start_server_in_thread(str(tmp_path / "data"), host="127.0.0.1", port=0)
    yield f"127.0.0.1:{port}"
    running.stop(grace=0).wait()
    database.close()


def test_galleries_on_a_server(server, encoder, images):
    address = f"milvus://{server}/digits"
    assert not Gallery.exists(address)
    with pytest.raises(GalleryError, match="no gallery there"):
        Gallery.open(address, encoder)
    gallery = Gallery.create(address, encoder)
    assert gallery.append(images, ids=[str(n) for n in range(40)], sources="scan").added == 40
    assert Gallery.exists(address)
    assert (gallery.address, gallery.name) == (address, "digits")
    again = Gallery.open(address, encoder)
    assert ids(again.search(images[:20], k=2)) == [[str(n), str(n + 20)] for n in range(20)]
    assert len(Gallery.create(f"milvus://{server}/others", encoder)) == 0


def test_a_collection_that_is_no_gallery(server, encoder):
    from pymilvus import MilvusClient

    client = MilvusClient(f"http://{server}")
    client.create_collection("mine", dimension=4)
    for use in (Gallery.open, Gallery.create, Gallery.reencode):
        with pytest.raises(GalleryError, match="this collection is not a gallery"):
            use(f"milvus://{server}/mine", encoder)
    assert client.has_collection("mine")


@needs_lite
def test_a_server_that_does_not_answer(encoder, monkeypatch):
    monkeypatch.setattr("retrieval.milvus_collection.CONNECT_S", 0.5)
    with pytest.raises(GalleryError, match=r"^milvus://127.0.0.1:1/digits: ") as caught:
        Gallery.open("milvus://127.0.0.1:1/digits", encoder)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
