"""`similar --duplicates`: groups of images within a gallery that are the same, or nearly so."""

from __future__ import annotations

import argparse
import os
import sys

from recognizer.cli.progress import counted
from recognizer.cli.similar.output import group_json, group_lines, hit_tiles, say
from recognizer.galleries import open_gallery

PICTURED = 20  # groups; more of them are listed without pictures


def duplicates(args: argparse.Namespace) -> int:
    """List all groups, those of the same image and those of nearly the same."""
    gallery = open_gallery(args.gallery, args.threads or os.cpu_count() or 1)
    sheet = None
    if args.sheet is not None:
        from recognizer.cli.tiles import SheetFile

        sheet = SheetFile(args.sheet)
    with counted(len(gallery), sys.stderr) as tell:
        groups = gallery.duplicates(progress=tell)
    people = sys.stdout.isatty() and not args.json
    if people:
        from rich.console import Console

        from recognizer.cli.similar.screen import Screen

        screen = Screen(Console(file=sys.stdout, highlight=False), gallery)
    for number, group in enumerate(groups, 1):
        if people:
            screen.group(number, group, len(groups) <= PICTURED)
        elif args.json:
            sys.stdout.write(group_json(group) + "\n")
        else:
            sys.stdout.write("".join(f"{line}\n" for line in group_lines(number, group)))
        if sheet:
            sheet.add(hit_tiles(group.hits, gallery))
    if sheet:
        sheet.close()
        say(sheet.summary())
    if not args.json:
        exact = sum(group.exact for group in groups)
        say(
            f"{len(gallery):,} images; groups of the same image: {exact}, "
            f"of nearly the same: {len(groups) - exact}"
        )
    return 0
