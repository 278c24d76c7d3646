"""Fetching MNIST from mirrors, and the command ``recognizer data``."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from stand_in import FILES, IMAGES, LABELS, SUMS, Mirror, put

from recognizer import data, fetch
from recognizer.cli import main
from recognizer.errors import DataError, UsageError

RECOGNIZER = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())"]
NAMES = {f"{name}.gz" for name in FILES}


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture
def dead():
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/mnist/"


def files_below(root):
    return {path.name for path in root.rglob("*") if path.is_file()}


def refused(root, mirrors):
    with pytest.raises(DataError) as caught:
        fetch.fetch(root, mirrors, SUMS)
    assert "\n" not in str(caught.value)
    assert not any(name.endswith(".part") for name in files_below(root))
    return str(caught.value)


# Fetching


def test_fetch_brings_every_file_and_keeps_what_is_intact(mirror, tmp_path):
    assert set(fetch.fetch(tmp_path, [mirror.url], SUMS).values()) == {"fetched"}
    assert files_below(tmp_path) == NAMES
    assert set(data.verify(tmp_path, SUMS).values()) == {"intact"}
    images, labels = data.load_mnist(tmp_path, "train")
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)
    asked = len(mirror.asked)
    assert set(fetch.fetch(tmp_path, [mirror.url], SUMS).values()) == {"kept"}
    assert len(mirror.asked) == asked


def test_progress_is_told(mirror, tmp_path):
    told = []
    fetch.fetch(tmp_path, [mirror.url], SUMS, lambda *news: told.append(news))
    assert {name for name, _, _ in told} == NAMES
    assert all(0 < size <= total for _, size, total in told)


def test_the_next_mirror_is_tried(mirror, dead, tmp_path):
    fetch.fetch(tmp_path, [dead, mirror.url + "nowhere?", mirror.url], SUMS)
    assert set(data.verify(tmp_path, SUMS).values()) == {"intact"}


def test_all_mirrors_fail(mirror, dead, tmp_path):
    mirror.files.clear()
    line = refused(tmp_path, [dead, mirror.url])
    assert dead in line
    assert "refused" in line
    assert "404" in line
    assert "--mirror" in line


def test_a_download_that_breaks_off_is_not_kept(mirror, tmp_path):
    mirror.missing_bytes = 9
    assert "ended after" in refused(tmp_path, [mirror.url])
    assert files_below(tmp_path) == set()


def test_wrong_contents_are_not_kept_and_do_not_replace_what_is_there(mirror, tmp_path):
    put(tmp_path, {"train-images-idx3-ubyte": b"old"})
    mirror.files = dict.fromkeys(mirror.files, gzip.compress(b"something else"))
    assert "SHA-256" in refused(tmp_path, [mirror.url])
    assert gzip.decompress(data.packed(tmp_path, "train-images-idx3-ubyte").read_bytes()) == b"old"


def test_the_next_try_goes_on_where_the_last_one_stopped(mirror, tmp_path):
    kept = mirror.files.pop("t10k-images-idx3-ubyte.gz")
    refused(tmp_path, [mirror.url])
    mirror.files["t10k-images-idx3-ubyte.gz"] = kept
    done = fetch.fetch(tmp_path, [mirror.url], SUMS)
    assert [done[name] for name in SUMS] == ["kept", "kept", "fetched", "fetched"]


def test_a_damaged_file_is_replaced(mirror, tmp_path):
    data.packed(put(tmp_path), "train-labels-idx1-ubyte").write_bytes(b"not gzip")
    assert data.verify(tmp_path, SUMS)["train-labels-idx1-ubyte"] == "damaged"
    assert list(fetch.fetch(tmp_path, [mirror.url], SUMS).values()).count("fetched") == 1


def test_a_mirror_that_stalls_is_given_up(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.1)
    mirror.stalls = True
    assert "timed out" in refused(tmp_path, [mirror.url])


def test_a_mirror_that_sends_too_much_is_given_up(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "_MAX_BYTES", 10)
    assert "over 10 bytes" in refused(tmp_path, [mirror.url])


@pytest.mark.parametrize("address", ["file:///etc/", "ftp://host/", "/etc", "host/mnist", ""])
def test_only_http_addresses(address, tmp_path):
    with pytest.raises(UsageError, match="https://"):
        fetch.fetch(tmp_path, [address], SUMS)


def test_a_redirect_cannot_leave_http(mirror, tmp_path):
    outside = put(tmp_path / "outside")
    mirror.status, mirror.headers = 302, {"Location": f"file://{outside}/mnist/train-images-idx3-ubyte.gz"}
    refused(tmp_path / "data", [mirror.url])


def test_a_mirror_cannot_choose_where_to_write(mirror, tmp_path):
    mirror.headers = {"Content-Disposition": 'attachment; filename="../../evil"', "Content-Location": "/evil"}
    fetch.fetch(tmp_path / "data", [mirror.url], SUMS)
    assert files_below(tmp_path) == NAMES


def test_a_folder_that_cannot_be_made(mirror, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert "folder" in refused(tmp_path / "file", [mirror.url])


# The command line


def command(*argv, **environment):
    return subprocess.run(
        [*RECOGNIZER, *map(str, argv)],
        capture_output=True,
        text=True,
        env={**os.environ, "no_proxy": "*", **environment},
        check=False,
    )


def test_verify_says_what_is_wrong(tmp_path):
    put(tmp_path)
    data.packed(tmp_path, "t10k-labels-idx1-ubyte").unlink()
    for done in (
        command("data", "verify", "--data", tmp_path),
        command("data", "verify", RECOGNIZER_DATA=str(tmp_path)),
    ):
        assert done.returncode == DataError.exit_code
        assert [line.rsplit(" ", 1)[1] for line in done.stdout.splitlines()] == ["damaged"] * 3 + ["missing"]
        assert done.stderr == "error: 4 of 4 files are missing or damaged: run `recognizer data fetch`\n"


def test_fetch_and_verify(mirror, tmp_path, monkeypatch, capsys):
    for name, digest in SUMS.items():
        monkeypatch.setitem(data.MNIST, name, digest)
    assert main(["data", "fetch", "--data", str(tmp_path), "--mirror", mirror.url]) == 0
    assert capsys.readouterr().out.count(": fetched\n") == 4
    assert main(["data", "verify", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count(": intact\n") == 4


def test_a_fetch_that_fails_is_one_line(mirror, dead, tmp_path):
    done = command("data", "fetch", "--data", tmp_path, "--mirror", dead, "--mirror", mirror.url)
    assert (done.returncode, done.stdout) == (DataError.exit_code, "")
    assert done.stderr.startswith("error: cannot fetch train-images-idx3-ubyte.gz: ")
    assert done.stderr.count("\n") == 1
    done = command("data", "fetch", "--data", tmp_path, "--mirror", "file:///etc")
    assert (done.returncode, done.stderr.count("\n")) == (UsageError.exit_code, 1)


def test_the_bar_is_for_terminals(mirror, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, digest in SUMS.items():
        monkeypatch.setitem(data.MNIST, name, digest)
    assert main(["data", "fetch", "--data", str(tmp_path), "--mirror", mirror.url]) == 0
    shown = capsys.readouterr()
    assert "train-images" in shown.err
    assert shown.out.count("\n") == 4
