"""MNIST on disk and from a mirror, here a small stand-in on a local server."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognizer import data, fetch
from recognizer.cli import main
from recognizer.cli.common import run_command
from recognizer.errors import DataError, ModelError, UsageError
from recognizer.places import home

RECOGNIZER = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())"]


def idx(array):
    """The contents of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 255, (7, 28, 28), dtype=np.uint8)
LABELS = np.arange(7, dtype=np.uint8)
FILES = {name: idx(IMAGES if "images" in name else LABELS) for name in data.MNIST}
SUMS = {name: hashlib.sha256(contents).hexdigest() for name, contents in FILES.items()}
NAMES = {f"{name}.gz" for name in FILES}


def put(root, files=FILES):
    (root / "mnist").mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        data.packed(root, name).write_bytes(packed(contents))
    return root


def packed(contents):
    return gzip.compress(contents, mtime=0)


class Mirror:
    """A server on this machine; what it answers can be changed, what it was asked is kept."""

    def __init__(self):
        self.asked = []
        self.files = {name + ".gz": gzip.compress(contents) for name, contents in FILES.items()}
        self.missing_bytes = 0
        self.status = 200
        self.headers = {}
        self.stall = threading.Event()
        self.stalls = False
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answer(self, request):
        self.asked.append(request.path)
        if self.stalls:
            self.stall.wait(5)
        body = self.files.get(request.path.rsplit("/", 1)[-1])
        request.send_response(self.status if body is not None else 404)
        for key, value in self.headers.items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write((body or b"")[: len(body or b"") - self.missing_bytes])

    def close(self):
        self.stall.set()
        self.server.shutdown()
        self.server.server_close()


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


# Reading


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=9)))
@settings(deadline=None)
def test_idx_files_give_their_array(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(packed(idx(array)))
    assert np.array_equal(data.read_idx(path), array)


GOOD = packed(idx(LABELS))


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"", "damaged"),
        (b"text", "damaged"),
        (GOOD[:-9], "damaged"),
        (GOOD[:-8] + bytes(4) + GOOD[-4:], "damaged"),
        (packed(b"\0\0"), "damaged"),
        (packed(b"\0\0\x08\x03\0\0"), "damaged"),
        (packed(b"\0\0\x0d\x01\0\0\0\1abcd"), "unsigned bytes"),
        (packed(b"\0\0\x08\x09" + bytes(36)), "unsigned bytes"),
        (packed(b"\1\0\x08\x01\0\0\0\1a"), "unsigned bytes"),
        (packed(idx(LABELS) + b"more"), "as long as"),
        (packed(idx(LABELS)[:-1]), "as long as"),
        (packed(b"\0\0\x08\x04" + b"\xff" * 16), "over the limit"),
    ],
)
def test_bad_idx_files_are_refused_in_one_line(contents, words, tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=words) as caught:
        data.read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_arbitrary_idx_contents_never_raise_anything_else(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(packed(b"\0\0\x08" + contents))
    with contextlib.suppress(DataError):
        assert data.read_idx(path).dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("images-idx3-ubyte", np.zeros((7, 20, 20), np.uint8), "28 by 28"),
        ("images-idx3-ubyte", np.zeros(7, np.uint8), "28 by 28"),
        ("labels-idx1-ubyte", np.zeros(6, np.uint8), "a label for each"),
        ("labels-idx1-ubyte", np.full(7, 10, np.uint8), "no digit"),
    ],
)
def test_files_that_do_not_fit_together(name, array, words, tmp_path):
    put(tmp_path, {**FILES, f"t10k-{name}": idx(array)})
    with pytest.raises(DataError, match=words):
        data.load_mnist(tmp_path, "test")


# Places


def test_find_data(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RECOGNIZER_DATA", raising=False)
    with pytest.raises(DataError, match="recognizer data fetch"):
        data.find_data()
    in_home = put(tmp_path / "home" / "data")
    assert data.find_data() == in_home
    monkeypatch.setenv("RECOGNIZER_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="elsewhere"):
        data.find_data()
    elsewhere = put(tmp_path / "elsewhere")
    assert data.find_data() == elsewhere
    assert data.find_data(in_home) == in_home


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("RECOGNIZER_HOME", "~/x")
    assert home() == Path.home() / "x"
    monkeypatch.delenv("RECOGNIZER_HOME")
    assert "recognizer" in str(home())


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


@pytest.mark.parametrize(
    "argv", [[], ["nothing"], ["data"], ["data", "nothing"], ["data", "verify", "--x"], ["--x"]]
)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: recognizer" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["data", "--help"], ["data", "fetch", "--help"], ["--version"]])
def test_help_and_version(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "recognizer" in capsys.readouterr().out


def raising(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ModelError("no model: do this"), 3, "error: no model: do this\n"),
        (UsageError("not so"), 2, "error: not so\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (PermissionError(13, "Permission denied", "out.png"), 1, "error: out.png: Permission denied\n"),
        (OSError("strange"), 1, "error: strange\n"),
    ],
)
def test_what_stops_a_command_is_one_line(error, code, line, capsys):
    assert run_command(raising(error), argparse.Namespace()) == code
    assert capsys.readouterr() == ("", line)


def test_a_mistake_in_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(raising(ZeroDivisionError()), argparse.Namespace())


def test_the_code_of_a_command_is_passed_on():
    assert run_command(lambda args: args.code, argparse.Namespace(code=7)) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE")
def test_a_reader_that_leaves_early_is_quiet():
    code = (
        "import argparse, sys; from recognizer.cli.common import run_command\n"
        "def run(args):\n"
        "    for i in range(100_000): sys.stdout.write('line\\n')\n"
        "    return 0\n"
        "sys.exit(run_command(run, argparse.Namespace()))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_one_line():
    code = "import argparse, sys; from recognizer.cli.common import run_command as r\n"
    code += "sys.exit(r(lambda a: sys.stdout.write('x') and 0, argparse.Namespace()))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")


@pytest.mark.skipif("RECOGNIZER_DATA" not in os.environ, reason="needs MNIST: set RECOGNIZER_DATA")
def test_the_real_files():
    root = data.find_data()
    assert set(data.verify(root).values()) == {"intact"}
    for part, count in {"train": 60_000, "test": 10_000}.items():
        images, labels = data.load_mnist(root, part)
        assert images.shape == (count, 28, 28)
        assert np.bincount(labels).size == 10
