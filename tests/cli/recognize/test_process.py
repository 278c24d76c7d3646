"""A process of its own: standard input, pipes, names of any bytes, what it imports."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from commands import environment, objects
from compiled_parts import compiled_only
from recognize_command import COMMAND, MODULE, code_of, run

LIBRARIES = "numpy, PIL.Image, onnxruntime, cv2"
NOT_FOR_ONE_IMAGE = {
    *("recognizer.registry.versions", "recognizer.registry.state", "recognizer.files", "recognizer.audit"),
    *(
        "recognizer.stages.specialists",
        "recognizer.stages.pair_models",
        "recognizer.field.reading",
        "recognizer.image.boxes",
        "recognizer.feedback",
    ),
    *(
        "recognizer.cli.sheet",
        "recognizer.cli.terminal",
        "retrieval.hit",
        "retrieval.gallery",
        "retrieval.files",
    ),
    *("platformdirs", "importlib.resources", "importlib.metadata", "tempfile", "secrets", "getpass", "csv"),
}
SLOW_IMPORTS = ("rich", "sklearn", "torch", "pynndescent", "scipy", "numba", "matplotlib", "daft")


def test_a_process_answers_like_the_function(here, capsys):
    done = run("--json", "7.png", "bad.png", cwd=here)
    code = code_of("--json", "7.png", "bad.png")
    assert (done.returncode, done.stderr) == (code, b"")
    assert done.stdout.decode() == capsys.readouterr().out


def names_of(report):
    """The modules in a report of ``-X importtime``."""
    return {line.split(b"|")[-1].strip().decode() for line in report.splitlines()}


def test_a_cold_start_imports_nothing_slow(here):
    done = run("--json", "7.png", cwd=here, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert {name.partition(".")[0] for name in names_of(done.stderr)}.isdisjoint(SLOW_IMPORTS)


@compiled_only  # in Python, finding ink takes three modules more
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs says where models are registered")
@pytest.mark.parametrize("form", ["--json", "--threads=1"])
def test_one_image_needs_few_modules(form, here, tmp_path):
    where = {"HOME": str(tmp_path), "RECOGNIZER_HOME": "", "XDG_DATA_HOME": ""}
    done = run(form, "7.png", cwd=here, PYTHONPROFILEIMPORTTIME="1", **where)
    bare = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {LIBRARIES}"], capture_output=True, check=True
    )
    imported = names_of(done.stderr)
    assert (done.returncode, "recognizer.stages.both_stages" in imported) == (0, True)
    assert imported & NOT_FOR_ONE_IMAGE <= names_of(bare.stderr)
    assert sum(name.startswith(("recognizer", "retrieval")) for name in imported) <= 40


def test_a_list_on_standard_input_is_answered_in_order(here):
    done = run("--json", "-", cwd=here, stdin=b"3.png\nmissing.png\n7.png\n")
    assert done.returncode == 1
    assert [entry["best"] for entry in objects(done.stdout)] == [3, None, 7]


def test_an_empty_list_is_no_error(here):
    done = run("--json", "-", cwd=here, stdin=b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"recognize: no paths on standard input\n")


def test_an_image_on_standard_input_is_one_line(here):
    done = run("-", cwd=here, stdin=(here / "7.png").read_bytes())
    line = b"error: standard input holds an image, not a list of paths: pass the path of its file\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", line)


def test_names_that_look_like_options_follow_two_dashes(here, tmp_path):
    shutil.copy(here / "7.png", tmp_path / "-7.png")
    done = run("--json", "--", "-7.png", cwd=tmp_path)
    assert [entry["path"] for entry in objects(done.stdout)] == ["-7.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes as a name")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_that_is_not_utf8_is_answered(encoding, here, tmp_path):
    name = b"caf\xe9.png"
    shutil.copy(here / "7.png", os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH118
    settings = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for form in ("--json", "--csv", "--field"):
        done = run(form, name, b"gone" + name, cwd=tmp_path, **settings)
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout.count(b"\n") == 2 + (form == "--csv")
    plain = run(name, cwd=tmp_path, **settings).stdout
    assert plain.startswith(name if encoding == "utf-8" else b"caf\\udce9.png")


def test_no_escape_codes_reach_a_pipe(here):
    done = run("7.png", "blank.png", "bad.png", cwd=here, FORCE_COLOR="1", TERM="xterm-256color")
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_reader_that_leaves_early_is_no_error(here):
    names = b"7.png\n" * 2000
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*COMMAND, "--json", "-"], cwd=here, env=environment(), **pipes) as process:
        process.stdin.write(names)
        process.stdin.close()
        assert json.loads(process.stdout.readline())["best"] == 7
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(60)


@pytest.mark.parametrize(("call", "frozen"), [("main()", b"True"), ("main(sys.argv[1:])", b"False")])
def test_the_end_of_its_own_process_searches_for_no_garbage(call, frozen, here):
    """That of another program, which calls it, searches."""
    # Python 3.12 begins with some objects frozen.
    told = "before = gc.get_freeze_count(); "
    told += "atexit.register(lambda: print(gc.get_freeze_count() > before, file=sys.stderr))"
    code = f"import atexit, gc, sys; {told}; from {MODULE} import main; sys.exit({call})"
    done = subprocess.run(
        [sys.executable, "-c", code, "--json", "7.png"],
        cwd=here,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert (objects(done.stdout)[0]["best"], done.stderr.split()) == (7, [frozen])
