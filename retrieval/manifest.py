"""What a gallery consists of: ``manifest.json``, replaced at each commit."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from retrieval.errors import BUILD_AGAIN, GalleryError
from retrieval.files import read_json, write_json

FORMAT = "retrieval-gallery"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
SEGMENT = re.compile(r"segment-\d{6}")
REMOVED = re.compile(r"removed-\d{6}")


@dataclass(frozen=True)
class Part:
    """A folder of arrays.

    Attributes:
        name: the folder's.
        count: how many rows its arrays have.
        files: size and SHA-256 of each file, by name.
    """

    name: str
    count: int
    files: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Manifest:
    """What a gallery consists of.

    Attributes:
        encoder: name and hash of the encoder, and how long its dense and wide codes are.
        segments: the images, in order; once written they never change.
        removed: which rows don't count any more, or None.
        next: the number of the next folder.
        frozen: whether it ships with the package, and is not to be changed.
    """

    encoder: dict[str, Any]
    segments: tuple[Part, ...] = ()
    removed: Part | None = None
    next: int = 1
    frozen: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """All folders that belong to it."""
        return self.segments if self.removed is None else (*self.segments, self.removed)

    def numbered(self, kind: str) -> tuple[str, Manifest]:
        """A name for a new folder, and the manifest in which it is taken."""
        return f"{kind}-{self.next:06d}", replace(self, next=self.next + 1)

    def extended(self, part: Part) -> Manifest:
        """The manifest with one more segment."""
        return replace(self, segments=(*self.segments, part))


def check_encoder(made: dict[str, Any], using: dict[str, Any], where: str) -> None:
    """Make sure that a gallery is searched by the encoder that made it.

    Args:
        made: what the gallery keeps of its encoder.
        using: the same of the one at hand.
        where: the gallery's address.

    Raises:
        GalleryError: another one made it.
    """
    if made["sha256"] != using["sha256"]:
        raise GalleryError(
            f"{where}: made by another encoder ({made['name']}); "
            f"encode it again with: similar --reencode --gallery {shlex.quote(where)}"
        )
    if any(made[key] != using[key] for key in ("dense", "wide")):
        raise GalleryError(
            f"{where}: damaged, its codes have another length than the encoder's; {BUILD_AGAIN}"
        )


def no_gallery(where: str) -> GalleryError:
    """The error for a place without a gallery."""
    return GalleryError(f"{where}: no gallery there; make one with: similar --build FOLDER --gallery DIR")


def other_format(where: str, version: object) -> GalleryError:
    """It is of a format that this version doesn't know."""
    return GalleryError(
        f"{where}: the gallery has format {version!r}, and this version reads {FORMAT_VERSION}; "
        "update the package or build the gallery again"
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit: from now on the gallery is what the manifest says."""
    write_json(folder / MANIFEST, {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)})


def read_manifest(folder: Path) -> Manifest:
    """What a gallery consists of now.

    Raises:
        GalleryError: there is none, it is damaged, or of an unknown format.
    """
    file = folder / MANIFEST
    try:
        content = read_json(file)
    except (FileNotFoundError, NotADirectoryError):
        raise no_gallery(str(folder)) from None
    if content.get("format") != FORMAT:
        raise GalleryError(f"{file}: not the manifest of a gallery")
    if content.get("format_version") != FORMAT_VERSION:
        raise other_format(str(file), content.get("format_version"))
    try:
        return _parsed(content)
    except (KeyError, TypeError, ValueError):
        raise GalleryError(f"{file}: damaged, its values are not valid; {BUILD_AGAIN}") from None


def _parsed(content: dict[str, Any]) -> Manifest:
    encoder = content["encoder"]
    if not isinstance(encoder["sha256"], str) or not isinstance(encoder["name"], str):
        raise TypeError("encoder")
    if not isinstance(content["segments"], list):
        raise TypeError("segments")
    for key in ("dense", "wide"):
        _whole(encoder[key], 1)
    removed = content["removed"]
    segments = tuple(_part(part, SEGMENT) for part in content["segments"])
    if len({part.name for part in segments}) != len(segments):
        raise ValueError("segments")
    return Manifest(
        encoder=encoder,
        segments=segments,
        removed=None if removed is None else _part(removed, REMOVED),
        next=_whole(content["next"], 1),
        frozen=content["frozen"] is True,
    )


def _part(content: dict[str, Any], pattern: re.Pattern[str]) -> Part:
    if not pattern.fullmatch(content["name"]):
        raise ValueError("name")
    files = content["files"]
    for name, described in files.items():
        if name != Path(name).name or not isinstance(described["sha256"], str):
            raise ValueError("files")
        _whole(described["bytes"], 0)
    return Part(content["name"], _whole(content["count"], 1), files)


def _whole(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError("not a count")
    return value
