"""Images with what they show: the committed digits, each in many slightly different copies, as files."""

import csv
import io

from pages import DIGITS, LABELS
from PIL import Image


def png(number):
    """The bytes of image ``number``, and its label; no two numbers below 10,000 give the same bytes."""
    which = number % len(DIGITS)
    image = DIGITS[which].copy()
    image[0, :2] = number // len(DIGITS) % 256, number // len(DIGITS) // 256
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue(), int(LABELS[which])


def write_folder(folder, numbers):
    """Images in sub-folders by label; returns the folder."""
    for number in numbers:
        content, label = png(number)
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        (folder / str(label) / f"{number:05d}.png").write_bytes(content)
    return folder


def write_table(file, rows):
    """A table about images 0, 1, … beside it; returns the file."""
    for row in rows:
        if row.get("path", "").endswith(".png"):
            (file.parent / row["path"]).write_bytes(png(int(row["path"][:-4]))[0])
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, columns)
        table.writeheader()
        table.writerows(rows)
    return file
