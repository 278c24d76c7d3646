"""`similar --reencode`, `--remove`, `--prepare` and `--verify`: what keeps a gallery in order."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.cli.progress import counted
from recognizer.cli.similar.output import say
from recognizer.galleries import gallery_address, open_gallery
from recognizer.image.named_files import printable

if TYPE_CHECKING:
    from retrieval import Gallery


def reencode(args: argparse.Namespace) -> int:
    """Bring a gallery that another encoder made to the one that ships."""
    from retrieval import Gallery

    with counted(None, sys.stderr) as tell:
        gallery = Gallery.reencode(
            gallery_address(args.gallery), progress=tell, threads=args.threads or os.cpu_count() or 1
        )
    _done(gallery, f"{len(gallery):,} images encoded by {gallery.encoder.name}")
    return 0


def remove(args: argparse.Namespace) -> int:
    """Take images out; the exit code says whether all ids were there."""
    gallery = open_gallery(args.gallery)
    unknown = [name for name in args.remove if name not in gallery]
    for name in unknown:
        say(f"no image has the id {name}")
    removed = gallery.remove(args.remove)
    _done(gallery, f"{removed:,} removed; {len(gallery):,} in all")
    return UNREADABLE_EXIT if unknown else 0


def prepare(args: argparse.Namespace) -> int:
    """Build the index for many questions, or make sure that it is there."""
    gallery = open_gallery(args.gallery, args.threads or os.cpu_count() or 1)
    _done(gallery, f"{prepare_index(gallery)} is ready for {len(gallery):,} images")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Compare all files of a gallery with their checksums; damage is an error."""
    gallery = open_gallery(args.gallery)
    with counted(None, sys.stderr):
        gallery.verify()
    _done(gallery, f"intact, {len(gallery):,} images")
    return 0


def prepare_index(gallery: Gallery) -> str:
    """Build the index that answers many questions quickly, which later searches load; its name."""
    with counted(None, sys.stderr):
        return gallery.prepare()


def _done(gallery: Gallery, what: str) -> None:
    sys.stdout.write(f"{printable(gallery.address)}: {what}\n")
