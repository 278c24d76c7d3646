"""The end of the embedding's training: the detail's part of the code and the decoder learn on, all else stays.

What they need of a glyph is worked out once, so that a step costs a small part of what it did before.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from recognizer.training.checkpoints import keep_state
from recognizer.training.embedding.config import EmbeddingConfig
from recognizer.training.embedding.disturb import disturb
from recognizer.training.loop import tensors
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool
from retrieval.autoencoder import Autoencoder, Codes

FILE = "finished.pt"
BATCH = 1000


class Seen(NamedTuple):
    """What is worked out once of N glyphs: what is shown of them, the hidden units, and their codes."""

    shown: torch.Tensor
    hidden: torch.Tensor
    codes: Codes

    def take(self, rows: torch.Tensor) -> Seen:
        """Some of them."""
        return Seen(self.shown[rows], self.hidden[rows], Codes(*(each[rows] for each in self.codes)))

    def read_anew(self, model: Autoencoder) -> Seen:
        """The same with the image's part as the model reads it now."""
        with torch.no_grad():
            image = functional.normalize(model.encoder.image(self.hidden).float(), dim=1)
        return self._replace(codes=self.codes._replace(image=image))


def finish(
    model: Autoencoder, pool: Pool, config: EmbeddingConfig, folder: Path, progress: Progress
) -> Autoencoder:
    """Train the rest of the way, or take what an earlier run left in the folder; changes and returns the model."""
    file = folder / FILE
    encoder = model.encoder
    finished = nn.ModuleDict({"image": encoder.image, "detail": encoder.detail, "decoder": model.decoder})
    if file.exists():
        finished.load_state_dict(torch.load(file, weights_only=True))
        return model
    wanted = tensors(pool.glyphs)
    generator = torch.Generator().manual_seed(config.seed)
    copies = torch.cat([disturb(part, config.disturb, generator).glyphs for part in _parts(wanted)])
    clean, disturbed = _look(model, wanted), _look(model, copies)
    level(encoder.image, clean.codes.image, disturbed.codes.image)
    lesson = _Lesson(clean.read_anew(model), disturbed.read_anew(model), wanted)
    _learn(model, [encoder.detail, model.decoder], config.finish.epochs, lesson, config, progress)
    level(encoder.detail, *(_details(model, each) for each in (lesson.clean, lesson.disturbed)))
    _learn(model, [model.decoder], config.finish.decoder_epochs, lesson, config, progress)
    keep_state(finished.state_dict(), file)
    return model


class _Lesson(NamedTuple):
    """What is shown, and the clean glyphs that are to be decoded."""

    clean: Seen
    disturbed: Seen
    wanted: torch.Tensor


def _learn(  # noqa: PLR0917 - a network, which of its layers, how long, from what, and how
    model: Autoencoder,
    layers: list[nn.Module],
    epochs: int,
    lesson: _Lesson,
    config: EmbeddingConfig,
    progress: Progress,
) -> None:
    parameters = [each for layer in layers for each in layer.parameters()]
    n, batch = len(lesson.wanted), config.finish.batch
    steps = max(1, n // batch)
    optimizer = torch.optim.Adam(parameters, config.finish.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.finish.rate, total_steps=steps * epochs + 1
    )
    generator = torch.Generator().manual_seed(config.seed)
    share = config.loss.of_clean
    with progress.epochs(epochs, steps, "detail and decoder" if len(layers) > 1 else "decoder") as watch:
        for epoch in range(epochs):
            order = torch.randperm(n, generator=generator)
            for step in range(steps):
                rows = order[step * batch : (step + 1) * batch]
                of_clean, of_copies = (
                    _error(model, each.take(rows), lesson.wanted[rows])
                    for each in (lesson.clean, lesson.disturbed)
                )
                loss = share * of_clean + (1 - share) * of_copies
                model.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                watch(epoch, step, loss.item())


def level(layer: nn.Linear, clean: torch.Tensor, disturbed: torch.Tensor) -> None:
    """Make a layer leave out the one direction in which codes of all disturbed glyphs differ from those of clean ones.

    To find the original out of a batch asks for ranks only, and to decode asks for neither: nothing keeps a copy near
    its original as long as all copies are equally far. Such a gap is known between images and texts (Liang et al. 2022,
    *Mind the Gap*). Without it distances of near duplicates are small; it costs one dimension.

    Args:
        layer: what codes are read with, before they are brought to unit length.
        clean: float (N, D), codes of glyphs.
        disturbed: float (N, D), codes of their copies.
    """
    apart = disturbed - clean
    direction = torch.linalg.eigh(apart.T @ apart).eigenvectors[:, -1]
    with torch.no_grad():
        layer.weight.sub_(torch.outer(direction, direction @ layer.weight))
        layer.bias.sub_(direction * (direction @ layer.bias))


def _parts(glyphs: torch.Tensor) -> list[torch.Tensor]:
    return [glyphs[start : start + BATCH] for start in range(0, len(glyphs), BATCH)]


def _look(model: Autoencoder, glyphs: torch.Tensor) -> Seen:
    model.eval()
    parts = []
    with torch.no_grad():
        for shown in _parts(glyphs):
            hidden, pose = model.encoder.look(shown.to(memory_format=torch.channels_last))
            codes = model.encoder.read(hidden, shown, pose)
            parts.append((hidden, codes._replace(wide=codes.wide[:, :0])))  # large, and not needed
    hidden = torch.cat([each for each, _ in parts])
    codes = Codes(*(torch.cat(each) for each in zip(*(codes for _, codes in parts), strict=True)))
    return Seen(glyphs, hidden, codes)


def _details(model: Autoencoder, seen: Seen) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat(
            [
                model.encoder.read_detail(hidden, shown)
                for hidden, shown in zip(_parts(seen.hidden), _parts(seen.shown), strict=True)
            ]
        )


def _error(model: Autoencoder, seen: Seen, wanted: torch.Tensor) -> torch.Tensor:
    """The squared error a pixel: the figure that the decoder is judged by."""
    codes = seen.codes._replace(detail=model.encoder.read_detail(seen.hidden, seen.shown))
    return (torch.sigmoid(model.decoder(model.dense(codes))) - wanted[:, 0]).square().mean()
