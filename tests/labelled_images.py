"""Images with what they show: the committed digits, each in many slightly different copies, as files."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

with np.load(Path(__file__).parent / "data" / "digits.npz", allow_pickle=False) as stored:
    DIGITS, LABELS = stored["images"], stored["labels"]


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
