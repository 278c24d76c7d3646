"""Reports: written by the command, and read for their figures, links, cells and alerts."""

from html.parser import HTMLParser

from recognizer.cli import main

VOID = {"meta", "img", "br", "path", "circle"}
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


def report(folder, *words):
    return main(["report", "--out", str(folder / "r.html"), "--card", str(folder / "c.md"), *map(str, words)])


def page_of(folder):
    text = (folder / "r.html").read_text(encoding="utf-8")
    return text, Page(text)
