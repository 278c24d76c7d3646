"""``badcase diagnose``: which mistakes share a pattern, which labels are doubtful, and what to do."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.cli.badcase.options import add_store, existing_store, number_of
from recognizer.cli.common import need_new_folder, plain_table, table_console
from recognizer.feedback.fields import label_text
from recognizer.feedback.told import mistake
from recognizer.image.named_files import printable
from recognizer.registry.versions import Registry

if TYPE_CHECKING:
    from recognizer.feedback.diagnosis import Diagnosis, Group
    from recognizer.feedback.store import Store

SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--sheet", type=Path, metavar="DIR", help="also draw a contact sheet of each group, in a new folder"
    )
    parser.add_argument(
        "--json", action="store_true", help="write one JSON object a line: doubtful labels, then groups"
    )
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print doubtful labels and groups of cases, and draw the groups where asked."""
    from recognizer.feedback.diagnosis import diagnose, need_packages
    from recognizer.galleries import open_gallery

    need_packages()
    if args.sheet:
        need_new_folder("--sheet", args.sheet)
    with existing_store(args) as store:
        found = diagnose(store, Registry().open(), open_gallery())
        if args.json:
            _as_json(found)
        else:
            _for_people(found)
        if args.sheet:
            args.sheet.mkdir(parents=True, exist_ok=True)
            for number, group in enumerate(found.groups, 1):
                _draw(store, found, group, args.sheet / f"{number:02d}-{group.kind}.png")
            sys.stderr.write(f"contact sheets: {printable(str(args.sheet))}\n")
    return 0


def _as_json(found: Diagnosis) -> None:
    for suspect in found.suspects:
        said = {
            "suspect": suspect.case,
            "label": suspect.label,
            "likely": suspect.likely,
            "odds": suspect.odds,
        }
        sys.stdout.write(json.dumps(said) + "\n")
    for group in found.groups:
        sys.stdout.write(json.dumps(group.to_dict(), ensure_ascii=False) + "\n")


def _for_people(found: Diagnosis) -> None:
    from rich.text import Text

    sys.stdout.write(
        f"{number_of(found.cases, 'case')}, {found.bad} read wrongly by the model that read them last\n"
    )
    for suspect in found.suspects[:SHOWN]:
        label, likely = label_text(suspect.label), label_text(suspect.likely)
        sys.stdout.write(f"look: case {suspect.case} is labelled {label} and looks like {likely}\n")
    if len(found.suspects) > SHOWN:
        sys.stdout.write(f"look: and {len(found.suspects) - SHOWN} more, see --json or --sheet\n")
    short = ("cases", "p", "proposal", "why")
    table = plain_table("group", *short, no_wrap=short)
    for group in found.groups:
        chance = "" if group.p_value is None else f"{group.p_value:.2g}"
        cells = (group.name, str(len(group.cases)), chance, group.proposal, group.why)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    if found.groups:
        table_console().print(table)


def _draw(store: Store, found: Diagnosis, group: Group, out: Path) -> None:
    from recognizer.cli.tiles import BAD, DOUBTFUL, SheetFile, Tile, enlarged

    sheet = SheetFile(out)
    likely = {each.case: each.likely for each in found.suspects}
    glyphs = store.glyphs(group.cases)
    for case_id, glyph in zip(group.cases, glyphs, strict=True):
        case = store.get(case_id)
        note = f"or {label_text(likely[case_id])}?" if case_id in likely and group.kind == "labels" else ""
        colour = DOUBTFUL if group.kind == "labels" else BAD
        words = mistake(case.label, case.answer.digit)
        sheet.add([Tile(colour, (enlarged(glyph),), words, note, case.source, str(case_id))])
    sheet.close()
