"""Figures in the documents are those of the results that stand beside them."""

import re

import pytest
from documents import DOCUMENTS, ROOT

RESULTS = re.compile(r"benchmarks/results/(\w+\.md)")
NUMBER = re.compile(r"(?<![\w.,/-])\d[\d,]*(?:\.\d+)?(?![\w/]|\.\d|,\d)")
GENERATED = {"scale.md"}  # computed from results, and compared with that computation in a test of its own


def figures(text):
    """The numbers of a text that say something about it: with three digits, or a decimal point."""
    plain = re.sub(r"`[^`]*`|\]\([^)]*\)", " ", text)
    found = [number.replace(",", "") for number in NUMBER.findall(plain)]
    return [number for number in found if "." in number or len(number) >= 3]


def statements(text):
    """Its sentences, and the rows of its tables."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for block in re.split(r"\n\s*\n|\n(?=\||- )", text):
        yield from [block] if block.startswith("|") else re.split(r"(?<=[.:])\s", block)


def half_a_step(number):
    """Half of the last place that a number shows: of 18,000, 500."""
    whole, _, decimals = number.partition(".")
    return 0.5 * 10 ** (-len(decimals) if decimals else len(whole) - len(whole.rstrip("0")))


def is_among(number, measured):
    """Whether something was measured that rounds to this: as it is, as a percentage, the rest of it, in thousands."""
    value, half = float(number), half_a_step(number)
    shown = (
        form
        for each in measured
        for form in (each, 100 * each, 100 - each, 100 - 100 * each, each / 1000, each * 1000)
    )
    return any(abs(form - value) <= half + 1e-9 for form in shown)


def unfounded(text):
    """Figures beside a link to results that are not in them: (statement, figures)."""
    for statement in statements(text):
        files = RESULTS.findall(statement)
        if not files:
            continue
        tables = "".join(
            (ROOT / "benchmarks" / "results" / file).read_text(encoding="utf-8") for file in files
        )
        measured = [float(number.replace(",", "")) for number in NUMBER.findall(tables)]
        missing = [number for number in figures(statement) if not is_among(number, measured)]
        if missing:
            yield statement, missing


WRITTEN = [document for document in DOCUMENTS if document.name not in GENERATED]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda document: document.name)
def test_figures_are_those_of_the_results_beside_them(document):
    assert not list(unfounded(document.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("7,138 files; some 7,100", []),
        ("142 s; 98.8 %, so that 1.2 % are wrong; 0.142 ms", []),
        ("7,148 files", ["7148"]),
        ("98.9 %", ["98.9"]),
        ("143 s", ["143"]),
    ],
)
@pytest.mark.parametrize(
    "form", ["Now {} ([figures](RESULTS/made.md)).", "| a | {} | [x](RESULTS/made.md) |"]
)
def test_another_figure_is_found(said, missing, form, tmp_path, monkeypatch):
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    (results / "made.md").write_text("| 7,138 | 142.1 | 0.988 |\n", encoding="utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    text = form.format(said).replace("RESULTS", "benchmarks/results")
    assert [each for _, found in unfounded(text) for each in found] == missing
