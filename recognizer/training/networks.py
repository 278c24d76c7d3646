"""The networks of a model: as they are trained, and as they ship."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.bundle import NETWORK, READER, READER_WEIGHTS, WEIGHTS, Bundle
from recognizer.measure.calibrate import fit_temperature
from recognizer.results import REJECT
from recognizer.stages.network import Network
from recognizer.stages.second_look import READER_VIEWS, Reader, SecondLook
from recognizer.training.config import NetworkConfig, TrainingConfig
from recognizer.training.export import to_onnx
from recognizer.training.loop import logits_of
from recognizer.training.quantise import quantise
from recognizer.training.samples import Pool
from recognizer.training.weights import config_of, load_weights, pack_weights


@dataclass(frozen=True)
class Networks:
    """A model's networks in torch: that of stage one and, if it has one, its second reader."""

    first: nn.Module
    reader: nn.Module | None = None

    @classmethod
    def of(cls, bundle: Bundle) -> Networks:
        """Those of a bundle, from the weights that it holds.

        Raises:
            ModelError: it has no weights, or they are damaged, of another format, or not those of its networks.
        """
        config = config_of(bundle)
        first = load_weights(bundle, WEIGHTS, config.network)
        if bundle.reader is None:
            return cls(first)
        return cls(first, load_weights(bundle, READER_WEIGHTS, config.of_reader().network))

    def bias_reject(self, log_odds: float, pool: Pool) -> None:
        """Add to the logit of reject what makes its calibrated log-odds so much greater (Saerens et al. 2002).

        Args:
            log_odds: calibrated, that is, after division by the temperature that fits the digits of ``pool``.
            pool: the validation pool.
        """
        for network in (self.first, self.reader):
            if network is not None:
                with torch.no_grad():
                    network.get_parameter("head.bias")[REJECT] += reject_offset(network, log_odds, pool)

    def files(self, config: TrainingConfig, glyphs: NDArray[np.uint8]) -> dict[str, bytes]:
        """Their files in a bundle: the graphs that ship, and weights to go on learning from.

        Args:
            config: of the model.
            glyphs: what they were trained on, uint8 (N, 28, 28); some of it gives the ranges of integers.
        """
        size, seed = config.network, config.seed
        made = {NETWORK: ship(self.first, size, glyphs, seed), WEIGHTS: pack_weights(self.first)}
        if self.reader is not None:
            made[READER] = ship(self.reader, size, glyphs, seed)
            made[READER_WEIGHTS] = pack_weights(self.reader)
        return made


def reject_offset(network: nn.Module, log_odds: float, pool: Pool) -> float:
    """What the logit of reject must grow by for calibrated log-odds; as in `Networks.bias_reject`."""
    if not log_odds:
        return 0.0
    digit = pool.labels < REJECT
    return log_odds * fit_temperature(logits_of(network, pool.glyphs[digit])[:, :REJECT], pool.labels[digit])


def ship(network: nn.Module, size: NetworkConfig, glyphs: NDArray[np.uint8], seed: int) -> bytes:
    """The graph of a network that ships; ``glyphs`` as in `Networks.files`, chosen from by ``seed``."""
    graph = to_onnx(network)
    return quantise(graph, glyphs, seed) if size.int8 else graph


def fit_look(config: TrainingConfig, files: dict[str, bytes], pool: Pool) -> SecondLook | None:
    """When and how a model looks again; None for one that never does.

    Args:
        config: of the model.
        files: its graphs, by name. The logits of a second reader are made to mean the same as stage one's.
        pool: the validation pool.
    """
    lead = config.network.second_look
    if not lead:
        return None
    if config.reader is None:
        return SecondLook(lead)
    digit = pool.labels < REJECT
    first, reader = (
        fit_temperature(Network(files[name]).all_logits(pool.glyphs[digit])[:, :REJECT], pool.labels[digit])
        for name in (NETWORK, READER)
    )
    return SecondLook(lead, READER_VIEWS, Reader(config.reader.weight, first / reader))


def network_of(files: dict[str, bytes], look: SecondLook | None) -> Network:
    """What answers with the graphs among a bundle's files."""
    return Network(files[NETWORK], look=look, reader=files.get(READER))
