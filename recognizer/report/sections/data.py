"""Data and licences: what the model learnt from, and what it is measured on."""

from __future__ import annotations

from recognizer.report.figures import Cell, Table, count, told
from recognizer.report.html import Html, element, join, paragraph, part, table
from recognizer.report.section import Section
from recognizer.report.sources import TRAINING, Found, Material

# What and whose it is, its licence, and what it serves for. MNIST's parts are those of its makers.
LICENCES = (
    ("MNIST, training part", "Y. LeCun, C. Cortes, C. J. C. Burges", "CC BY-SA 3.0", "training, validation"),
    ("MNIST, test part", "Y. LeCun, C. Cortes, C. J. C. Burges", "CC BY-SA 3.0", "reporting alone"),
    ("typefaces of the machine", "their makers", "their own; none ships", "printed digits and letters"),
    ("generated non-digits", "this project", "MIT", "training, validation"),
    ("USPS", "J. J. Hull (1994)", "none stated", "reporting alone"),
    ("Sudoku dataset", "B. Wicht, J. Hennebert", "CC BY 4.0", "examples, reporting"),
    ("Omniglot", "B. Lake, R. Salakhutdinov, J. Tenenbaum", "MIT", "reporting alone"),
)


def licences() -> Table:
    """Whose data are used for what."""
    return Table(("data", "by", "licence", "used for"), LICENCES)


def learnt_from(material: Material) -> Table:
    """What the model says of the data behind it."""
    data = material.bundle.meta.get("data", {})
    rows: list[list[Cell]] = [
        [words, count(len(data[key]) if isinstance(data[key], dict) else data[key])]
        for key, words in (
            ("train_typefaces", "typefaces of training"),
            ("validation_typefaces", "typefaces held out for validation"),
            ("train_rejects", "non-digits drawn for training"),
            ("train_rejects_dropped", "of these dropped, for a plain classifier takes them for digits"),
            ("validation_rejects", "non-digits drawn for validation"),
            ("validation_rejects_dropped", "of these dropped"),
        )
        if key in data
    ]
    hashes: list[list[Cell]] = [
        [words, told(data[key])]
        for key, words in (
            ("mnist_train_sha256", "SHA-256 of MNIST's training images"),
            ("split_sha256", "SHA-256 of the indices held out"),
        )
        if key in data
    ]
    return Table(("what", "in the model's description"), rows + hashes)


def section(material: Material) -> Section:
    """The section."""
    held_out = material.bundle.meta.get("config", {}).get("data", {}).get("held_out_families", [])
    pieces = [
        table(licences(), words=True),
        paragraph(
            "All that was chosen, fitted or calibrated was so on validation data: digits of MNIST's training part "
            "that training left out, typefaces and families of non-digits that it never saw. What is for reporting "
            "alone was looked at only to report, with two exceptions: two settings of the model, and three other "
            "models that were better on validation data and do not ship. docs/experiments.md names them."
        ),
        table(learnt_from(material)),
        element("p", "file ", element("b", material.description), class_="from"),
        part(material, TRAINING, "The pools", _pools),
    ]
    if held_out:
        pieces.append(paragraph(f"Families held out of training: {', '.join(held_out)}."))
    return Section("data", "Data and licences", join(pieces))


def _pools(found: Found) -> Html:
    rows = [[each["name"], count(each["n"])] for each in found.record["data"]]
    return table(Table(("pool", "glyphs"), rows))
