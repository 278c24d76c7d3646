"""The documents are true: commands run, code works, links lead somewhere, tables agree with the code.

The configurations in the documents take half an hour; a smaller one stands in for them, and digits from typefaces for
MNIST. What needs a network is only checked for its syntax.
"""

import gzip
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import recognizer
from recognizer import Recognizer, RecognizerError, cli, to_glyph
from recognizer.results import REASONS
from recognizer.training import config
from recognizer.training.embedding import config as embedding_config
from reject_gen.printed import render_digits
from reject_gen.typefaces import BUILT_IN

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [*DOCUMENTS, ROOT / "NOTICE.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("*/README.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PACKAGES = ("recognizer", "retrieval", "reject_gen")
PROGRAMS = {  # stand for what an installation puts on the path: this Python, with these arguments
    "recognize": "-m recognizer.cli.recognize",
    "similar": "-c 'import sys; from recognizer.cli.similar import main; sys.exit(main())'",
    "recognizer": "-c 'import sys; from recognizer.cli import main; sys.exit(main())'",
    "badcase": "-c 'import sys; from recognizer.cli.badcase import main; sys.exit(main())'",
    "python": "",
}
INSTALLS = "pip "  # such a line is compared with what the checks before a merge run
FETCHES = "recognizer data fetch"
SMALL = """
name = "docs"
seed = 0
[data]
validation = 200
limit = 800
page_copies = 1
printed = 200
rejects = 300
validation_rejects = 150
[network]
half = [8, 16]
quarter = [32]
[optimizer]
epochs = 1
batch = 64
sanity = false
[rejects]
noise = 1.0
strokes = 1.0
"""

SMALL_SPECIALISTS = """
[folds]
epochs = 1
small_epochs = 1
[pairs]
most = 2
[fit]
epochs = 1
simple_samples = 60
"""


def blocks(document, *kinds):
    return [text for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")) if kind in kinds]


def commands(document):
    """Each command with the output that the document shows, or None."""
    found = []
    for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
        if kind == "sh":
            found += [(line, None) for line in text.splitlines() if line and not line.startswith("#")]
        elif kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                found.append((line, output))
    return found


def write_idx(file, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    file.write_bytes(gzip.compress(header + array.tobytes(), 1))


def write_stand_ins(folder):
    """MNIST, from a typeface; and labelled images of one's own."""
    rng = np.random.default_rng(0)
    images, labels = render_digits(rng, 1000, (BUILT_IN,))
    glyphs = np.stack([to_glyph(image) for image in images])
    (folder / "data" / "mnist").mkdir(parents=True)
    for part, chosen in (("train", slice(0, 900)), ("t10k", slice(900, 1000))):
        write_idx(folder / "data" / "mnist" / f"{part}-images-idx3-ubyte.gz", glyphs[chosen])
        write_idx(folder / "data" / "mnist" / f"{part}-labels-idx1-ubyte.gz", labels[chosen])
    for number in range(320):
        home = folder / "my-images" / str(labels[number])
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - images[number]).save(home / f"{number}.png")
    (folder / "my-images" / "reject").mkdir()
    shutil.copy(ROOT / "examples" / "tick.png", folder / "my-images" / "reject")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of what the documents speak of, where their commands may write; and the environment to run them in."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "configs").mkdir()
    for name in (
        "best.toml",
        "default.toml",
        "ladder.toml",
        "light.toml",
        "light-fortieth.toml",
        "smoke.toml",
    ):
        (folder / "configs" / name).write_text(SMALL)
    (folder / "configs" / "specialists.toml").write_text(SMALL_SPECIALISTS)
    for name in ("embedding.toml", "embedding-smoke.toml"):
        shutil.copy(ROOT / "configs" / "embedding-smoke.toml", folder / "configs" / name)
    write_stand_ins(folder)
    programs = folder / "bin"
    programs.mkdir()
    for name, arguments in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    imported = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": imported,
        "RECOGNIZER_DATA": str(folder / "data"),
        "RECOGNIZER_HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
    }
    return folder, environment


def shape(output):
    """Output without what another model changes: numbers with a fraction."""
    return re.sub(r"\d+\.\d+", "#", output)


def run(command, place):
    folder, environment = place
    shell = ["sh", "-e", "-c", command]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def check_syntax(command):
    words = shlex.split(command)[1:]
    cli.PROGRAM.parser(words).parse_args(words)


@pytest.mark.skipif(shutil.which("sh") is None, reason="the documents' commands are those of a POSIX shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_run(document, place):
    for command, shown in commands(document):
        if command.startswith(INSTALLS):
            continue
        if command.startswith(FETCHES) or command == "recognizer data verify":
            check_syntax(command)
            continue
        done = run(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if shown is not None:
            assert shape(done.stdout) == shape(shown), command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_runs(document, place):
    folder, environment = place
    for code in blocks(document, "python"):
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stderr}"


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


def example_rows():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (\w+) \|", text, re.MULTILINE)
    assert {name for name, _ in rows} == {path.name for path in (ROOT / "examples").iterdir()} - {"README.md"}
    return rows


@pytest.fixture(scope="module")
def shipped():
    return Recognizer.load()


@pytest.mark.parametrize(("name", "answer"), example_rows())
def test_examples_are_answered_as_said(name, answer, shipped):
    found = shipped.recognize(ROOT / "examples" / name)
    assert (found.reason or str(found.digit)) == answer


def test_row_is_read(shipped):
    found = shipped.recognize_field(ROOT / "examples" / "row-2706.png")
    assert [answer.digit for answer in found] == [2, 7, 0, 6]


def test_reasons_are_explained():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{reason}`" in readme for reason in REASONS)


def descriptions(section):
    """Each setting's line in the section of attributes of a configuration's docstring."""
    told = re.findall(
        r"^ {8}(\w+): (.*(?:\n {12}.*)*)$", section.__doc__.partition("Attributes:")[2], re.MULTILINE
    )
    return {name: " ".join(text.split()) for name, text in told}


def settings_table(section):
    """A section of the configuration as the documents show it: names, defaults, and what each is where it is told."""
    told = descriptions(section)
    titles = ["setting", "default", *(["what it is"] if told else [])]
    lines = [f"| {' | '.join(titles)} |", f"| {' | '.join('---' for _ in titles)} |"]
    for setting in fields(section):
        if setting.default is MISSING or setting.default is None:
            continue  # a section
        value = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        cells = [
            f"`{setting.name}`",
            f"`{json.dumps(value)}`",
            *([told[setting.name].rstrip(".")] if told else []),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


SECTIONS = [
    config.TrainingConfig,
    config.DataConfig,
    config.NetworkConfig,
    config.OptimizerConfig,
    config.ReaderConfig,
    config.AugmentConfig,
    embedding_config.EmbeddingConfig,
    *embedding_config.SECTIONS.values(),
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_settings_are_documented(section):
    """To mend a difference: `python tests/test_docs.py` writes the tables anew."""
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    name = section.__name__
    shown = text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]
    assert shown == settings_table(section)


def classes_below(kind):
    return {kind, *(each for sub in kind.__subclasses__() for each in classes_below(sub))}


def test_errors_are_documented():
    from recognizer.training import loop  # noqa: F401 - has an error of its own

    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+Error)` \| (\d+) \|", text, re.MULTILINE))
    own = [kind for kind in classes_below(RecognizerError) if kind.__module__.startswith("recognizer.")]
    assert listed == {kind.__name__: str(kind.exit_code) for kind in own}


def test_messages_are_those_of_the_code():
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Images")[2]
    messages = re.findall(r"^\| (`+) ?(.+?) ?\1 \|", text, re.MULTILINE)
    assert len(messages) > 30
    for _, message in messages:
        assert message in code, message


def modules(*packages):
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return {file.relative_to(ROOT) for file in files if file.name != "__init__.py"}


def test_architecture_names_every_file():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    unnamed = [
        str(file) for file in modules("recognizer", "reject_gen", "retrieval") if f"`{file.name}`" not in text
    ]
    assert not unnamed
    known = {file.name for file in modules("recognizer", "reject_gen", "retrieval")} | {"__init__.py"}
    named = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", text)}
    assert named <= known


def test_architecture_names_what_a_bundle_holds():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folder = Path(recognizer.__file__).parent / "models" / "eleven"
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    files = (re.sub(r"^specialist-.*(?=\.)", "specialist-PAIR", file.name) for file in folder.iterdir())
    for name in (*meta, *meta["operating_point"], *files):
        assert f"`{name}`" in text, name


def test_pictures_are_pictures():
    for document in DOCUMENTS:
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            assert cv2.imread(str(document.parent / target)) is not None, target


def write_settings():
    file = ROOT / "docs" / "training.md"
    text = file.read_text(encoding="utf-8")
    for section in SECTIONS:
        name = section.__name__
        head, _, rest = text.partition(f"<!-- {name} -->\n")
        tail = rest.partition(f"<!-- /{name} -->")[2]
        text = f"{head}<!-- {name} -->\n{settings_table(section)}\n<!-- /{name} -->{tail}"
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_settings()
