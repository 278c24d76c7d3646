"""The contact sheet, run as people run it."""

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from reject_gen.recipe import make_recipe
from reject_gen.sheet import contact_sheet
from reject_gen.sources import printed_digits


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reject_gen", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_idx(path: Path, values: np.ndarray) -> None:
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()))


def test_the_command_writes_a_sheet(tmp_path: Path) -> None:
    material = printed_digits()
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", material.digits)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", material.labels)
    out = tmp_path / "sheet.png"
    done = run("--sheet", out, "--per-family", "3", "--mnist", tmp_path, "--family", "noise", "touching_pair")
    assert (done.returncode, done.stderr) == (0, "")
    rows = len(make_recipe({"noise": 1, "touching_pair": 1}).families)
    expected = contact_sheet(sorted_rows(), material, 3, 0)
    with Image.open(out) as sheet:
        assert sheet.height == rows * 68
        assert sheet.tobytes() == expected.tobytes()


def sorted_rows() -> list:
    families = make_recipe({"noise": 1, "touching_pair": 1}).families
    return sorted(families, key=lambda family: (family.group, family.name))


def test_a_row_does_not_depend_on_the_others_but_on_the_seed() -> None:
    families, material = sorted_rows(), printed_digits()
    together = np.asarray(contact_sheet(families, material, 4, 0))
    alone = np.asarray(contact_sheet(families[2:3], material, 4, 0))
    assert np.array_equal(together[2 * 68 : 3 * 68], alone)
    assert not np.array_equal(np.asarray(contact_sheet(families[2:3], material, 4, 1)), alone)


def test_mistakes_are_one_line_and_exit_2(tmp_path: Path) -> None:
    for arguments in (
        ["--family", "nothing_like_it"],
        ["--mnist", tmp_path],
        ["--fonts", tmp_path / "none"],
        ["--per-family", "0"],
    ):
        done = run("--sheet", tmp_path / "sheet.png", *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("reject_gen: ")
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "sheet.png").exists()
