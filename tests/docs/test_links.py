"""Links lead somewhere, pictures are pictures, and what is installed is what is checked."""

import re

import cv2
import pytest
from documents import DOCUMENTS, INSTALLS, ROOT, commands

TEXTS = [*DOCUMENTS, ROOT / "NOTICE.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("*/README.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(document):
    text = document.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        linked = (document.parent / file).resolve() if file else document
        assert linked.exists(), f"{document.name}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def install_commands():
    return [line for line, _ in commands(ROOT / "README.md") if line.startswith(INSTALLS)]


def test_set_up_is_two_commands():
    use, work = install_commands()
    assert use.startswith("pip install . && recognize examples/")
    assert (ROOT / use.split()[-1]).is_file()
    assert work.endswith("&& pytest")


@pytest.mark.skipif(not (ROOT / ".ci" / "run").is_file(), reason="no .ci/run here")
def test_set_up_is_what_is_checked():
    """The same packages with the same constraints, whatever the pip that installs them is called."""
    checked = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in install_commands()[1].split(" && ")[:-1]:
        assert step.removeprefix("pip install ") in checked, step


def test_archive_has_the_documents():
    packed = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"/{name}"' in packed for name in ("docs", "examples", "configs", "*.md"))


def test_pictures_are_pictures():
    pictures = [
        document.parent / target
        for document in DOCUMENTS
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", document.read_text(encoding="utf-8"))
    ]
    assert len(pictures) > 5
    for picture in pictures:
        assert cv2.imread(str(picture)) is not None, picture
