"""The command `similar` in this process or one of its own, and images to ask it about."""

from __future__ import annotations

import subprocess

from commands import environment, objects
from pages import DIGITS, page_of
from PIL import Image
from shipped_stand_in import command

from recognizer.cli.similar import main


def draw(folder):
    """Fill a folder with pages of the first digits, a blank page, and a file that is no image."""
    for number in range(6):
        Image.fromarray(page_of(DIGITS[number])).save(folder / f"{number}.png")
    Image.new("L", (64, 64), 255).save(folder / "blank.png")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return folder


def code_of(*argv):
    try:
        return main([str(part) for part in argv])
    except SystemExit as stopped:
        return stopped.code


def run(models, *argv, cwd, stdin=b"", **settings):
    done = [*command("recognizer.cli.similar", models), *map(str, argv)]
    return subprocess.run(
        done, cwd=cwd, env=environment(**settings), input=stdin, capture_output=True, check=False
    )


def ids_of(entry):
    return [hit["id"] for hit in entry["neighbors"]]


def found_by(capsys, *argv):
    assert code_of("--json", *argv) == 0
    return objects(capsys.readouterr().out)
