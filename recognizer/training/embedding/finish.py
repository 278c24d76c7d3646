"""The end of the embedding's training: the detail's part of the code and the decoder learn on, all else stays.

What they need of a glyph is worked out once, so that a step costs a small part of what it did before.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch

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


def finish(
    model: Autoencoder, pool: Pool, config: EmbeddingConfig, folder: Path, progress: Progress
) -> Autoencoder:
    """Train the rest of the way, or take what an earlier run left in the folder; changes and returns the model."""
    file = folder / FILE
    learning = torch.nn.ModuleDict({"detail": model.encoder.detail, "decoder": model.decoder})
    if file.exists():
        learning.load_state_dict(torch.load(file, weights_only=True))
        return model
    wanted = tensors(pool.glyphs)
    generator = torch.Generator().manual_seed(config.seed)
    copies = [disturb(part, config.disturb, generator).glyphs for part in _parts(wanted)]
    clean, disturbed = _look(model, wanted), _look(model, torch.cat(copies))
    optimizer = torch.optim.Adam(learning.parameters(), config.finish.rate)
    steps = max(1, len(pool) // config.finish.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.finish.rate, total_steps=steps * config.finish.epochs + 1
    )
    share = config.loss.of_clean
    with progress.epochs(config.finish.epochs, steps, "detail and decoder") as watch:
        for epoch in range(config.finish.epochs):
            order = torch.randperm(len(pool), generator=generator)
            for step in range(steps):
                rows = order[step * config.finish.batch : (step + 1) * config.finish.batch]
                of_clean, of_copies = (
                    _error(model, each.take(rows), wanted[rows]) for each in (clean, disturbed)
                )
                loss = share * of_clean + (1 - share) * of_copies
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                watch(epoch, step, loss.item())
    keep_state(learning.state_dict(), file)
    return model


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


def _error(model: Autoencoder, seen: Seen, wanted: torch.Tensor) -> torch.Tensor:
    """The squared error a pixel: the figure that the decoder is judged by."""
    codes = seen.codes._replace(detail=model.encoder.read_detail(seen.hidden, seen.shown))
    return (torch.sigmoid(model.decoder(model.dense(codes))) - wanted[:, 0]).square().mean()
