"""The rungs below the embedding: plain autoencoders 784-100-784, one that is shown clean glyphs and one noisy ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.training.checkpoints import keep_state
from recognizer.training.embedding.config import EmbeddingConfig, PlainConfig
from recognizer.training.embedding.evaluation import decode, encode
from recognizer.training.embedding.figures import squared_error
from recognizer.training.embedding.plots import draw_reconstructions
from recognizer.training.embedding.queries import as_bytes, copies, usual
from recognizer.training.loop import tensors
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool
from retrieval.autoencoder import Autoencoder, PlainAutoencoder, reconstruction_loss

Glyphs = NDArray[np.uint8]
Floats = NDArray[np.float32]
RECONSTRUCTIONS = "reconstructions.png"
SHOWN = 16  # examples in the picture


@dataclass(frozen=True)
class PlainRung:
    """A plain autoencoder to be trained.

    Attributes:
        name: such as "plain, clean"; its weights are kept in a file called so.
        noise: standard deviation of what is added to the glyphs it is shown, of 1.
    """

    name: str
    noise: float

    def shown(self, glyphs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """What it gets to see of glyphs float (N, 1, 28, 28): still 0–1, as images are."""
        return add_noise(glyphs, self.noise, generator)

    def train(
        self, glyphs: Glyphs, config: PlainConfig, seed: int, folder: Path, progress: Progress
    ) -> PlainAutoencoder:
        """Train on uint8 (N, 28, 28), or take what an earlier run left in the folder."""
        torch.manual_seed(seed)
        model = PlainAutoencoder(config.hidden)
        file = folder / f"{self.name.replace(', ', '-')}.pt"
        if file.exists():
            model.load_state_dict(torch.load(file, weights_only=True))
            return model
        optimizer = torch.optim.Adam(model.parameters(), config.rate)
        steps = max(1, len(glyphs) // config.batch)
        generator = torch.Generator().manual_seed(seed)
        clean = tensors(glyphs)
        with progress.epochs(config.epochs, steps, self.name) as watch:
            for epoch in range(config.epochs):
                order = torch.randperm(len(glyphs), generator=generator)
                for step in range(steps):
                    wanted = clean[order[step * config.batch : (step + 1) * config.batch]]
                    loss = reconstruction_loss(model(self.shown(wanted, generator)), wanted)
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
                    watch(epoch, step, loss.item())
        keep_state(model.state_dict(), file)
        return model


def plain_rungs(config: PlainConfig) -> tuple[PlainRung, PlainRung]:
    """The one that compresses, and the one that denoises."""
    return PlainRung("plain, clean", 0.0), PlainRung("plain, noisy", config.noise)


def add_noise(glyphs: torch.Tensor, noise: float, generator: torch.Generator) -> torch.Tensor:
    """Glyphs 0–1 with Gaussian noise of this standard deviation, cut off at 0 and 1."""
    if not noise:
        return glyphs
    return (glyphs + noise * torch.randn(glyphs.shape, generator=generator)).clamp(0, 1)


def decoded_by(model: PlainAutoencoder, glyphs: Glyphs) -> Floats:
    """What it makes of glyphs uint8 (N, 28, 28): float32 (N, 28, 28), 0–1."""
    with torch.no_grad():
        return torch.sigmoid(model(tensors(glyphs))).numpy()


def compare(
    model: Autoencoder,
    train: Pool,
    test: Pool,
    *,
    config: EmbeddingConfig,
    folder: Path,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    """Squared errors a pixel of the rungs and of the embedding's network; draws examples of each into the folder.

    Args:
        model: the embedding's network.
        train: what the rungs learn from.
        test: what is compared on.
        config: the rungs', and the seed of all.
        folder: where the rungs and the picture are kept.
        progress: is told what is going on.

    Returns:
        By network: the error of clean glyphs, "compressed", and of noisy ones against the clean, "denoised".
    """
    clean = test.glyphs
    generator = torch.Generator().manual_seed(config.seed)
    noise = add_noise(tensors(clean), config.plain.noise, generator)[:, 0].numpy()
    noisy = as_bytes(noise)
    rows, errors = {"original": clean, "with noise": noisy}, {"not decoded": _errors((clean, noisy), clean)}
    for rung in plain_rungs(config.plain):
        plain = rung.train(train.glyphs, config.plain, config.seed, folder, progress)
        decoded = [as_bytes(decoded_by(plain, shown)) for shown in (clean, noisy)]
        rows |= {f"{rung.name}: compressed": decoded[0], f"{rung.name}: denoised": decoded[1]}
        errors[rung.name] = _errors((decoded[0], decoded[1]), clean)
    disturbed = copies(clean[:SHOWN], config.seed, usual)
    decoded = [as_bytes(decode(model, encode(model, shown).dense)) for shown in (clean, noisy, disturbed)]
    rows |= {"embedding: compressed": decoded[0], "embedding: denoised": decoded[1]}
    rows |= {"disturbed": disturbed, "embedding: restored": decoded[2]}
    errors["embedding"] = _errors((decoded[0], decoded[1]), clean)
    draw_reconstructions({name: glyphs[:SHOWN] for name, glyphs in rows.items()}, folder / RECONSTRUCTIONS)
    return errors


def _errors(decoded: tuple[Glyphs, Glyphs], clean: Glyphs) -> dict[str, float]:
    names = ("compressed", "denoised")
    return {name: squared_error(each / 255, clean) for name, each in zip(names, decoded, strict=True)}
