"""The ink of many pages at once: bit by bit what `recognizer.glyph.ink` says of each, in half of the time or less.

On a small page, calling a function takes longer than its work. So pages of one size go through a function together:
one below the other, (N * H, W), where it looks at single pixels, or as the channels of one image, (H, W, N), where it
looks around. Pages that need a closer look are looked at one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph import ink
from recognizer.glyph.ink import Grey

FEW = 4  # pages: as many are faster one by one
MOST = 64  # pages in a stack; OpenCV takes twice as many channels
MOST_PIXELS = 1 << 14  # of a page: on larger ones the work takes longer than the calls

Stack = NDArray[np.uint8]  # (N, H, W)


def ink_maps(pages: Sequence[Grey]) -> list[Grey]:
    """`recognizer.glyph.ink.ink_map` of each of any number of uint8 (H, W) pages, whatever their sizes."""
    if len(pages) <= FEW:
        return [ink.ink_map(page) for page in pages]
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for i, page in enumerate(pages):
        places[page.shape].append(i)
    maps: dict[int, Grey] = {}
    for (height, width), same in places.items():
        for start in range(0, len(same), MOST):
            part = same[start : start + MOST]
            if len(part) <= FEW or height * width > MOST_PIXELS:
                maps |= {i: ink.ink_map(pages[i]) for i in part}
            else:
                maps |= zip(part, _ink_maps(np.stack([pages[i] for i in part])), strict=True)
    return [maps[i] for i in range(len(pages))]


def _ink_maps(stack: Stack) -> Stack:
    bright = _are_bright(stack)
    maps = np.empty_like(stack)
    if bright.any():
        turned = ~stack[bright]
        maps[bright] = np.subtract(papers := _backgrounds(turned), np.minimum(papers, turned))
    if not bright.all():
        pages = stack[~bright]
        papers = _backgrounds(pages)
        black = papers.reshape(len(papers), -1).min(axis=1) == 0
        if black.any():  # of black paper all light is lost, and no ink can be told from it
            pages[black], papers[black] = np.maximum(pages[black], 1), np.maximum(papers[black], 1)
        width = stack.shape[2]
        ratio = cv2.divide(pages.reshape(-1, width), papers.reshape(-1, width), scale=255)
        maps[~bright] = cv2.bitwise_not(ratio).reshape(pages.shape)
    return maps


def _are_bright(stack: Stack) -> NDArray[np.bool_]:
    """`recognizer.glyph.ink.ink_is_bright` of each page."""
    n, height, width = stack.shape
    flat = stack.reshape(n, -1)
    low, high = flat.min(axis=1).astype(np.float64), flat.max(axis=1).astype(np.float64)
    span = np.maximum(high - low, 1.0)
    mean = _means(stack)
    rows, columns = stack[:, :: max(height - 1, 1)], stack[:, :, :: max(width - 1, 1)]
    rim = (mean - (_means(rows) * width + _means(columns) * height) / (width + height)) / span
    midrange = ((low + high) / 2 - mean) / span
    clear = ink.CLEAR_WEIGHTS["rim"] * rim + ink.CLEAR_WEIGHTS["midrange"] * midrange
    bright: NDArray[np.bool_] = clear > 0
    doubt = ink.NARROW_DOUBT if ink.is_narrow(stack.shape[1:]) else ink.DOUBT
    for i in np.flatnonzero((np.abs(rim) > ink.FRAMED) | (np.abs(clear) < doubt)).tolist():
        bright[i] = ink.ink_is_bright(stack[i])
    return bright


def _means(stack: Stack) -> NDArray[np.float64]:
    """The mean level of each page, rounded as OpenCV rounds it."""
    flat = stack.reshape(len(stack), -1)
    sums = cv2.reduce(flat, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return sums.astype(np.float64) * (1 / flat.shape[1])


def _backgrounds(stack: Stack) -> Stack:
    """`recognizer.glyph.ink.background` of each page."""
    papers = np.empty_like(stack)
    clean = _may_be_clean(stack)
    for i in np.flatnonzero(clean).tolist():
        level = ink.clean_level(stack[i])
        clean[i] = level is not None
        papers[i] = level or 0
    if not clean.all():
        papers[~clean] = _uneven(stack[~clean])
    return papers


def _may_be_clean(stack: Stack) -> NDArray[np.bool_]:
    """Whether enough of each page is as light as clean paper: the first that `clean_level` asks."""
    flat = stack.reshape(len(stack), -1)
    low, high = flat.min(axis=1).astype(np.float64), flat.max(axis=1)
    light = flat > (high - ink.PAPER * (high - low)).astype(np.uint8)[:, None]
    count = cv2.reduce(light.view(np.uint8), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    clean: NDArray[np.bool_] = count >= ink.CLEAN * flat.shape[1]
    return clean


def _uneven(stack: Stack) -> Stack:
    """The backgrounds of pages whose paper is not all of one level."""
    n, *shape = stack.shape
    coarse = _coarse(stack)
    above = ink.deep(ink.closed(coarse))
    levels = above.reshape(-1, n)
    low, high = levels.min(axis=0).astype(np.float64), levels.max(axis=0)
    sloped = np.flatnonzero(high - low > ink.LEVEL * high)
    if len(sloped):
        below = ink.deep(ink.closed_to_edge(np.ascontiguousarray(coarse[..., sloped])))
        bound = above[..., sloped]
        above[..., sloped] = np.maximum(below, np.minimum(bound, ink.planes(bound)))
    return np.ascontiguousarray(ink.deep(ink.enlarged(above, tuple(shape))).transpose(2, 0, 1))


def _coarse(stack: Stack) -> Stack:
    """Each page at the size at which its paper is looked for: uint8 (h, w, N)."""
    n, height, width = stack.shape
    size = ink.coarse_size((height, width))
    if height % size[1] or width % size[0]:
        small = np.stack([cv2.resize(page, size, interpolation=cv2.INTER_AREA) for page in stack])
    else:
        whole = size[0], size[1] * n
        small = cv2.resize(stack.reshape(-1, width), whole, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.reshape(n, size[1], size[0]).transpose(1, 2, 0))
