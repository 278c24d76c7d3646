"""Where labelled images come from: MNIST, folders, arrays, lists, and generated non-digits.

Images are read one at a time as they are taken. What can't be used, a damaged file or a row without a label, is noted
and passed over: it never stops a run.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.data import find_data, load_mnist
from recognizer.errors import DataError, ModelError, UsageError
from recognizer.image.named_files import IMAGE_SUFFIXES
from recognizer.measure.labelled import REJECT_NAME, Choice, Example, Labelled, Origin
from recognizer.results import REJECT

if TYPE_CHECKING:
    from recognizer.bundle import Bundle

GENERATED = "rejects"
MNIST = "mnist"
NO_IMAGES = f"no images in sub-folders named 0 to 9 or {REJECT_NAME}"
ROOT_OPTION = "--root"
SPECS = (
    "mnist, mnist:test, mnist:train, mnist:validation, rejects, a folder with sub-folders 0 to 9 and reject, "
    "an .npz with images and labels, or a .csv of path,label"
)
_MAX_ARRAY_BYTES = 8 << 30


def origin_of(bundle: Bundle) -> Origin:
    """The training run that a model's description records.

    Raises:
        ModelError: it records none.
    """
    from recognizer.training.config import make_config

    if "config" not in bundle.meta:
        raise ModelError(
            f"{bundle.folder}: the model has no record of its configuration: name one with --config"
        )
    config = make_config(bundle.meta["config"], f"{bundle.folder}: config")
    return Origin(config, bundle.meta.get("data", {}).get("split_sha256"))


def open_labelled(spec: str, choice: Choice, origin: Callable[[], Origin]) -> Labelled:
    """Find a data set.

    Args:
        spec: one of ``SPECS``.
        choice: which of its examples to take.
        origin: tells the training run whose non-digits or held-out digits are meant.

    Raises:
        DataError: it is missing or damaged.
        UsageError: there is no such kind of data set.
    """
    if spec == GENERATED:
        from recognizer.measure.nondigits import open_nondigits

        return open_nondigits(choice, origin())
    if spec.partition(":")[0] == MNIST:
        return _mnist(spec, choice, origin)
    path = Path(spec)
    if path.is_dir():
        return _folder(spec, choice)
    readers = {".npz": _arrays, ".csv": _listed}
    if path.suffix.lower() not in readers:
        raise UsageError(f"{spec}: no such data set; there are {SPECS}")
    return readers[path.suffix.lower()](spec, choice)


def _from_arrays(
    name: str, images: NDArray[Any], labels: NDArray[Any], choice: Choice, note: str = ""
) -> Labelled:
    chosen = choice.of(len(labels))

    def read() -> Iterator[Example]:
        for i in chosen.tolist():
            yield Example(images[i], min(int(labels[i]), REJECT), f"{name}, image {i}")

    return Labelled(name, len(chosen), read, note)


def _mnist(spec: str, choice: Choice, origin: Callable[[], Origin]) -> Labelled:
    part = spec.partition(":")[2] or "test"
    if part == "test":
        return _from_arrays(spec, *load_mnist(find_data(choice.root, ROOT_OPTION), "test"), choice)
    if part == "train":
        note = "a model that was trained on these images does better here than on new ones"
        return _from_arrays(spec, *load_mnist(find_data(choice.root, ROOT_OPTION), "train"), choice, note)
    if part != "validation":
        raise UsageError(f"{spec}: MNIST has the parts test, train and validation")
    images, labels = held_out_digits(choice.root, origin())
    return _from_arrays(spec, images, labels, choice, "training images that the model's training left out")


def held_out_digits(root: str | None, origin: Origin) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The digits that a training run held out: uint8 (N, 28, 28) and uint8 (N,).

    Raises:
        DataError: MNIST is missing or damaged, or was split in another way.
    """
    from recognizer.training.samples import stratified_split

    images, labels = load_mnist(find_data(root, ROOT_OPTION), "train")
    data = origin.config.data
    if data.limit:
        images, labels = images[: data.limit], labels[: data.limit]
    held_out = stratified_split(labels, data.validation, origin.config.seed)[1]
    found = hashlib.sha256(held_out.astype("<i8").tobytes()).hexdigest()
    if origin.split_sha256 not in (None, found):
        raise DataError("can't tell which digits training held out: this version splits MNIST differently")
    return images[held_out], labels[held_out]


def _from_files(name: str, files: Sequence[tuple[str, int]], choice: Choice, problems: list[str]) -> Labelled:
    chosen = choice.of(len(files))

    def read() -> Iterator[Example]:
        for i in chosen.tolist():
            path, label = files[i]
            yield Example(path, label, path)

    return Labelled(name, len(chosen), read, problems=problems)


def _folder(spec: str, choice: Choice) -> Labelled:
    files, problems = labelled_files(Path(spec))
    if not files:
        raise DataError(f"{spec}: {NO_IMAGES}")
    return _from_files(spec, files, choice, problems)


def labelled_files(folder: Path) -> tuple[list[tuple[str, int]], list[str]]:
    """The images in a folder's sub-folders 0 to 9 and reject, each with its label; and what was passed over."""
    labels = {**{str(digit): digit for digit in range(REJECT)}, REJECT_NAME: REJECT}
    files: list[tuple[str, int]] = []
    problems: list[str] = []
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        if below.name in labels:
            files += [(str(file), labels[below.name]) for file in _images_below(below)]
        elif not below.name.startswith("."):
            problems.append(f"{below}: passed over, since it is not called 0 to 9 or {REJECT_NAME}")
    return files, problems


def _images_below(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(path for path in found if not path.name.startswith(".") and not path.is_dir())


def _arrays(spec: str, choice: Choice) -> Labelled:
    try:
        with zipfile.ZipFile(spec) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_ARRAY_BYTES:
                raise DataError(f"{spec}: over the limit of {_MAX_ARRAY_BYTES >> 30} GiB")
        with np.load(spec, allow_pickle=False) as stored:
            images, labels = stored["images"], stored["labels"]
    except FileNotFoundError:
        raise DataError(f"{spec}: no such file") from None
    except KeyError:
        raise DataError(f"{spec}: needs the arrays images and labels") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{spec}: not a readable .npz of plain arrays ({reason})") from None
    if images.ndim not in (3, 4) or labels.shape != images.shape[:1]:
        raise DataError(
            f"{spec}: needs images (N, H, W) or (N, H, W, 3 or 4) and labels (N,), "
            f"and has {images.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or (labels.size and labels.min() < 0):
        raise DataError(f"{spec}: labels must be whole numbers from 0 on; over 9 means no digit")
    return _from_arrays(spec, images, labels, choice)


def _listed(spec: str, choice: Choice) -> Labelled:
    try:
        with Path(spec).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except FileNotFoundError:
        raise DataError(f"{spec}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{spec}: not a readable CSV file ({error})") from None
    path_at, label_at, first = 0, 1, 0
    if rows and {"path", "label"} <= {cell.strip().lower() for cell in rows[0]}:
        header = [cell.strip().lower() for cell in rows[0]]
        path_at, label_at, first = header.index("path"), header.index("label"), 1
    files: list[tuple[str, int]] = []
    problems: list[str] = []
    for number, row in enumerate(rows[first:], first + 1):
        label = _label(row[label_at]) if len(row) > max(path_at, label_at) else None
        if label is not None:
            files.append((str(Path(spec).parent / row[path_at]), label))
        elif row:
            problems.append(f"{spec}, row {number}: not a path and a label from 0 to 9 or {REJECT_NAME}")
    if not files:
        raise DataError(f"{spec}: no row with a path and a label from 0 to 9 or {REJECT_NAME}")
    return _from_files(spec, files, choice, problems)


def _label(text: str) -> int | None:
    text = text.strip().lower()
    if text == REJECT_NAME:
        return REJECT
    return min(int(text), REJECT) if text.isascii() and text.isdigit() and len(text) < 10 else None
