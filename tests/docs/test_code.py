"""Reasons, errors, messages and files are told, and there are no others."""

import json
import re
from pathlib import Path

from documents import ROOT

import recognizer
from recognizer import RecognizerError
from recognizer.results import REASONS

PACKAGES = ("recognizer", "retrieval", "reject_gen")


def test_reasons_are_explained():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{reason}`" in readme for reason in REASONS)


def classes_below(kind):
    return {kind, *(each for sub in kind.__subclasses__() for each in classes_below(sub))}


def test_errors_are_documented():
    from recognizer.training import loop  # noqa: F401 - has an error of its own

    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+Error)` \| (\d+) \|", text, re.MULTILINE))
    own = [kind for kind in classes_below(RecognizerError) if kind.__module__.startswith("recognizer.")]
    assert listed == {kind.__name__: str(kind.exit_code) for kind in own}


def files_of_the_code():
    return [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]


def test_messages_are_those_of_the_code():
    code = "".join(file.read_text(encoding="utf-8") for file in files_of_the_code())
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Images")[2]
    messages = re.findall(r"^\| (`+) ?(.+?) ?\1 \|", text, re.MULTILINE)
    assert len(messages) > 30
    for _, message in messages:
        assert message in code, message


def test_architecture_names_every_file():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = {file for file in files_of_the_code() if file.name != "__init__.py"}
    assert not [str(file) for file in files if f"`{file.name}`" not in text]
    known = {file.name for file in files} | {"__init__.py"}
    named = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", text)}
    assert named <= known


def test_architecture_names_what_a_bundle_holds():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folder = Path(recognizer.__file__).parent / "models" / "eleven"
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    files = (re.sub(r"^specialist-.*(?=\.)", "specialist-PAIR", file.name) for file in folder.iterdir())
    for name in (*meta, *meta["operating_point"], *files):
        assert f"`{name}`" in text, name
