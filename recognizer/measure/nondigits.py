"""Generated non-digits to measure on: from the families, typefaces and digits that a training run validates with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from recognizer.errors import DataError, UsageError
from recognizer.measure.labelled import Choice, Example, Labelled, Origin
from recognizer.measure.labelled_sources import GENERATED, held_out_digits
from recognizer.results import REJECT
from recognizer.training.samples import degrade
from reject_gen.base import Material
from reject_gen.mix import draw_mix
from reject_gen.recipe import MixError, make_recipe
from reject_gen.sources import SourceError, printed_digits
from reject_gen.typefaces import find_typefaces, split_typefaces

DEFAULT_COUNT = 2000
CHUNK = 32
# Added to the seed, so that no seed of a user's draws what a training run drew.
_OWN_SEEDS = 1 << 32


def open_nondigits(choice: Choice, origin: Origin) -> Labelled:
    """Non-digits in the proportions of a configuration, its held-out families among them, plain and photographed.

    Without MNIST, families that cut up digits cut up printed ones. Nothing is audited: a few of these look like digits.

    Raises:
        UsageError: the configuration names a family that there is not, or a folder that can't be read.
    """
    config = origin.config
    typefaces = split_typefaces(find_typefaces(), config.data.held_out_typefaces)
    faces = tuple(face.path for face in typefaces[1] or typefaces[0])
    material, source = _material(choice, faces, origin)
    try:
        recipe = make_recipe(config.rejects, typefaces=faces)
    except (MixError, SourceError) as error:
        raise UsageError(f"{GENERATED}: {error}") from None
    change = partial(degrade, plain_share=config.data.plain_share, scanner_share=config.data.scanner_share)
    size = choice.limit or DEFAULT_COUNT

    def read() -> Iterator[Example]:
        for low in range(0, size, CHUNK):
            count = min(CHUNK, size - low)
            mix = draw_mix(recipe, count, choice.seed + _OWN_SEEDS, material, degrade=change, start=low)
            for i, (image, family) in enumerate(zip(mix.images, mix.families, strict=True), low):
                yield Example(image, REJECT, f"{GENERATED}, image {i} ({family})", family)

    note = f"made from {source} and {len(faces)} typefaces; not audited, so a few look like digits"
    return Labelled(GENERATED, size, read, note, generated=True)


def _material(choice: Choice, faces: tuple[str, ...], origin: Origin) -> tuple[Material, str]:
    try:
        held_out = held_out_digits(choice.root, origin)
    except DataError as error:
        if choice.root is not None:
            raise
        printed = printed_digits()
        return Material(printed.digits, printed.labels, faces), f"printed digits ({error})"
    return Material(*held_out, faces), "digits that training held out"
