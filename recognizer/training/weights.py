"""The weights of a network as a file of its bundle: what a model that goes on learning begins from."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.bundle import Bundle, read_file_of
from recognizer.errors import ModelError
from recognizer.training.config import NetworkConfig, TrainingConfig, make_config
from recognizer.training.model import GlyphClassifier

FORMAT_VERSION = 1
_FORMAT = "format_version"


def pack_weights(network: nn.Module) -> bytes:
    """A network's state as an .npz file, without pickles.

    Weights are rounded to 16 bits, by less than a step of training changes them; biases, and what normalisation keeps,
    stay as they are.
    """
    arrays = {name: _short(value.detach().cpu().numpy()) for name, value in network.state_dict().items()}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **{_FORMAT: np.array(FORMAT_VERSION)}, **arrays)
    return file.getvalue()


def load_weights(bundle: Bundle, name: str, size: NetworkConfig) -> GlyphClassifier:
    """One of a model's networks, in torch and float32.

    Args:
        bundle: the model.
        name: the file of the weights.
        size: of the network.

    Raises:
        ModelError: the model has no such weights, or they are damaged, of another format, or of another network.
    """
    network = GlyphClassifier(size)
    state = _unpacked(read_file_of(bundle, name), f"{bundle.folder / name}")
    try:
        network.load_state_dict(state)
    except RuntimeError:
        raise ModelError(f"{bundle.folder / name}: not the weights of the model's network") from None
    return network


def config_of(bundle: Bundle) -> TrainingConfig:
    """The configuration that a model was trained with."""
    return make_config(bundle.meta["config"], f"{bundle.folder}: config")


def _short(value: NDArray[Any]) -> NDArray[Any]:
    return value.astype(np.float16) if value.ndim > 1 else value


def _unpacked(content: bytes, name: str) -> dict[str, torch.Tensor]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{name}: can't be read ({error})") from None
    found = arrays.pop(_FORMAT, None)
    if found is None or found.tolist() != FORMAT_VERSION:
        raise ModelError(
            f"{name}: the weights have a format that this version doesn't read; update the package"
        )
    return {
        key: torch.from_numpy(value.astype(np.float32) if value.dtype == np.float16 else value)
        for key, value in arrays.items()
    }
