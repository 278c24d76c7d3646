"""What an installation takes: sizes by package, and that the documents say what is measured."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


pytestmark = pytest.mark.usefixtures("modules")


@pytest.fixture
def python(tmp_path):
    """The Python of an environment with three packages, one of which tells of a file that is gone."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, content in (
        ("large", {"large.py": 2_000_000, "__pycache__/large.cpython-311.pyc": 500_000}),
        ("small", {"small.py": 300, "gone.py": 0}),
        ("digit-recognizer-eleven", {"recognizer/models/a.onnx": 70, "recognizer/a.py": 9}),
    ):
        about = site / f"{name.replace('-', '_')}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "RECORD").write_text("".join(f"{file},,\n" for file in content))
        for file, count in content.items():
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            (site / file).write_bytes(bytes(count))
    (site / "gone.py").unlink()
    return tmp_path / "bin" / "python"


def test_packages_are_added_up(python):
    from installed import by_package, own_parts, packages, totals

    found = packages(python)
    assert [(each.name, each.size.files, each.size.sources) for each in found] == [
        ("large", 2_500_000, 2_000_000),
        ("small", 300, 300),
        ("digit-recognizer-eleven", 79, 79),
    ]
    assert by_package(found).rows == [["large", "1.0", "2.5", "2.0"], ["2 others", "", "0.0", "0.0"]]
    assert totals({"all": found}).rows[0][:4] == ["all", 3, "2.5", "2.0"]
    assert {part: size.files for part, size in own_parts(python).items()} == {
        "the model": 70,
        "encoder and starter gallery": 0,
        "code": 9,
    }


def test_the_documents_name_what_a_small_install_has():
    from installed import name_of, small_requirements

    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"pip install -c constraints.txt (filelock .*)", text)
    assert sorted(line.split()) == sorted(map(name_of, small_requirements()))


def test_the_documents_tell_what_was_measured():
    text = (ROOT / "benchmarks" / "results" / "installed.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (?:the whole core|a small install) \| \d+ \| ([\d.]+) \| ([\d.]+) \|", text, re.MULTILINE
    )
    (whole, bare), (small, small_bare) = ([f"{round(float(cell))} MB" for cell in row] for row in rows)
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f"takes {small} instead of {whole} (" in text
    assert f"it is {small_bare} and {bare};" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"takes {whole}; a" in readme
    assert f"takes {small}." in readme
