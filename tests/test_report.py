"""The report: every figure stands in a file, what is missing is told with its command, and nothing else is needed."""

import html
import json
import re
import shlex
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_files import ROOT, all_files, evaluate, mislabelled, values_of

from recognizer import cli
from recognizer.bundle import META, shipped_folder
from recognizer.cli import main
from recognizer.report.charts import Axis, Line, line_chart
from recognizer.report.sources import ALL
from reject_gen.typefaces import built_in

VOID = {"meta", "img", "br", "path", "circle"}
FOUND = (
    "evaluation", "ladder", "shuffling", "rejects", "specialists", "stage_two", "robustness", "search_schemes",
    "embedding", "training",
)  # fmt: skip
CARD = (
    "Model details", "Intended use", "Training data", "Results", "Confidence and refusal", "Robustness", "Non-digits",
    "Limits", "Risks", "Licence",
)  # fmt: skip


class Page(HTMLParser):
    """Checks that elements are closed in order, and gathers figures, texts of files, links, cells and identifiers."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.told = [], [], [], []
        self.figures, self.loose, self.alerts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("src", "href", "xlink:href", "srcset") if key in given]
        self.told += [given["data-told"]] if "data-told" in given else []
        if tag == "data":
            self.figures.append([given["value"], ""])
        if tag not in VOID:
            self.open.append((tag, given.get("class")))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, text):
        tags = [tag for tag, _ in self.open]
        if "data" in tags:
            self.figures[-1][1] += text
        elif "td" in tags and "code" not in tags:
            self.loose.append(text)
        if ("p", "missing") in self.open:
            self.alerts.append(text)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The report of a model with most of its files, and where all of it is."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECOGNIZER_DATA", str(folder / "nothing"))
        patch.setattr("recognizer.nondigits.find_typefaces", lambda: (built_in(),))
        results, run = all_files(folder)
        words = ["--results", results, "--run", run, "--data", folder / "data"]
        assert report(folder, *words) == 0
    return folder, results, run


def report(folder, *words):
    return main(["report", "--out", str(folder / "r.html"), "--card", str(folder / "c.md"), *map(str, words)])


def page_of(folder):
    text = (folder / "r.html").read_text(encoding="utf-8")
    return text, Page(text)


def files_of(place):
    _, results, run = place
    return [
        *results.glob("*.json"),
        run / "metrics.json",
        run / "reader-history.json",
        shipped_folder() / META,
    ]


def test_the_page_is_whole_and_needs_nothing_else(place):
    text, page = page_of(place[0])
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    others = [link for link in page.links if not link.startswith("#")]
    assert len(others) > 5
    assert all(link.startswith("data:image/png;base64,") for link in others)
    assert not re.search(r"<script|<link|<iframe|@import|url\(|https?:", text)
    assert "prefers-color-scheme: dark" in text
    assert '<meta name="viewport"' in text


def test_every_figure_stands_in_a_file(place):
    known = values_of(*files_of(place))
    _, page = page_of(place[0])
    assert len(page.figures) > 200
    for value, _ in page.figures:
        assert value in known or set(value.split()) <= known, value
    texts = {" ".join(value.split()) for value in known}
    assert page.told
    for told in page.told:
        assert any(" ".join(told.split()) in text for text in texts), told


def test_figures_are_shown_as_they_are(place):
    _, page = page_of(place[0])
    for value, shown in page.figures:
        try:
            exact = float(value)
        except ValueError:
            continue
        number = float(re.sub(r"[ %,p]", "", shown))
        scale = 100 if shown.endswith((" %", " pp")) else 1
        digits = len(shown.strip(" %p").partition(".")[2].partition("e")[0])
        step = 10.0**-digits * max(1.0, abs(exact)) if "e" in shown else 10.0**-digits
        assert abs(scale * exact - number) <= 0.51 * step + 1e-9, (value, shown)


def test_no_figure_stands_in_a_table_without_its_value(place):
    _, page = page_of(place[0])
    licences = {"J. J. Hull (1994)", "CC BY-SA 3.0", "CC BY 4.0"}
    assert [text for text in page.loose if re.search(r"\d", text) and text not in licences] == []


def test_every_part_says_where_it_comes_from(place):
    text, page = page_of(place[0])
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    for name in ("evaluation.json", "ladder.json", "shuffling.json", "search_schemes.json", "metrics.json"):
        assert name in plain
    for words in ("command recognizer ladder", "n 1,666", "seed 0", "hardware ", "date 20", "n 5 images"):
        assert words in plain
    assert "98.76 %" in plain
    assert [problem for problem in page.alerts if "other figures than" in problem] == []
    missing = [source for source in ALL if source.name not in FOUND]
    assert "".join(page.alerts).count("This makes it") == len(missing)
    for source in missing:
        assert html.escape(source.command) in text


def test_mistakes_are_shown(place):
    text, page = page_of(place[0])
    tiles = re.findall(r'title="[^"]*mislabelled.npz, image (\d+)"', text)
    assert {"3", "20"} <= set(tiles)
    assert text.count('alt="') >= 5
    # The non-digits were made of printed digits; with MNIST at hand they would be others.
    told = "".join(page.alerts)
    assert told.count("No pictures") == told.count("No pictures: the digits that training held out") == 1
    for row in ("original", "compressed", "disturbed", "denoised"):
        assert f"ten digits, {row}" in text


def test_the_card_has_its_sections_and_no_figure_of_its_own(place):
    card = (place[0] / "c.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert titles == list(CARD)
    shown = {text for _, text in page_of(place[0])[1].figures}
    tables = re.findall(r"^\| -.*\n((?:\|.*\n)+)", card, re.MULTILINE)
    lines = [line for rows in tables for line in rows.splitlines() if "MNIST, t" not in line]
    cells = {cell.strip() for line in lines for cell in line.strip("|").split("|")[1:]}
    figures = {cell for cell in cells if re.search(r"\d", cell)} - {"J. J. Hull (1994)", "CC BY 4.0"}
    assert len(figures) > 10
    assert figures <= shown
    assert "Not measured" not in card
    assert "Source: `" in card


def test_without_files_every_command_is_told(tmp_path, capsys):
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path, "--data", tmp_path / "none") == 0
    text, page = page_of(tmp_path)
    told = "".join(page.alerts)
    captured = capsys.readouterr()
    assert captured.out.split() == [str(tmp_path / "r.html"), str(tmp_path / "c.md")]
    for source in ALL:
        assert f"missing: {source.name}; {source.command}" in captured.err
        assert source.command in told
    known = values_of(shipped_folder() / META)
    assert all(value in known for value, _ in page.figures)
    assert "No pictures: no " in told
    assert re.findall(r"^## (.*)$", (tmp_path / "c.md").read_text(), re.MULTILINE) == list(CARD)
    assert text.endswith("</html>\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "can't be read"),
        ("[]", "not a metrics file"),
        ('{"format": "recognizer-metrics", "format_version": 99}', "update the package"),
        ('{"format": "recognizer-metrics", "format_version": 1}', "is incomplete"),
    ],
)
def test_a_bad_file_is_told_and_stops_nothing(content, words, place, tmp_path, capsys):
    (tmp_path / "ladder.json").write_text(content)
    assert report(tmp_path, "--results", tmp_path, place[1], "--run", tmp_path) == 0
    assert words in "".join(page_of(tmp_path)[1].alerts)
    assert f"ladder: {tmp_path / 'ladder.json'}" in capsys.readouterr().err


def test_figures_of_another_shape_count_as_missing(place, tmp_path):
    record = json.loads((place[1] / "ladder.json").read_text())
    (tmp_path / "ladder.json").write_text(json.dumps(record | {"figures": {"rungs": []}}))
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    told = "".join(page_of(tmp_path)[1].alerts)
    assert "ladder.json: holds other figures than this version shows" in told


def test_figures_of_another_model_are_marked(place, tmp_path):
    record = json.loads((place[1] / "evaluation.json").read_text())
    assert "not with what this report is about" not in (place[0] / "r.html").read_text()
    record["model"] = {"name": "other@7", "files": {META: "1", "stage1.onnx": "2"}}
    (tmp_path / "evaluation.json").write_text(json.dumps(record))
    record = json.loads((place[1] / "search_schemes.json").read_text())
    record["facts"]["encoder"] = "old, 0123456789ab, 64 dense dimensions"
    (tmp_path / "search_schemes.json").write_text(json.dumps(record))
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    text = (tmp_path / "r.html").read_text()
    assert "Measured with other@7, not with what this report is about" in text
    assert "Measured with encoder old, 0123456789ab" in text
    assert "Measured with other@7" in (tmp_path / "c.md").read_text()


def test_mistakes_of_other_images_are_not_shown(tmp_path):
    file = mislabelled(tmp_path)
    evaluate(tmp_path, file)
    with np.load(file) as stored:
        np.savez(file, images=stored["images"][::-1], labels=stored["labels"])
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    text, page = page_of(tmp_path)
    assert "holds other images now than those that were measured" in "".join(page.alerts)
    assert 'alt="' + str(file) not in text
    assert "mistakes;" in text


def test_the_first_folder_comes_first_and_one_may_hold_a_folder_of_that_name(place, tmp_path):
    (tmp_path / "ladder").mkdir()
    record = json.loads((place[1] / "ladder.json").read_text())
    record["figures"]["rungs"][0]["rung"] = "first of all"
    (tmp_path / "ladder" / "metrics.json").write_text(json.dumps(record))
    assert report(tmp_path, "--results", tmp_path, place[1], "--run", place[2]) == 0
    assert "first of all" in (tmp_path / "r.html").read_text()
    assert report(tmp_path, "--results", place[1], tmp_path, "--run", place[2]) == 0
    assert "first of all" not in (tmp_path / "r.html").read_text()


def test_nothing_in_a_file_becomes_html(place):
    text = (place[0] / "r.html").read_text()
    assert "and &lt;more&gt; of 8." in text
    assert "<more>" not in text


def table_of_commands():
    rows = ["| file | minutes | command |", "| --- | ---: | --- |"]
    rows += [f"| `{each.name}` | {each.minutes or '< 1'} | `{each.command}` |" for each in ALL]
    return "\n".join(rows)


def test_the_document_lists_the_commands():
    """To mend a difference: `python tests/test_report.py` writes the table anew."""
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert text.partition("<!-- sources -->\n")[2].partition("\n<!-- /sources -->")[0] == table_of_commands()


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
def test_commands_exist(source):
    words = shlex.split(source.command.partition(" >")[0])
    if words[0] == "python":
        assert (ROOT / words[1]).is_file()
        return
    cli.PROGRAM.parser(words[1:]).parse_args(words[1:])
    assert all((ROOT / word).is_file() for word in words if word.startswith("configs/"))


FINITE = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=20), st.booleans(), st.booleans())
def test_charts_hold_all_points_and_label_their_axes(points, log, share):
    drawn = line_chart("A chart", [Line("a", sorted(points))], Axis("x"), Axis("y", log=log, percent=share))
    Page(drawn)
    (line,) = re.findall(r'd="M([^"]*)" class="line s0"', drawn)
    places = [tuple(map(float, pair.split())) for pair in line.split("L")]
    assert len(places) == len(points)
    assert all(74 <= x <= 610 and 12 <= y <= 294 for x, y in places)
    labels = re.findall(r'class="(mid|end)"[^>]*>([^<]+)<', drawn)
    assert 2 <= len(labels) <= 40


def test_a_chart_without_extent_is_drawn():
    Page(line_chart("One point", [Line("a", [(0.0, 0.0)])], Axis("x"), Axis("y", log=True)))


def write_table():
    file = ROOT / "docs" / "report.md"
    head, _, rest = file.read_text(encoding="utf-8").partition("<!-- sources -->\n")
    tail = rest.partition("<!-- /sources -->")[2]
    whole = f"{head}<!-- sources -->\n{table_of_commands()}\n<!-- /sources -->{tail}"
    file.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    write_table()
